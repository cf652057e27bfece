import type { Answer } from './connection.ts';
import { connectionError, kafkaError } from './kafkaErrors.ts';
import type { Scheduler } from './scheduler.ts';

/** An offset that is taken: by a record, or by the marker of a transaction. */
export interface Entry {
  readonly offset: number;
  readonly timestamp: number;
  /** Undefined for a marker; null for a tombstone. */
  readonly value: Buffer | null | undefined;
}

/** One partition. Compaction and transactions leave gaps between its offsets. */
export interface Log {
  readonly topic: string;
  readonly partition: number;
  leader: number;
  readonly entries: Entry[];
  end: number;
}

/** Partitions of one topic and where to read on in each, as a fetch names them. */
export interface FetchTopic {
  readonly topic: string;
  readonly partitions: readonly { readonly partition: number; readonly fetchOffset: string }[];
}

/** What kafkajs makes of the bytes of a fetch's answer. */
export interface FetchResponse {
  readonly responses: readonly {
    readonly topicName: string;
    readonly partitions: readonly { readonly messages: readonly object[] }[];
  }[];
}

/** The ids of the brokers. Each leads some of the partitions. */
export const brokerIds: readonly number[] = [1, 2];

/** A fetch waits for this long where nothing is left to read. */
const longestWait = 500;
/** Records of a partition that a fetch brings at most. */
const largestBatch = 8;

/** The logs of the simulated cluster, and the brokers that lead them. */
export class Brokers {
  readonly logs: readonly Log[];
  /** While the cluster is down every request fails; some have had their effect all the same. */
  isDown = false;
  readonly #scheduler: Scheduler;
  readonly #waiting = new Set<() => void>();
  #crashesNextFetch = false;

  constructor(scheduler: Scheduler, topics: Readonly<Record<string, readonly number[]>>) {
    this.#scheduler = scheduler;
    this.logs = Object.entries(topics).flatMap(([topic, partitions]) =>
      partitions.map((partition) => {
        const leader = scheduler.pick(brokerIds);
        return { topic, partition, leader, entries: [], end: 0 };
      }),
    );
  }

  log(topic: string, partition: number): Log {
    const found = this.logs.find((log) => log.topic === topic && log.partition === partition);
    if (!found) throw new Error(`no partition ${topic}/${partition}`);
    return found;
  }

  logsOf(topic: string): readonly Log[] {
    return this.logs.filter((log) => log.topic === topic);
  }

  append(log: Log, entry: Entry): void {
    log.entries.push(entry);
    log.end = entry.offset + 1;
    for (const wake of [...this.#waiting]) wake();
  }

  /** Serves a request of any kind, unless the cluster is down. */
  serve<Result>(work: (answer: Answer<Result>) => void, answer: Answer<Result>): void {
    if (!this.isDown) {
      work(answer);
      return;
    }
    if (this.#scheduler.happens(0.3)) work(() => {});
    answer(connectionError());
  }

  /** Moves the leadership of a partition to another broker. */
  moveLeader(log: Log): void {
    log.leader = brokerIds.find((broker) => broker !== log.leader) ?? log.leader;
  }

  /** The next fetch is answered with something that ends kafkajs's consumer. */
  crashNextFetch(): void {
    this.#crashesNextFetch = true;
  }

  /** Answers with what is there, as soon as there is something, or after a while with nothing. */
  fetch(broker: number, topics: readonly FetchTopic[], answer: Answer<FetchResponse>): void {
    const problem = this.#problemOf(broker, topics);
    const first = problem ?? this.#read(topics);
    if (first instanceof Error || hasMessages(first)) {
      answer(first);
      return;
    }
    const finish = () => {
      cancel();
      this.#waiting.delete(finish);
      answer(this.#read(topics));
    };
    const cancel = this.#scheduler.schedule(longestWait, undefined, finish);
    this.#waiting.add(finish);
  }

  #problemOf(broker: number, topics: readonly FetchTopic[]): Error | undefined {
    if (this.#crashesNextFetch) {
      this.#crashesNextFetch = false;
      return new TypeError('an answer that kafkajs does not expect');
    }
    const leads = topics.every(({ topic, partitions }) =>
      partitions.every(({ partition }) => this.log(topic, partition).leader === broker),
    );
    return leads ? undefined : kafkaError('NOT_LEADER_FOR_PARTITION');
  }

  #read(topics: readonly FetchTopic[]): FetchResponse {
    const responses = topics.map(({ topic, partitions }) => ({
      topicName: topic,
      partitions: partitions.map(({ partition, fetchOffset }) => {
        const { entries, end } = this.log(topic, partition);
        const unread = entries.filter(({ offset }) => offset >= Number(fetchOffset));
        const count = 1 + Math.floor(this.#scheduler.random() * largestBatch);
        const messages = unread.slice(0, count).map(toMessage);
        const fixed = { errorCode: 0, abortedTransactions: [] };
        return { partition, highWatermark: String(end), messages, ...fixed };
      }),
    }));
    return { responses };
  }
}

function hasMessages({ responses }: FetchResponse): boolean {
  return responses.some(({ partitions }) => partitions.some(({ messages }) => messages.length > 0));
}

function toMessage({ offset, timestamp, value }: Entry) {
  return {
    offset: String(offset),
    timestamp: String(timestamp),
    key: null,
    value: value ?? null,
    headers: {},
    isControlRecord: value === undefined,
    batchContext: {},
  };
}
