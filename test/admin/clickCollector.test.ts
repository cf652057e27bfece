import { gzipSync } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ClickCollector } from '../../src/admin/clickCollector.ts';
import { startAdminServer } from '../../src/admin/server.ts';
import { UnavailableError } from '../../src/errors.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import type { ClickStore } from '../../src/store/store.ts';
import { ManualClock } from '../manualClock.ts';

const token = 'sesame-sesame-sesame';
const now = Date.parse('2026-11-24T12:00:00Z');

/** A server that collects clicks, and what it has stored. */
async function collecting(
  given: { token?: string | undefined; clicks?: Partial<ClickStore> } = {},
) {
  const store = openSqliteStore(':memory:');
  const failures: string[] = [];
  const clock = new ManualClock(now);
  let wallTime = now;
  const collector = new ClickCollector({
    ...{ token, clock, wallClock: () => wallTime, ...given },
    onFailure: (reason) => failures.push(reason),
  });
  collector.open({ ...store.clicks, ...given.clicks });
  const server = await startAdminServer({
    listen: '127.0.0.1:0',
    problems: () => [],
    handleMetrics: (_, response) => response.end(),
    handleClicks: collector.handle,
  });
  onTestFinished(async () => {
    await server.close();
    await collector.close();
    await store.close();
  });
  const post = async (body: unknown, init: RequestInit = {}) => {
    const response = await fetch(`${server.url}/clicks`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body:
        typeof body === 'string' || body instanceof Uint8Array
          ? (body as string)
          : JSON.stringify(body),
      ...init,
    });
    const { headers, status } = response;
    return { status, retryAfter: headers.get('retry-after'), body: await response.json() };
  };
  const stored = async (...userKeys: readonly string[]) => [
    ...(await store.clicks.find(userKeys)).values(),
  ];
  return {
    ...{ post, stored, failures, collector, clock, url: server.url },
    count: store.clicks.count,
    setWallClock(time: number) {
      wallTime = time;
    },
  };
}

