import { expect, test } from 'vitest';
import { sumUpMemory } from '../../../dev/outage/memory.ts';
import { measureRecovery } from '../../../dev/outage/recovery.ts';
import { makeReport, type OutageFigures } from '../../../dev/outage/report.ts';

const figures: OutageFigures = {
  ...{ answer: '503', minutes: 10, recordsWaiting: 10, conversionsWaiting: 5 },
  memory: {
    ...{ working: { median: 290, most: 300 }, down: { median: 310, most: 349 } },
    ...{ held: { before: 180, atEnd: 229 }, growth: { held: 49, most: 49 }, catchingUp: 400 },
  },
  probing: { requestsBefore: 73, probesFrom: 0, probes: 12, mostInASecond: 1, nextDueAt: 0 },
  members: { looks: 9, memberIds: ['one'], unsettledLooks: 0 },
  recovery: { probeWait: 40_000, firstDelivery: 3, flowing: 5_000, firstCommit: 900 },
  drainMilliseconds: 60_000,
  verdict: { findings: [], repeatedSends: {}, mostByOneKill: 0, ordersBeforeLead: 0 },
};
const { memory, members, recovery } = figures;

test('a run within the limits holds', () => {
  expect(makeReport(figures)).toMatchObject({ holds: true, broken: [] });
});

test.each<[string, Partial<OutageFigures>]>([
  ['memory grew by 50 MB or more', { memory: { ...memory, growth: { held: 0, most: 50 } } }],
  ['it held 50 MB or more than before', { memory: { ...memory, growth: { held: 50, most: 0 } } }],
  ['the connector never stopped sending', { probing: undefined }],
  [
    'more than one probe came in a second',
    { probing: { ...(figures.probing as object), mostInASecond: 2 } as OutageFigures['probing'] },
  ],
  ['the group lost its member', { members: { ...members, memberIds: ['one', 'another'] } }],
  ['the group lost its member', { members: { ...members, unsettledLooks: 1 } }],
  ['nothing was delivered after the outage', { recovery: undefined }],
  [
    'delivery took longer than 5 s to resume',
    { recovery: { ...(recovery as object), flowing: 5_001 } as OutageFigures['recovery'] },
  ],
])('a run breaks a limit when %s', (what, change) => {
  expect(makeReport({ ...figures, ...change })).toMatchObject({ holds: false, broken: [what] });
});

test('a run in which something was lost does not hold', () => {
  const findings = [{ name: 'conversions lost', count: 1, examples: [] }];
  expect(makeReport({ ...figures, verdict: { ...figures.verdict, findings } }).holds).toBe(false);
});

test('memory of the outage is compared with that of the work before', () => {
  const resident = [100, 300, 290, 180, 310, 340, 200, 410].map((megabytes, at) => {
    return { at, megabytes };
  });
  const held = { before: 180, atEnd: 200 };
  expect(sumUpMemory(resident, { from: 1, until: 3 }, { from: 4, until: 7 }, held)).toEqual({
    ...{ working: { median: 300, most: 300 }, down: { median: 310, most: 340 }, held },
    ...{ growth: { held: 20, most: 40 }, catchingUp: 410 },
  });
});

test('the wait for the next probe is none of the recovery', () => {
  const received = [20, 60_010, ...Array.from({ length: 200 }, (_, number) => 60_100 + number)];
  const entries = received.map((at) => {
    return { at, kind: 'lead' as const, clickId: 'c', status: at < 1_000 ? 503 : 200 };
  });
  const commits = [50, 60_900].map((at) => ({ at, topic: 'orders', partition: 0, offset: at }));
  const probing = { ...figures.probing, nextDueAt: 60_000 } as NonNullable<
    OutageFigures['probing']
  >;
  expect(measureRecovery({ from: 0, until: 1_000 }, probing, entries, commits)).toEqual({
    ...{ probeWait: 59_000, firstDelivery: 10, flowing: 198, firstCommit: 900 },
  });
});
