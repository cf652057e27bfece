import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs';
import { expect, onTestFinished, test, vi } from 'vitest';
import { configSchema } from '../../src/config/schema.ts';
import { RecordConsumer } from '../../src/kafka/consumer.ts';
import { ManualClock } from '../manualClock.ts';
import { anyOffsets, anyReading, payloadOf } from './reading.ts';

const settings = configSchema.shape.kafka.parse({ brokers: ['localhost:9092'] });
const second = 1_000;

type Handle = (event: { payload: unknown }) => void;

/** A consumer whose kafkajs reads and beats its heart, and whose offsets the group takes or not. */
class Subject {
  members = 0;
  isRefusing = true;
  readonly clock = new ManualClock();
  readonly consumer = new RecordConsumer({
    ...{ ...anyReading, settings, clock: this.clock },
    kafka: { consumer: () => this.#member() } as unknown as Kafka,
    topics: () => [{ topic: 'orders', stages: ['order'] }],
    offsets: { ...anyOffsets, topics: async () => ['orders'] },
    onRecords: (records) => {
      for (const record of records) record.source.watermark.settle(record.offset);
    },
    onAssigned: () => {},
    onFailure: (error) => {
      throw error;
    },
  });
  #emit: (name: string, payload: unknown) => void = () => {};
  #eachBatch: (payload: EachBatchPayload) => Promise<void> = async () => {};

  /** It joins, and reads one record. */
  async read(): Promise<void> {
    await this.consumer.start();
    this.#emit('REQUEST', { apiName: 'SyncGroup', duration: 1 });
    this.#emit('GROUP_JOIN', { memberAssignment: { orders: [0] } });
    const batch = { topic: 'orders', records: [{ offset: 0 }], end: 1 };
    const commitOffsetsIfNecessary = async () => {
      if (this.isRefusing) throw new Error('ILLEGAL_GENERATION');
    };
    await this.#eachBatch(payloadOf(batch, { commitOffsetsIfNecessary }));
  }

  /** So many seconds in which its heart beats and it fetches. */
  async pass(seconds: number): Promise<void> {
    for (let passed = 0; passed < seconds; passed += 1) {
      this.#emit('FETCH_START', { nodeId: '1' });
      this.#emit('REQUEST', { apiName: 'Heartbeat', duration: 1 });
      this.#emit('HEARTBEAT', {});
      await vi.advanceTimersByTimeAsync(second);
      await this.clock.advance(second);
    }
  }

  #member(): Consumer {
    this.members += 1;
    const handlers = new Map<string, Handle>();
    this.#emit = (name, payload) => handlers.get(name)?.({ payload });
    return {
      events: new Proxy({}, { get: (_, name) => name }),
      on: (name: string, handle: Handle) => handlers.set(name, handle),
      connect: async () => {},
      subscribe: async () => {},
      run: async ({ eachBatch }: { eachBatch: (payload: EachBatchPayload) => Promise<void> }) => {
        this.#eachBatch = eachBatch;
      },
      disconnect: async () => {},
      pause: () => {},
      resume: () => {},
    } as unknown as Consumer;
  }
}

async function start(): Promise<Subject> {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const subject = new Subject();
  onTestFinished(() => subject.consumer.stop());
  await subject.read();
  return subject;
}

// kafkajs comes to this when two brokers send it to join again and the second join fails.
test('a member that reads and beats its heart, but whose offsets nobody takes, is replaced', async () => {
  const subject = await start();
  await subject.pass(80);
  expect(subject.members).toBe(1);
  await subject.pass(20);
  expect(subject.members).toBe(2);
});

test('a member whose offsets are taken again is not', async () => {
  const subject = await start();
  await subject.pass(80);
  subject.isRefusing = false;
  await subject.pass(120);
  expect(subject.members).toBe(1);
});
