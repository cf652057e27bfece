/** A partition, in whichever generation of a group. */
interface PartitionPlace {
  readonly topic: string;
  readonly partition: number;
}

/** Tells partitions apart: `orders/3`. */
export function partitionName({ topic, partition }: PartitionPlace): string {
  return `${topic}/${partition}`;
}

/** Tells records apart, and names them to people: `orders/3/41`. */
export function recordName(record: PartitionPlace & { readonly offset: number }): string {
  return `${partitionName(record)}/${record.offset}`;
}
