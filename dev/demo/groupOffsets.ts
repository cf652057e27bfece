import kafkajs from 'kafkajs';

/** How far a consumer group is, summed over the partitions of some topics. */
export interface GroupProgress {
  readonly committed: number;
  readonly end: number;
}

/** Watches a group from outside, with a client of its own. */
export interface GroupWatcher {
  progress(): Promise<GroupProgress>;
  close(): Promise<void>;
}

/** Connects a watcher for these topics. */
export async function watchGroup(
  brokers: readonly string[],
  group: string,
  topics: readonly string[],
): Promise<GroupWatcher> {
  const kafka = new kafkajs.Kafka({
    clientId: 'watcher',
    brokers: [...brokers],
    logLevel: kafkajs.logLevel.NOTHING,
  });
  const admin = kafka.admin();
  await admin.connect();
  return {
    async progress() {
      const groupOffsets = await admin.fetchOffsets({ groupId: group, topics: [...topics] });
      const committed = groupOffsets
        .flatMap(({ partitions }) => partitions)
        .reduce((sum, { offset }) => sum + Math.max(Number(offset), 0), 0);
      const ends = await Promise.all(topics.map((topic) => admin.fetchTopicOffsets(topic)));
      const end = ends.flat().reduce((sum, { high }) => sum + Number(high), 0);
      return { committed, end };
    },
    close: () => admin.disconnect(),
  };
}