describe('POST /clicks', () => {
  test('stores a click under each of its user keys', async () => {
    const { post, stored } = await collecting();
    const click = { clickId: 'pws-1', user: ['u-1', 'v-1'], at: '2026-11-24T10:30:00+01:00' };
    expect(await post(click)).toMatchObject({ status: 200, body: { stored: 1 } });
    const at = Date.parse('2026-11-24T09:30:00Z');
    expect(await stored('u-1', 'v-1')).toEqual([
      [{ userKey: 'u-1', clickId: 'pws-1', at }],
      [{ userKey: 'v-1', clickId: 'pws-1', at }],
    ]);
  });

  test('answers a compressed body with 415, and says what to do', async () => {
    const { post, count } = await collecting();
    const body = gzipSync(JSON.stringify({ clickId: 'a', user: 'u' }));
    const headers = { authorization: `Bearer ${token}`, 'content-encoding': 'gzip' };
    const { status, body: told } = await post(new Uint8Array(body), { headers });
    expect([status, told, await count()]).toEqual([
      415,
      { error: 'the body is taken as it is: send it without Content-Encoding' },
      0,
    ]);
  });

  test('dates a click by the time that the machine has, also once it was set', async () => {
    const { post, stored, setWallClock } = await collecting();
    setWallClock(now - 3_600_000);
    await post({ clickId: 'a', user: 'u-1' });
    expect(await stored('u-1')).toEqual([[{ userKey: 'u-1', clickId: 'a', at: now - 3_600_000 }]]);
  });

  test('takes an array, and the time of the request where a click has none', async () => {
    const { post, stored } = await collecting();
    const clicks = [
      { clickId: 'a', user: 'u-1' },
      { clickId: 'b', user: 'u-1', at: 1_700_000_000_000 },
    ];
    expect(await post(clicks)).toMatchObject({ status: 200, body: { stored: 2 } });
    expect(await stored('u-1')).toEqual([
      [
        { userKey: 'u-1', clickId: 'a', at: now },
        { userKey: 'u-1', clickId: 'b', at: 1_700_000_000_000 },
      ],
    ]);
  });

  test('changes nothing when a click is sent again', async () => {
    const { post, stored, setWallClock } = await collecting();
    await post({ clickId: 'a', user: 'u-1' });
    const before = await stored('u-1');
    setWallClock(now + 60_000);
    expect((await post({ clickId: 'a', user: 'u-1' })).status).toBe(200);
    expect(await stored('u-1')).toEqual(before);
  });

  test.each([
    [
      [
        { clickId: 'a', user: 'u' },
        { clickId: '{clickId}', user: 'u' },
      ],
      '[1].clickId: it is a macro that was never substituted',
    ],
    [{ clickId: 'a b', user: 'u' }, 'clickId: it has characters other than visible ASCII'],
    [{ clickId: 7, user: 'u' }, 'clickId: expected a text'],
    [{ user: 'u' }, 'clickId: required, but missing'],
    [{ clickId: 'a' }, 'user: required, but missing'],
    [{ clickId: 'a', user: '' }, 'user: expected a text of 1 to 1024 characters'],
    [
      { clickId: 'a', user: ['u', 'null'] },
      'user[1]: expected a text of 1 to 1024 characters that',
    ],
    [{ clickId: 'a', user: [] }, 'user: expected a user key, or a list of 1 to 16'],
    [{ clickId: 'a', user: ['u', 1.5] }, 'user[1]: expected a text of 1 to 1024 characters'],
    [
      { clickId: 'a', user: 'u', at: 'yesterday' },
      'at: expected milliseconds since 1970, or an ISO 8601 time',
    ],
    [
      { clickId: 'a', user: 'u', at: -1 },
      'at: expected milliseconds since 1970, or an ISO 8601 time',
    ],
    [
      { clickId: 'a', user: 'u', at: '2026-13-40' },
      'at: expected milliseconds since 1970, or an ISO 8601 time',
    ],
    // 2026, in seconds and in microseconds.
    [
      { clickId: 'a', user: 'u', at: 1_790_000_000 },
      'at: a time before 2000 or after 2100; a plain',
    ],
    [{ clickId: 'a', user: 'u', at: '1790000000' }, 'number has to be milliseconds since 1970'],
    [
      { clickId: 'a', user: 'u', at: 1_790_000_000_000_000 },
      'at: a time before 2000 or after 2100',
    ],
    [{ clickId: 'a', user: 'u', userId: 'u' }, 'only clickId, user and at are known here'],
    ['{"clickId"', 'the body is not JSON'],
    [new Uint8Array([0x22, 0xff, 0x22]), 'the body is not UTF-8'],
    [[null], '[0]: expected an object with clickId, user and at'],
    [null, 'expected an object with clickId, user and at'],
  ])('answers %j with 400, names what is wrong, and stores nothing', async (body, error) => {
    const { post, count } = await collecting();
    const answer = await post(body);
    expect(answer.body).toEqual({ error: expect.stringContaining(error) });
    expect(answer.status).toBe(400);
    expect(await count()).toBe(0);
  });

  test.each([
    ['more clicks than 1,000', Array(1_001).fill({ clickId: 'a', user: 'u' })],
    ['a body of more than 1 MB', `"${'x'.repeat(5_000_000)}"`],
  ])('refuses %s with 413', async (_, body) => {
    const { post, count } = await collecting();
    expect((await post(body)).status).toBe(413);
    expect(await count()).toBe(0);
  });

  test('refuses a body of unknown length with 413 once it is too long', async () => {
    const { post } = await collecting();
    const chunks = Array(50).fill(new Uint8Array(100_000).fill(0x20));
    const init: RequestInit & { duplex: 'half' } = {
      body: ReadableStream.from(chunks),
      duplex: 'half',
    };
    expect((await post('', init)).status).toBe(413);
  });

  test.each([
    ['none', {}],
    ['another', { authorization: 'Bearer sesame-sesame-sesamf' }],
    ['a longer one', { authorization: `Bearer ${token}1` }],
    ['one that is not a bearer token', { authorization: `Basic ${token}` }],
  ])('refuses a request with the token %s', async (_, headers) => {
    const { post, count } = await collecting();
    expect((await post({ clickId: 'a', user: 'u' }, { headers })).status).toBe(401);
    expect(await count()).toBe(0);
  });

  test('is not served without a token in the configuration, and says so', async () => {
    const { post } = await collecting({ token: undefined });
    expect(await post({ clickId: 'a', user: 'u' })).toMatchObject({
      status: 404,
      body: { error: expect.stringContaining('admin.token') },
    });
  });

  test('serves nothing but POST', async () => {
    const { url } = await collecting();
    const response = await fetch(`${url}/clicks`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
  });

  test('says when to come again, while the store is away', async () => {
    const save = () => Promise.reject(new UnavailableError('store', 'gone'));
    const { post, failures } = await collecting({ clicks: { save } });
    expect(await post({ clickId: 'a', user: 'u' })).toMatchObject({ status: 503, retryAfter: '5' });
    expect(failures).toEqual([]);
  });

  test('says when to come again, before the store is open and after it is closed', async () => {
    const { post, collector } = await collecting();
    await collector.close();
    expect(await post({ clickId: 'a', user: 'u' })).toMatchObject({ status: 503, retryAfter: '5' });
  });

  test('answers 500 to a fault of ours, and tells of it', async () => {
    const save = () => Promise.reject(new Error('no such table'));
    const { post, failures } = await collecting({ clicks: { save } });
    const { status, body } = await post({ clickId: 'a', user: 'u' });
    expect([status, JSON.stringify(body)]).toEqual([500, expect.not.stringContaining('table')]);
    expect(failures).toEqual(['no such table']);
  });

  test('takes fifty requests a second', async () => {
    const { post, clock } = await collecting();
    const send = async () => (await post({ clickId: 'a', user: 'u' })).status;
    for (let sent = 0; sent < 50; sent += 1) expect(await send()).toBe(200);
    expect(await post({ clickId: 'a', user: 'u' })).toMatchObject({ status: 429, retryAfter: '1' });
    await clock.advance(1_000);
    expect(await send()).toBe(200);
  });

  test('is closed only when nothing is being stored any more', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    const save = () => {
      asked.resolve();
      return promise;
    };
    const { post, collector } = await collecting({ clicks: { save } });
    const answered = post({ clickId: 'a', user: 'u' });
    await asked.promise;
    let isClosed = false;
    const closing = collector.close().then(() => {
      isClosed = true;
    });
    await new Promise(setImmediate);
    expect(isClosed).toBe(false);
    resolve();
    await closing;
    expect((await answered).status).toBe(200);
  });
});
