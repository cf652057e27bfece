import type { Consumer, Kafka } from 'kafkajs';
import { describe, expect, test } from 'vitest';
import { configSchema } from '../../src/config/schema.ts';
import { GroupMember, type MemberListener } from '../../src/kafka/member.ts';
import { ManualClock } from '../manualClock.ts';

const settings = configSchema.shape.kafka.parse({ brokers: ['localhost:9092'] });
const minute = 60_000;

/** A member whose consumer emits what the test says. */
function start() {
  const clock = new ManualClock();
  const heard: string[] = [];
  const handlers = new Map<string, (event: { payload: unknown }) => void>();
  const names = ['FETCH_START', 'REBALANCING', 'GROUP_JOIN', 'HEARTBEAT', 'END_BATCH_PROCESS'];
  let join = () => {};
  const kafka: Pick<Kafka, 'consumer'> = {
    consumer(config) {
      const assigner = config?.partitionAssigners?.[0]?.({} as never);
      join = () => void assigner?.protocol({ topics: ['orders'] });
      return {
        events: Object.fromEntries([...names, 'STOP', 'CRASH'].map((name) => [name, name])),
        on: (name: string, handle: (event: { payload: unknown }) => void) =>
          handlers.set(name, handle),
      } as unknown as Consumer;
    },
  };
  const listener: MemberListener = {
    fetchStarted: (broker) => heard.push(`fetch ${broker}`),
    rebalancing: () => heard.push('rebalancing'),
    revoked: () => heard.push('revoked'),
    joined: () => heard.push('joined'),
    fetched: async () => {},
    skipped: (topic, partition) => heard.push(`skipped ${topic}/${partition}`),
    crashed: ({ message }) => heard.push(`crashed ${message}`),
  };
  const parts = { kafka: kafka as Kafka, settings, topics: ['orders'], clock, listener };
  const member = new GroupMember(parts);
  const emit = (name: string, payload: unknown = {}) => handlers.get(name)?.({ payload });
  return { member, clock, heard, emit, join: () => join() };
}

describe('a member of the group', () => {
  test('has nothing any more from the moment it asks to join, and once it has left', () => {
    const { heard, emit, join } = start();
    join();
    emit('GROUP_JOIN', { memberAssignment: {} });
    emit('STOP');
    expect(heard).toEqual(['revoked', 'joined', 'revoked']);
  });

  test('tells only of batches that hold nothing but markers', () => {
    const { heard, emit } = start();
    const batch = { topic: 'orders', partition: 3, lastOffset: '8' };
    emit('END_BATCH_PROCESS', { ...batch, batchSize: 1 });
    emit('END_BATCH_PROCESS', { ...batch, batchSize: 0 });
    expect(heard).toEqual(['skipped orders/3']);
  });

  test('that is abandoned is heard no more, whatever it does', () => {
    const { member, heard, emit, join } = start();
    member.abandon();
    join();
    emit('GROUP_JOIN', { memberAssignment: {} });
    emit('FETCH_START', { nodeId: '1' });
    emit('CRASH', { error: new Error('late') });
    expect(heard).toEqual([]);
  });
});

describe('the group', () => {
  test('knows a member as long as its heart beats', async () => {
    const { member, clock, emit } = start();
    emit('GROUP_JOIN', { memberAssignment: {} });
    for (let passed = 0; passed < 10; passed += 1) {
      await clock.advance(minute);
      emit('HEARTBEAT');
    }
    expect(member.isForgotten).toBe(false);
  });

  test('has forgotten a member that reads on without a heartbeat, for longer than any rebalance takes', async () => {
    const { member, clock, emit } = start();
    emit('GROUP_JOIN', { memberAssignment: {} });
    await clock.advance(minute);
    expect(member.isForgotten).toBe(false);
    await clock.advance(minute);
    expect(member.isForgotten).toBe(true);
  });

  test('has forgotten a member that beats its heart and never learns its partitions', async () => {
    const { member, clock, emit, join } = start();
    emit('GROUP_JOIN', { memberAssignment: {} });
    join();
    for (let passed = 0; passed < 10; passed += 1) {
      await clock.advance(10_000);
      emit('HEARTBEAT');
    }
    expect(member.isForgotten).toBe(true);
  });

  test('gives a member up once its heart has not beaten for the session time-out', async () => {
    const { member, clock, emit } = start();
    expect(member.isSilent).toBe(false);
    emit('GROUP_JOIN', { memberAssignment: {} });
    await clock.advance(settings.sessionTimeout);
    expect(member.isSilent).toBe(false);
    await clock.advance(1);
    expect(member.isSilent).toBe(true);
    emit('HEARTBEAT');
    expect(member.isSilent).toBe(false);
  });

  test('has a member that beats its heart but fetches nothing any more, which is of no use', async () => {
    const { member, clock, emit } = start();
    emit('GROUP_JOIN', { memberAssignment: {} });
    const seen = [];
    for (let passed = 0; passed < 10; passed += 1) {
      emit('FETCH_START', { nodeId: '1' });
      emit('HEARTBEAT');
      await clock.advance(10_000);
    }
    expect([member.isSilent, member.isStalled]).toEqual([false, false]);
    for (let passed = 0; passed < 10; passed += 1) {
      emit('HEARTBEAT');
      seen.push([member.isSilent, member.isStalled]);
      await clock.advance(10_000);
    }
    expect([member.isForgotten, seen.slice(0, 4)]).toEqual([false, Array(4).fill([false, false])]);
    expect(seen.slice(4, 6)).toEqual([
      [true, false],
      [true, false],
    ]);
    expect(member.isStalled).toBe(true);
  });

  test('is given all the time for the first join', async () => {
    const { member, clock, join } = start();
    join();
    await clock.advance(60 * minute);
    expect(member.isForgotten).toBe(false);
  });
});
