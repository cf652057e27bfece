/** Tells partitions apart, in whichever generation: `orders/3`. */
export function partitionName({
  topic,
  partition,
}: {
  readonly topic: string;
  readonly partition: number;
}): string {
  return `${topic}/${partition}`;
}
