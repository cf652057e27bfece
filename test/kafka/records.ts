import { AssignedPartition, SourceRecord } from '../../src/kafka/partition.ts';

/** Records of a partition as Kafka would hand them over, with these timestamps, from an offset on. */
export function recordsOf(
  partition: AssignedPartition,
  timestamps: readonly number[],
  firstOffset = 0,
): SourceRecord[] {
  return timestamps.map((timestamp, index) => recordAt(partition, firstOffset + index, timestamp));
}

export function recordAt(
  partition: AssignedPartition,
  offset: number,
  timestamp = 0,
): SourceRecord {
  return new SourceRecord(partition, {
    ...{ offset: String(offset), timestamp: String(timestamp) },
    ...{ key: null, value: Buffer.from('value'), size: 5, headers: {} },
  });
}

/** A partition that nothing was read from yet. */
export function partitionOf(topic: string, partition = 0): AssignedPartition {
  return new AssignedPartition(topic, partition);
}
