import { expect, test } from 'vitest';
import { parseLoggedOutage } from '../../../dev/outage/attempts.ts';
import { countProbes } from '../../../dev/outage/probes.ts';

const start = Date.UTC(2026, 0, 1);

/** A line of the log at so many milliseconds from the start. */
function line(level: string, at: number, fields: object): string {
  return JSON.stringify({ level, time: new Date(start + at).toISOString(), ...fields });
}

/** An attempt that ended then and had taken so long. */
const failed = (at: number, milliseconds: number) =>
  line('warn', at, { class: 'transient', milliseconds });
const held = (at: number) => line('error', at, { hold: 'transient' });
const at = (...times: readonly number[]) => times.map((time) => start + time);

/** A hold at 100 ms with a request in flight until 400 ms, then probes that fail at once. */
function probing(probes: readonly number[], until = 100_000) {
  const lines = [failed(90, 80), held(100), failed(400, 390), ...probes.map((p) => failed(p, 1))];
  const arrivals = at(10, 12, ...probes.map((probe) => probe - 1));
  return countProbes(parseLoggedOutage(`${lines.join('\n')}\n`), arrivals, start + until);
}

test('what was in flight when the connector stopped sending is no probe', () => {
  expect(probing([1_400, 3_401])).toEqual({
    ...{ requestsBefore: 2, probes: 2, mostInASecond: 1 },
    ...{ probesFrom: start + 400, nextDueAt: start + 3_401 + 4_000 },
  });
});

test('two probes within a second are counted, also across a full second', () => {
  expect(probing([1_400, 2_100, 3_900])).toMatchObject({ mostInASecond: 2 });
  expect(probing([1_400, 2_400])).toMatchObject({ mostInASecond: 1 });
});

test('the next probe is due a minute after the last one at most', () => {
  const probes = [1, 3, 7, 15, 31, 63, 123, 183].map((second) => second * 1_000 + 400);
  expect(probing(probes)?.nextDueAt).toBe(start + 243_400);
});

test('what comes after the outage is no probe of it', () => {
  expect(probing([1_400, 3_401, 9_000], 5_000)).toMatchObject({ probes: 2 });
});

test('without a hold there are no probes', () => {
  expect(countProbes(parseLoggedOutage(failed(90, 80)), at(10), start + 1_000)).toBeUndefined();
});
