import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Stage, stages } from '../../src/kafka/stageOrder.ts';
import { GateSimulation, type Log, overtakings, type Written } from './gateSimulation.ts';

const timestamp = fc.integer({ min: 0, max: 30 });
const turns = fc.array(
  fc.record({
    choice: fc.nat(100),
    batchSize: fc.integer({ min: 1, max: 6 }),
    writes: fc.boolean(),
    brokerFails: fc.boolean(),
  }),
  { minLength: 1, maxLength: 40 },
);

/** Partitions of topics, each of which holds records of the stages given for it. */
function logsOf(topics: Readonly<Record<string, readonly Stage[]>>): fc.Arbitrary<Log[]> {
  const log = fc.constantFrom(...Object.entries(topics)).chain(([topic, held]) => {
    const written = fc.record({ stage: fc.constantFrom(...held), timestamp });
    const records = fc.array(written, { maxLength: 12 });
    const fixed = { topic: fc.constant(topic), stages: fc.constant(held) };
    return fc.record({ ...fixed, before: records, later: records });
  });
  return fc.array(log, { minLength: 1, maxLength: 5 });
}

const separateTopics = logsOf({ clicks: ['click'], leads: ['lead'], orders: ['order'] });
const mixedTopics = logsOf({
  all: stages,
  sessions: ['click', 'lead'],
  accounts: ['lead', 'order'],
  landings: ['click'],
  orders: ['order'],
});

/** The same partitions, written in the order of their timestamps, as producers do. */
function inOrder(logs: readonly Log[]): Log[] {
  return logs.map((log) => {
    const all = [...log.before, ...log.later].toSorted(
      (one: Written, other: Written) => one.timestamp - other.timestamp,
    );
    const count = log.before.length;
    return { ...log, before: all.slice(0, count), later: all.slice(count) };
  });
}

/** Runs the simulation and says what overtook what. */
async function readAll(
  logs: fc.Arbitrary<Log[]>,
  check: (simulation: GateSimulation) => void,
): Promise<void> {
  const property = fc.asyncProperty(logs, turns, async (partitions, order) => {
    const simulation = new GateSimulation(partitions);
    await simulation.run(order);
    check(simulation);
  });
  await fc.assert(property, { numRuns: 300 });
}

describe('whatever the order in which partitions are written and read', () => {
  test.each([
    ['topics of one stage each', separateTopics],
    ['topics of mixed stages, which wait for each other', mixedTopics],
  ])('every record of %s gets through, whatever its timestamp', async (_, logs) => {
    await readAll(logs, ({ entries }) => {
      expect(entries.filter(({ readAt }) => !Number.isFinite(readAt))).toEqual([]);
    });
  });

  test('every record gets through, whichever other partitions stand still', async () => {
    const areStuck = fc.array(fc.boolean(), { minLength: 5, maxLength: 5 });
    const logs = fc
      .tuple(mixedTopics, areStuck)
      .map(([all, stuck]) => all.map((log, index) => ({ ...log, isStuck: stuck[index] === true })));
    await readAll(logs, ({ entries, isStuck }) => {
      const left = entries.filter(({ readAt }) => !Number.isFinite(readAt));
      expect(left.filter(({ partition }) => !isStuck(partition))).toEqual([]);
    });
  });

  test('no record overtakes one of an earlier stage that is older', async () => {
    await readAll(mixedTopics.map(inOrder), (simulation) => {
      expect(overtakings(simulation, (earlier, later) => earlier < later)).toEqual([]);
    });
  });

  test('with topics of one stage each nor does it overtake one of the same time', async () => {
    await readAll(separateTopics.map(inOrder), (simulation) => {
      expect(overtakings(simulation, (earlier, later) => earlier <= later)).toEqual([]);
    });
  });
});
