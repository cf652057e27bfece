import type { AssignedPartition, SourceRecord } from '../../src/kafka/partition.ts';
import { type BrokerOffsets, StageGate } from '../../src/kafka/stageGate.ts';
import { type Stage, stages } from '../../src/kafka/stageOrder.ts';
import { partitionOf, recordAt } from './records.ts';

/** A record as the simulated producers write it. */
export interface Written {
  readonly stage: Stage;
  readonly timestamp: number;
}

/** A simulated partition: what is in it at first, and what is written to it while it is read. */
export interface Log {
  readonly topic: string;
  readonly stages: readonly Stage[];
  readonly before: readonly Written[];
  readonly later: readonly Written[];
  /** Whether nobody ever reads it. */
  readonly isStuck?: boolean;
}

interface Entry extends Written {
  readonly partition: AssignedPartition;
  readonly writtenAt: number;
  seenAt: number;
  readAt: number;
}

/** What happens next; the numbers choose among what is possible. */
export interface Turn {
  readonly choice: number;
  readonly batchSize: number;
  readonly writes: boolean;
  readonly brokerFails: boolean;
}

const never = Number.POSITIVE_INFINITY;
const maxWait = 60_000;

/**
 * Reads partitions through a gate as consumer.ts does, in whatever order the turns say, while more is written.
 * Throws when nothing can be read any more although something is left.
 */
export class GateSimulation {
  readonly entries: Entry[] = [];
  /** How many batches were offered to the gate. */
  batches = 0;
  readonly #logs = new Map<AssignedPartition, { entries: Entry[]; later: Written[] }>();
  readonly #gate: StageGate;
  readonly #stuck = new Set<AssignedPartition>();
  #now = 0;
  #brokerFails = false;

  constructor(logs: readonly Log[]) {
    const topics = new Map(logs.map(({ topic, stages: held }) => [topic, { topic, stages: held }]));
    const offsets: BrokerOffsets = {
      ends: async (partitions) => this.#ends(partitions),
      othersBehind: async () => [],
    };
    const patience = { maxWait, onStandstill: () => {} };
    this.#gate = new StageGate([...topics.values()], offsets, patience);
    for (const [index, { topic, before, later, isStuck }] of logs.entries()) {
      const partition = partitionOf(topic, index);
      if (isStuck) this.#stuck.add(partition);
      this.#logs.set(partition, { entries: [], later: [...later] });
      for (const written of before) this.#write(partition, written);
    }
  }

  /** Whether nobody ever reads it. */
  readonly isStuck = (partition: AssignedPartition): boolean => this.#stuck.has(partition);

  get partitions(): AssignedPartition[] {
    return [...this.#logs.keys()];
  }

  /** Takes the turns over and over until all was written and read. */
  async run(turns: readonly Turn[]): Promise<void> {
    for (let turn = 0; !this.#isDone(); turn += 1) {
      this.#now += 1;
      const next = turns[turn % turns.length] as Turn;
      this.#brokerFails = next.brokerFails && turn % 2 === 0;
      if (next.writes || this.#readable().length === 0) this.#writeNext(next.choice);
      const readable = this.#readable();
      const partition = readable[next.choice % Math.max(readable.length, 1)];
      if (partition) await this.#read(partition, next.batchSize);
      else if (!this.#canWrite()) this.#waitOutStandstill();
    }
  }

  /** Time passes until what stands still is waited for no longer. */
  #waitOutStandstill(): void {
    for (let passed = 0; passed <= maxWait; passed += 10_000) {
      this.#gate.pass({ own: 10_000, others: 0 });
      this.#gate.release(this.partitions);
    }
    if (this.#readable().length === 0 && !this.#isDone()) {
      throw new Error(`stuck: ${this.#describe()}`);
    }
  }

  async #read(partition: AssignedPartition, batchSize: number): Promise<void> {
    const { entries } = this.#log(partition);
    const position = partition.position ?? 0;
    partition.position = position;
    const batch = entries.slice(position, position + batchSize);
    for (const entry of batch) entry.seenAt = Math.min(entry.seenAt, this.#now);
    const records = batch.map(({ timestamp }, index) =>
      recordAt(partition, position + index, timestamp),
    );
    this.batches += 1;
    const admitted = await this.#admit(partition, records);
    for (const entry of batch.slice(0, admitted)) {
      entry.readAt = this.#now;
      partition.latestTimestamp = Math.max(partition.latestTimestamp, entry.timestamp);
    }
    partition.position = position + admitted;
    this.#gate.release(this.partitions);
  }

  async #admit(partition: AssignedPartition, records: readonly SourceRecord[]): Promise<number> {
    try {
      return await this.#gate.admit(partition, records, this.partitions);
    } catch {
      // As consumer.ts: not resolved, so the same records come again.
      return 0;
    }
  }

  #ends(partitions: readonly AssignedPartition[]): ReadonlyMap<AssignedPartition, number> {
    if (this.#brokerFails) throw new Error('the broker does not tell');
    for (const partition of partitions) {
      if (partition.position === undefined) partition.startPosition ??= 0;
    }
    return new Map(partitions.map((partition) => [partition, this.#log(partition).entries.length]));
  }

  #write(partition: AssignedPartition, written: Written): void {
    const entry = { ...written, partition, writtenAt: this.#now, seenAt: never, readAt: never };
    this.#log(partition).entries.push(entry);
    this.entries.push(entry);
  }

  #writeNext(choice: number): void {
    const open = this.partitions.filter((partition) => this.#log(partition).later.length > 0);
    const partition = open[choice % Math.max(open.length, 1)];
    const written = partition && this.#log(partition).later.shift();
    if (written) this.#write(partition, written);
  }

  #readable(): AssignedPartition[] {
    return this.partitions.filter(
      (partition) =>
        this.#isLeft(partition) && !this.#gate.isBlocked(partition) && !this.#stuck.has(partition),
    );
  }

  #isLeft(partition: AssignedPartition): boolean {
    return (partition.position ?? 0) < this.#log(partition).entries.length;
  }

  #canWrite(): boolean {
    return this.partitions.some((partition) => this.#log(partition).later.length > 0);
  }

  #isDone(): boolean {
    const reading = this.partitions.filter((partition) => !this.#stuck.has(partition));
    return !this.#canWrite() && !reading.some((partition) => this.#isLeft(partition));
  }

  #log(partition: AssignedPartition) {
    return this.#logs.get(partition) as { entries: Entry[]; later: Written[] };
  }

  #describe(): string {
    return this.partitions
      .map((partition) => {
        const { entries } = this.#log(partition);
        return `${partition.topic}/${partition.partition} ${partition.position} of ${entries.length}`;
      })
      .join(', ');
  }
}

/**
 * The pairs in which a record overtook one of an earlier stage that was there when the record was first seen
 * and stands before it by `isBefore`, which compares timestamps.
 */
export function overtakings(
  { entries }: GateSimulation,
  isBefore: (earlier: number, later: number) => boolean,
): string[] {
  return entries.flatMap((entry) =>
    entries
      .filter(
        (earlier) =>
          earlier.partition !== entry.partition &&
          stages.indexOf(earlier.stage) < stages.indexOf(entry.stage) &&
          isBefore(earlier.timestamp, entry.timestamp) &&
          earlier.writtenAt < entry.seenAt &&
          earlier.readAt > entry.readAt,
      )
      .map(
        (earlier) =>
          `${entry.stage} ${entry.timestamp} before ${earlier.stage} ${earlier.timestamp}`,
      ),
  );
}
