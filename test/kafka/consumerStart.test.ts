import type { Consumer, Kafka } from 'kafkajs';
import { describe, expect, test } from 'vitest';
import { configSchema } from '../../src/config/schema.ts';
import { UnavailableError } from '../../src/errors.ts';
import { RecordConsumer } from '../../src/kafka/consumer.ts';
import { ManualClock } from '../manualClock.ts';
import { anyOffsets, anyReading } from './reading.ts';

const settings = configSchema.shape.kafka.parse({ brokers: ['localhost:9092'] });

/** A broker that goes away between the members that are made. */
class Subject {
  readonly made: string[] = [];
  isAway = true;
  readonly consumer = new RecordConsumer({
    ...{ ...anyReading, settings, clock: new ManualClock() },
    kafka: { consumer: () => this.#member() } as unknown as Kafka,
    topics: () => [{ topic: 'orders', stages: ['order'] }],
    offsets: { ...anyOffsets, topics: async () => ['orders'] },
    onAssigned: () => {},
    onFailure: (error) => {
      throw error;
    },
  });

  /** One consumer of kafkajs. */
  #member(): Consumer {
    const index = this.made.push('made') - 1;
    return {
      events: {},
      on: () => () => {},
      connect: async () => {
        if (this.isAway) throw new Error('refused');
        this.made[index] = 'connected';
      },
      subscribe: async () => {},
      run: async () => {},
      disconnect: async () => {
        this.made[index] = 'left';
      },
    } as unknown as Consumer;
  }
}

describe('a consumer whose broker went away before it read', () => {
  test('says so, leaves no member behind, and can be started again', async () => {
    const subject = new Subject();
    await expect(subject.consumer.start()).rejects.toThrow(UnavailableError);
    await expect(subject.consumer.start()).rejects.toThrow('refused');
    expect(subject.made).toEqual(['left', 'left']);

    subject.isAway = false;
    await subject.consumer.start();
    expect(subject.made).toEqual(['left', 'left', 'connected']);
    await subject.consumer.stop();
    expect(subject.made).toEqual(['left', 'left', 'left']);
  });
});
