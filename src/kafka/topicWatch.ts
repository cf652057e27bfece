import type { Clock } from '../clock.ts';
import { toError } from '../errors.ts';
import type { KafkaLog } from './client.ts';

/** How often the cluster is asked for topics that are new. */
const interval = 15_000;

/** What watching needs. */
interface TopicWatchOptions {
  /** The topics that patterns take now. */
  readonly find: () => Promise<readonly string[]>;
  /** Those that are read. */
  readonly current: () => readonly string[];
  readonly clock: Clock;
  readonly log: KafkaLog;
  /** There are new ones. */
  readonly onNew: () => void;
}

/**
 * Looks for new topics that fit a pattern: kafkajs matches patterns only when a consumer subscribes. Returns how to stop.
 */
export function watchTopics({ find, current, clock, log, onNew }: TopicWatchOptions): () => void {
  let isStopped = false;
  let cancel = () => {};

  async function look(): Promise<void> {
    try {
      const topics = (await find()).filter((topic) => !current().includes(topic));
      if (topics.length > 0 && !isStopped) {
        log('info', 'new topics fit a pattern; joining the group again', { topics });
        onNew();
      }
    } catch (thrown) {
      const { message } = toError(thrown);
      log('warn', 'the cluster does not tell its topics; trying again', { error: message });
    }
    if (!isStopped) schedule();
  }

  function schedule(): void {
    cancel = clock.schedule(interval, () => void look());
  }

  schedule();
  return () => {
    isStopped = true;
    cancel();
  };
}
