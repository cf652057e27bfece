import { networkInterfaces } from 'node:os';
import { describe, expect, test } from 'vitest';
import { type SandboxEntry, startSandbox } from '../../src/sandbox/sandbox.ts';
import { sandboxForTest } from './support.ts';

describe('a postback', () => {
  test('of a lead is answered 200 and kept with its time and headers', async () => {
    const sandbox = await sandboxForTest();
    const before = Date.now();
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const response = await fetch(`${sandbox.url}/ld?qci=abc123xyz789`, {
      headers: { 'user-agent': 'powerspace-connector/1.0', traceparent },
    });
    expect(response.status).toBe(200);
    expect(sandbox.received()).toEqual([
      {
        at: expect.any(Number),
        kind: 'lead',
        clickId: 'abc123xyz789',
        status: 200,
        userAgent: 'powerspace-connector/1.0',
        traceparent,
      },
    ]);
    expect(sandbox.received()[0]?.at).toBeGreaterThanOrEqual(before);
    expect(sandbox.received()[0]?.at).toBeLessThanOrEqual(Date.now());
  });

  test('of an order is kept with its value', async () => {
    const sandbox = await sandboxForTest();
    const response = await fetch(`${sandbox.url}/ord?qci=abc123xyz789&ov=49.99`);
    expect(response.status).toBe(200);
    expect(sandbox.received()).toMatchObject([
      { kind: 'order', clickId: 'abc123xyz789', value: '49.99', status: 200 },
    ]);
  });

  test('of an order needs no value', async () => {
    const sandbox = await sandboxForTest();
    expect((await fetch(`${sandbox.url}/ord?qci=abc123xyz789`)).status).toBe(200);
    expect(sandbox.received()[0]).not.toHaveProperty('value');
  });

  test('may have a click id of any visible ASCII characters, percent-encoded', async () => {
    const sandbox = await sandboxForTest();
    const clickId = `aZ0-_.~!*'();:@&=+$,/?#[]% "`.replace(' ', '').padEnd(512, 'x');
    const response = await fetch(`${sandbox.url}/ld?qci=${encodeURIComponent(clickId)}`);
    expect(response.status).toBe(200);
    expect(sandbox.received()[0]?.clickId).toBe(clickId);
  });

  test('is answered although it has parameters that mean nothing', async () => {
    const sandbox = await sandboxForTest();
    expect((await fetch(`${sandbox.url}/ld?debug=1&qci=abc&ov=abc`)).status).toBe(200);
  });

  test('is told to the caller as it arrives', async () => {
    const told: SandboxEntry[] = [];
    const sandbox = await sandboxForTest({ record: (entry) => told.push(entry) });
    await fetch(`${sandbox.url}/ld?qci=one`);
    await fetch(`${sandbox.url}/ord?qci=expired-two`);
    expect(told).toEqual(sandbox.received());
    expect(told.map(({ clickId, status }) => [clickId, status])).toEqual([
      ['one', 200],
      ['expired-two', 404],
    ]);
  });
});

