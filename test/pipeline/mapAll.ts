import type { DecodedRecord } from '../../src/pipeline/decode.ts';
import { type MapResults, mapRecord } from '../../src/pipeline/map.ts';
import { SharedRecords } from '../../src/pipeline/sharedRecords.ts';

/** What mapping makes of the records. */
export function mapAll(records: readonly DecodedRecord[]): MapResults {
  const results: MapResults = { passed: [], settled: [] };
  for (const record of records) mapRecord(record, new SharedRecords(), results);
  return results;
}
