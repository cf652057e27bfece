import type { EachBatchPayload } from 'kafkajs';
import type { BatchReaderOptions } from '../../src/kafka/batchReader.ts';
import type { AssignedPartition } from '../../src/kafka/partition.ts';

/** What reading needs, where a test doesn't care: there is room for everything, and nobody is told. */
export const anyReading = {
  isFirstRun: true,
  log: () => {},
  room: () => Number.POSITIVE_INFINITY,
  maxWait: 60_000,
  isWaiting: () => false,
  onStandstill: () => {},
  onRecords: () => {},
} satisfies Partial<BatchReaderOptions>;

/** A broker in whose partitions the group has committed 0, and that tells of no end and of no other member. */
export const anyOffsets: BatchReaderOptions['offsets'] = {
  ends: async () => new Map(),
  othersBehind: async () => [],
  committed: async (partitions) => sameForEach(partitions, 0),
  firsts: async () => new Map(),
};

/** The same number for each partition, as a broker answers. */
export function sameForEach(
  partitions: readonly AssignedPartition[],
  offset: number,
): ReadonlyMap<AssignedPartition, number> {
  return new Map(partitions.map((partition) => [partition, offset]));
}

/** A batch as a broker gives it. */
export interface GivenBatch {
  readonly topic: string;
  readonly partition?: number;
  readonly records: readonly { readonly offset: number; readonly timestamp?: number }[];
  /** The offset that was asked for, where it isn't that of the first record. */
  readonly fetchedOffset?: number | undefined;
  /** The last offset that it takes, where no record has it. */
  readonly lastOffset?: number;
  /** The end of the partition. */
  readonly end?: number;
}

/** What kafkajs hands over for a batch; `calls` are the functions that come with it, beside those that do nothing. */
export function payloadOf(
  { topic, partition = 0, records, end = 100, ...offsets }: GivenBatch,
  calls: Partial<EachBatchPayload> = {},
): EachBatchPayload {
  const { fetchedOffset = records[0]?.offset, lastOffset = records.at(-1)?.offset } = offsets;
  const messages = records.map(({ offset, timestamp = 0 }) => ({
    ...{ key: null, value: Buffer.from('value'), headers: {}, attributes: 0 },
    ...{ timestamp: String(timestamp), offset: String(offset) },
  }));
  const batch = {
    ...{ topic, partition, messages, highWatermark: String(end) },
    fetchedOffset: String(fetchedOffset),
    lastOffset: () => String(lastOffset),
  };
  const payload = { batch, resolveOffset: () => {}, isStale: () => false, ...calls };
  // What a batch can do beside this is not used.
  return payload as unknown as EachBatchPayload;
}

/** Records with these timestamps, from an offset on. */
export function recordsFrom(offset: number, timestamps: readonly number[]): GivenBatch['records'] {
  return timestamps.map((timestamp, index) => ({ offset: offset + index, timestamp }));
}