describe('a postback is refused with 400', () => {
  test.each([
    ['no query', '/ld', 'missing'],
    ['no click id', '/ld?ov=1', 'missing'],
    ['an empty click id', '/ord?qci=', 'missing'],
    ['two click ids', '/ld?qci=a&qci=b', 'more than once'],
    ['a click id of 513 characters', `/ld?qci=${'x'.repeat(513)}`, '512'],
    ['a space in the click id', '/ld?qci=a%20b', 'visible ASCII'],
    ['a plus that stands for a space', '/ld?qci=a+b', 'visible ASCII'],
    ['a line break in the click id', '/ld?qci=a%0D%0Ab', 'visible ASCII'],
    ['a letter beyond ASCII in the click id', '/ld?qci=caf%C3%A9', 'visible ASCII'],
    ['broken percent-encoding in the click id', '/ld?qci=a%FFb', 'visible ASCII'],
    ['the macro {clickId}', '/ld?qci={clickId}', 'macro'],
    ['an encoded macro', '/ld?qci=%7BclickId%7D', 'macro'],
    ['a macro encoded twice', '/ld?qci=%257BclickId%257D', 'macro'],
    ['a macro with a dollar sign', '/ld?qci=$%7BCLICK_ID%7D', 'macro'],
    ['the word null', '/ld?qci=null', 'null'],
    ['the word undefined', '/ord?qci=undefined', 'undefined'],
    ['the word NaN', '/ld?qci=NaN', 'NaN'],
    ['an empty value', '/ord?qci=a&ov=', 'ov'],
    ['two values', '/ord?qci=a&ov=1&ov=2', 'more than once'],
    ['a value with a comma', '/ord?qci=a&ov=49,99', 'ov'],
    ['a value with grouping', '/ord?qci=a&ov=1,049.99', 'ov'],
    ['a value with an exponent', '/ord?qci=a&ov=4.9e1', 'ov'],
    ['a negative value', '/ord?qci=a&ov=-49.99', 'ov'],
    ['a value of zero', '/ord?qci=a&ov=0.00', 'ov'],
    ['a value with a sign', '/ord?qci=a&ov=%2B1', 'ov'],
    ['a value without digits before the dot', '/ord?qci=a&ov=.99', 'ov'],
    ['a value without digits after the dot', '/ord?qci=a&ov=49.', 'ov'],
    ['a value with a leading zero', '/ord?qci=a&ov=049.99', 'ov'],
    ['a value with a currency', '/ord?qci=a&ov=49.99EUR', 'ov'],
    ['a value with a space', '/ord?qci=a&ov=49.99%20', 'ov'],
    ['a value of NaN', '/ord?qci=a&ov=NaN', 'ov'],
  ])('for %s', async (_, target, reason) => {
    const sandbox = await sandboxForTest();
    const response = await fetch(sandbox.url + target);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain(reason);
    expect(sandbox.received()).toMatchObject([{ status: 400 }]);
    expect(sandbox.summary()).toMatchObject({ leads: 0, orders: 0, value: '0' });
  });
});

test.each(['49.99', '0.01', '50', '0.5', '1234567.891', '10.00'])(
  'the order value %s is accepted as it is',
  async (value) => {
    const sandbox = await sandboxForTest();
    expect((await fetch(`${sandbox.url}/ord?qci=abc&ov=${value}`)).status).toBe(200);
    expect(sandbox.received()[0]?.value).toBe(value);
  },
);

describe('click ids that ask for an answer', () => {
  test('expired-… is answered 404 each time', async () => {
    const sandbox = await sandboxForTest();
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const response = await fetch(`${sandbox.url}/ld?qci=expired-1`);
      expect(response.status).toBe(404);
      expect(await response.text()).toContain('expired');
    }
    expect(sandbox.summary()).toMatchObject({ leads: 0, byStatus: { 404: 2 } });
  });

  test('flaky-… is answered 503 the first time and 200 from then on, each click id by itself', async () => {
    const sandbox = await sandboxForTest();
    const statuses: number[] = [];
    for (const target of ['/ld?qci=flaky-1', '/ld?qci=flaky-1', '/ord?qci=flaky-1&ov=1']) {
      statuses.push((await fetch(sandbox.url + target)).status);
    }
    statuses.push((await fetch(`${sandbox.url}/ld?qci=flaky-2`)).status);
    expect(statuses).toEqual([503, 200, 200, 503]);
  });
});

