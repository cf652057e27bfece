import type { Consumer, Kafka } from 'kafkajs';
import { describe, expect, test } from 'vitest';
import { configSchema } from '../../src/config/schema.ts';
import { GroupMember, type MemberListener } from '../../src/kafka/member.ts';
import { ManualClock } from '../manualClock.ts';

const settings = configSchema.shape.kafka.parse({ brokers: ['localhost:9092'] });
const minute = 60_000;

/** What a consumer tells, and when by the wall clock. */
interface MemberEvent {
  readonly payload: unknown;
  readonly timestamp: number;
}

/** A member whose consumer emits what the test says. */
function start() {
  const clock = new ManualClock();
  const heard: string[] = [];
  const handlers = new Map<string, (event: MemberEvent) => void>();
  const names = [
    ...['FETCH_START', 'REBALANCING', 'GROUP_JOIN', 'HEARTBEAT', 'END_BATCH_PROCESS'],
    ...['REQUEST', 'STOP', 'CRASH'],
  ];
  let join = () => {};
  const kafka: Pick<Kafka, 'consumer'> = {
    consumer(config) {
      const assigner = config?.partitionAssigners?.[0]?.({} as never);
      join = () => void assigner?.protocol({ topics: ['orders'] });
      return {
        events: Object.fromEntries(names.map((name) => [name, name])),
        on: (name: string, handle: (event: MemberEvent) => void) => handlers.set(name, handle),
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
  let setBack = 0;
  const emit = (name: string, payload: unknown = {}) =>
    handlers.get(name)?.({ payload, timestamp: clock.now() - setBack });
  const setWallClockBack = (milliseconds: number) => {
    setBack += milliseconds;
  };
  /** An answer of the group, which took so many milliseconds. */
  const answer = (name: 'GROUP_JOIN' | 'HEARTBEAT', duration = 1) => {
    emit('REQUEST', { apiName: name === 'HEARTBEAT' ? 'Heartbeat' : 'SyncGroup', duration });
    emit(name, { memberAssignment: {} });
  };
  return { member, clock, heard, emit, answer, setWallClockBack, join: () => join() };
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
    const { member, clock, answer } = start();
    answer('GROUP_JOIN');
    for (let passed = 0; passed < 10; passed += 1) {
      await clock.advance(minute);
      answer('HEARTBEAT');
    }
    expect(member.isForgotten).toBe(false);
  });

  test('has forgotten a member that reads on without a heartbeat, for longer than any rebalance takes', async () => {
    const { member, clock, answer } = start();
    answer('GROUP_JOIN');
    await clock.advance(minute);
    expect(member.isForgotten).toBe(false);
    await clock.advance(minute);
    expect(member.isForgotten).toBe(true);
  });

  test('has given up a member whose heart waits for a wall clock that was set back, and no other', async () => {
    const { member, clock, emit, answer, setWallClockBack } = start();
    const seen = [];
    answer('GROUP_JOIN');
    answer('HEARTBEAT');
    for (const milliseconds of [0, 60 * minute]) {
      setWallClockBack(milliseconds);
      await clock.advance(settings.sessionTimeout - 10);
      emit('FETCH_START', { nodeId: '1' });
      seen.push(member.isForgotten);
      await clock.advance(10);
      emit('FETCH_START', { nodeId: '1' });
      seen.push(member.isForgotten);
      if (milliseconds === 0) answer('HEARTBEAT');
    }
    expect(seen).toEqual([false, false, false, true]);
  });

  test('has forgotten a member that beats its heart and never learns its partitions', async () => {
    const { member, clock, answer, join } = start();
    answer('GROUP_JOIN');
    join();
    for (let passed = 0; passed < 10; passed += 1) {
      await clock.advance(10_000);
      answer('HEARTBEAT');
    }
    expect(member.isForgotten).toBe(true);
  });

  test('gives a member up once its heart has not beaten for the session time-out', async () => {
    const { member, clock, answer } = start();
    expect(member.isSilent).toBe(true);
    answer('GROUP_JOIN');
    await clock.advance(settings.sessionTimeout - 10);
    expect(member.isSilent).toBe(false);
    await clock.advance(10);
    expect(member.isSilent).toBe(true);
    answer('HEARTBEAT');
    expect(member.isSilent).toBe(false);
  });

  test('has a member that beats its heart but fetches nothing any more, which is of no use', async () => {
    const { member, clock, emit, answer } = start();
    answer('GROUP_JOIN');
    const seen = [];
    for (let passed = 0; passed < 10; passed += 1) {
      emit('FETCH_START', { nodeId: '1' });
      answer('HEARTBEAT');
      await clock.advance(10_000);
    }
    expect([member.isSilent, member.isStalled]).toEqual([false, false]);
    for (let passed = 0; passed < 10; passed += 1) {
      answer('HEARTBEAT');
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

describe('a member is within its session', () => {
  test('from when it has joined until it was silent for too long', async () => {
    const { member, clock, answer } = start();
    expect(member.isWithinSession).toBe(false);
    answer('GROUP_JOIN');
    await clock.advance(settings.sessionTimeout - 10);
    expect(member.isWithinSession).toBe(true);
    await clock.advance(10);
    expect(member.isWithinSession).toBe(false);
    answer('HEARTBEAT');
    expect(member.isWithinSession).toBe(true);
  });

  test('counted from when the answered request was sent, not from its answer', async () => {
    const { member, clock, answer } = start();
    answer('GROUP_JOIN');
    await clock.advance(settings.sessionTimeout);
    answer('HEARTBEAT', settings.sessionTimeout);
    expect(member.isWithinSession).toBe(false);
  });

  test('whatever the wall clock did while the request was under way', () => {
    const { member, answer } = start();
    answer('GROUP_JOIN', -86_400_000);
    expect(member.isWithinSession).toBe(true);
  });
});
