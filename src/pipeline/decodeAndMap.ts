import type { SourceRecord } from '../kafka/partition.ts';
import type { DecodedRecord } from './decode.ts';
import { type MappedRecord, type MapResults, mapRecord } from './map.ts';
import type { SharedRecords } from './sharedRecords.ts';
import type { Settlement, StepResult } from './step.ts';

/**
 * Decoding and mapping as one step. It takes each record through both before the next, as what was read of it is
 * still in the processor's caches then: a chunk decoded first and mapped afterwards takes a fifth longer.
 */
export function createDecodeAndMap(
  decodeRecord: (record: SourceRecord) => DecodedRecord | Settlement,
  shared: SharedRecords,
): (records: readonly SourceRecord[]) => StepResult<MappedRecord> {
  return (records) => {
    const results: MapResults = { passed: [], settled: [] };
    for (const record of records) {
      const decoded = decodeRecord(record);
      if ('outcome' in decoded) results.settled.push(decoded);
      else mapRecord(decoded, shared, results);
    }
    return results;
  };
}