describe('what is no postback', () => {
  test('another path is answered 404 with a body that says where postbacks go', async () => {
    const sandbox = await sandboxForTest();
    for (const path of ['/', '/lead?qci=abc', '/ld/?qci=abc', '/LD?qci=abc', '/sandboxes']) {
      const response = await fetch(sandbox.url + path);
      expect(response.status).toBe(404);
      expect(await response.text()).toMatch(/nothing at .*\/ld and \/ord/);
    }
    expect(sandbox.received()).toEqual([]);
    expect(sandbox.summary()).toMatchObject({ requests: 5, byStatus: { 404: 5 } });
  });

  test.each(['POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS'])(
    'a %s is answered 405 and what is allowed, and records nothing',
    async (method) => {
      const sandbox = await sandboxForTest();
      const response = await fetch(`${sandbox.url}/ord?qci=abc&ov=1`, { method });
      expect(response.status).toBe(405);
      expect(response.headers.get('allow')).toBe('GET');
      expect(sandbox.received()).toEqual([]);
      expect(sandbox.summary()).toMatchObject({ orders: 0, requests: 1, byStatus: { 405: 1 } });
    },
  );
});

describe('the summary', () => {
  test('counts what was recorded and adds the values up exactly', async () => {
    const sandbox = await sandboxForTest();
    for (const target of [
      '/ld?qci=a',
      '/ord?qci=a&ov=0.1',
      '/ord?qci=b&ov=0.2',
      '/ord?qci=c',
      '/ord?qci=expired-d&ov=1000',
      '/ord?qci=e&ov=-1',
    ]) {
      await fetch(sandbox.url + target);
    }
    expect(sandbox.summary()).toEqual({
      leads: 1,
      orders: 3,
      value: '0.3',
      requests: 6,
      byStatus: { 200: 4, 400: 1, 404: 1 },
      notKept: 0,
    });
  });

  test('goes on counting when no more entries are kept', async () => {
    const sandbox = await sandboxForTest({ keep: 2 });
    for (const clickId of ['a', 'b', 'c', 'd']) await fetch(`${sandbox.url}/ld?qci=${clickId}`);
    expect(sandbox.received().map(({ clickId }) => clickId)).toEqual(['a', 'b']);
    expect(sandbox.summary()).toMatchObject({ leads: 4, requests: 4, notKept: 2 });
  });

  test('starts anew when the sandbox is cleared, and so does what is flaky', async () => {
    const sandbox = await sandboxForTest();
    await fetch(`${sandbox.url}/ord?qci=flaky-1&ov=5`);
    await fetch(`${sandbox.url}/ord?qci=flaky-1&ov=5`);
    sandbox.clear();
    expect(sandbox.received()).toEqual([]);
    expect(sandbox.summary()).toEqual({
      leads: 0,
      orders: 0,
      value: '0',
      requests: 0,
      byStatus: {},
      notKept: 0,
    });
    expect((await fetch(`${sandbox.url}/ord?qci=flaky-1&ov=5`)).status).toBe(503);
  });
});

describe('starting and closing', () => {
  test('a port that is taken is an error', async () => {
    const sandbox = await sandboxForTest();
    const port = Number(new URL(sandbox.url).port);
    await expect(startSandbox({ host: '127.0.0.1', port })).rejects.toThrow('EADDRINUSE');
  });

  test('nothing listens any more once it is closed, and closing again does no harm', async () => {
    const sandbox = await sandboxForTest();
    await (await fetch(`${sandbox.url}/ld?qci=a`)).text();
    await Promise.all([sandbox.close(), sandbox.close()]);
    await sandbox.close();
    await expect(fetch(`${sandbox.url}/ld?qci=a`)).rejects.toMatchObject({
      cause: { code: 'ECONNREFUSED' },
    });
  });

  test('the address of an IPv6 host can be used as it is', async (context) => {
    const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
    if (!addresses.some(({ address }) => address === '::1')) {
      return context.skip('this machine has no IPv6 loopback');
    }
    const sandbox = await startSandbox({ host: '::1', port: 0 });
    try {
      expect(sandbox.url).toMatch(/^http:\/\/\[::1\]:\d+$/);
      expect((await fetch(`${sandbox.url}/ld?qci=a`)).status).toBe(200);
    } finally {
      await sandbox.close();
    }
  });
});
