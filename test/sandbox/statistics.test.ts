import { describe, expect, test } from 'vitest';
import { sandboxForTest } from './support.ts';

const today = () => new Date().toISOString().slice(0, 10);

describe('the statistics of a sandbox', () => {
  test('have what it recorded on a day, and no row for a day without', async () => {
    const sandbox = await sandboxForTest({
      faults: [{ clickId: '^lost', action: { type: 'close' } }],
    });
    const dates = [today()];
    await fetch(`${sandbox.url}/ld?qci=a`);
    await fetch(`${sandbox.url}/ord?qci=a&ov=49.99`);
    await fetch(`${sandbox.url}/ord?qci=b&ov=0.02`);
    await fetch(`${sandbox.url}/ord?qci=c`);
    await fetch(`${sandbox.url}/ord?qci=expired-1&ov=10`);
    await fetch(`${sandbox.url}/ord?ov=10`);
    await expect(fetch(`${sandbox.url}/ord?qci=lost&ov=10`)).rejects.toThrow();
    dates.push(today());
    const read = async (date: string | undefined) => {
      const response = await fetch(`${sandbox.url}/v4/advertiser?date=${date}&token=t`);
      return (await response.json()) as Record<string, unknown>[];
    };
    // A test that runs over midnight finds them on two days.
    const rows = (await Promise.all([...new Set(dates)].map(read))).flat();
    const total = (name: string) => rows.reduce((sum, row) => sum + Number(row[name]), 0);
    expect(Object.keys(rows[0] ?? {})).toEqual(['date', 'leads', 'orders', 'value']);
    expect([total('leads'), total('orders'), total('value')]).toEqual([1, 3, 50.01]);
    expect(await read('2026-02-28')).toEqual([]);
    expect(sandbox.summary()).toMatchObject({ requests: 7 });
    sandbox.clear();
    expect(await read(dates.at(-1))).toEqual([]);
  });

  test.each([
    ['date=2026-11-24', 401],
    ['date=2026-11-24&token=', 401],
    ['token=t', 400],
    ['date=24.11.2026&token=t', 400],
    ['date=2026-02-30&token=t', 400],
    ['date=2026-11-24T00:00Z&token=t', 400],
  ])('are refused to ?%s with %i', async (query, status) => {
    const { url } = await sandboxForTest();
    expect((await fetch(`${url}/v4/advertiser?${query}`)).status).toBe(status);
  });

  test('are only to be read', async () => {
    const { url } = await sandboxForTest();
    const target = `${url}/v4/advertiser?date=2026-11-24&token=t`;
    expect((await fetch(target, { method: 'POST' })).status).toBe(405);
    expect((await fetch(`${url}/v4/advertiser`)).status).toBe(401);
  });
});
