import type { Kafka } from 'kafkajs';
import type { SandboxEntry } from '../../src/sandbox/sandbox.ts';
import type { BadStop, UnaskedEnd } from './connector.ts';
import type { Conversion } from './events.ts';
import type { InjectedFault } from './faultLog.ts';
import { readTopics } from './logReader.ts';
import type { CommitSample } from './offsetWatcher.ts';

/** Everything that the observers have seen of a run, for the judges. */
export interface Evidence {
  /** How many connectors there were at once. */
  readonly replicas: number;
  /** P: by the keys of their records. */
  readonly conversions: ReadonlyMap<string, Conversion>;
  readonly unreadableKeys: readonly string[];
  readonly acknowledged: number;
  /** S, in the order of arrival. */
  readonly received: readonly SandboxEntry[];
  /** W. */
  readonly commits: readonly CommitSample[];
  /** Records that were still not committed at the end. */
  readonly behind: number | undefined;
  readonly kafka: KafkaContents;
  /** L: the ledger's rows by state. */
  readonly ledger: ReadonlyMap<string, number>;
  readonly faults: readonly InjectedFault[];
  readonly unaskedEnds: readonly UnaskedEnd[];
  readonly badStops: readonly BadStop[];
  /** Waits for a recovery that were in vain. */
  readonly stalls: readonly string[];
}

/** What Kafka held at the end. */
export interface KafkaContents {
  readonly records: number;
  /** Where the conversions are, those that are there more than once with each place. */
  readonly places: readonly RecordPlace[];
  /** By the keys of the records. */
  readonly deadLetters: ReadonlyMap<string, DeadLetter>;
}

/** A conversion's record in the log. */
export interface RecordPlace {
  readonly key: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** The first dead letter of a record. */
interface DeadLetter {
  readonly reason: string;
  readonly at: number;
}

/** Reads all that was produced, and the dead letters. */
export async function readKafka(
  kafka: Kafka,
  topics: readonly string[],
  deadLetterTopic: string,
  isConversion: (key: string) => boolean,
): Promise<KafkaContents> {
  const places: RecordPlace[] = [];
  const deadLetters = new Map<string, DeadLetter>();
  let records = 0;
  await readTopics(kafka, [...topics, deadLetterTopic], (topic, partition, message) => {
    const key = String(message.key);
    if (topic === deadLetterTopic) {
      const reason = String(message.headers?.['dead-letter-reason']);
      if (!deadLetters.has(key)) deadLetters.set(key, { reason, at: Number(message.timestamp) });
      return;
    }
    records += 1;
    if (isConversion(key)) places.push({ key, topic, partition, offset: Number(message.offset) });
  });
  return { records, places, deadLetters };
}

/** All of it, for a look at a run that has failed. */
export function evidenceToJson(evidence: Evidence): string {
  return JSON.stringify(evidence, (_, value) =>
    value instanceof Map ? Object.fromEntries(value) : value,
  );
}
