import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { describe, expect, test } from 'vitest';
import { ZodError } from 'zod';
import type { Fault } from '../../src/sandbox/faults.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { RawRequest, sandboxForTest } from './support.ts';

const unavailable = { type: 'answer', status: 503 } as const;

async function statusesOf(sandbox: Sandbox, targets: readonly string[]): Promise<number[]> {
  const statuses: number[] = [];
  for (const target of targets) statuses.push((await fetch(sandbox.url + target)).status);
  return statuses;
}

async function statusesUnder(faults: readonly Fault[], targets: readonly string[]) {
  return statusesOf(await sandboxForTest({ faults }), targets);
}

describe('which postbacks a fault meets', () => {
  test('all of them when it says nothing', async () => {
    const statuses = await statusesUnder([{ action: unavailable }], ['/ld?qci=a', '/ord?qci=b']);
    expect(statuses).toEqual([503, 503]);
  });

  test('those of its kind', async () => {
    const statuses = await statusesUnder(
      [{ kind: 'order', action: unavailable }],
      ['/ld?qci=a', '/ord?qci=a'],
    );
    expect(statuses).toEqual([200, 503]);
  });

  test('those whose click id matches, given as a text or as a regular expression', async () => {
    for (const clickId of ['^bad', /^bad/, /^BAD/gi]) {
      const targets = ['/ld?qci=bad-1', '/ld?qci=not-bad', '/ld?qci=bad-2'];
      const statuses = await statusesUnder([{ clickId, action: unavailable }], targets);
      expect(statuses).toEqual([503, 200, 503]);
    }
  });

  test('no more than so many times', async () => {
    const statuses = await statusesUnder(
      [{ times: 2, clickId: '^a', action: unavailable }],
      ['/ld?qci=a', '/ld?qci=b', '/ld?qci=a', '/ld?qci=a'],
    );
    expect(statuses).toEqual([503, 200, 503, 200]);
  });

  test('the first fault that matches acts, and the next one once it is used up', async () => {
    const faults: Fault[] = [
      { times: 1, action: { type: 'answer', status: 500 } },
      { kind: 'lead', action: { type: 'answer', status: 429 } },
      { action: unavailable },
    ];
    const statuses = await statusesUnder(faults, ['/ord?qci=a', '/ld?qci=a', '/ord?qci=a']);
    expect(statuses).toEqual([500, 429, 503]);
  });

  test('a share of them, the same ones whenever the seed is the same', async () => {
    const faults: Fault[] = [{ rate: 0.3, action: unavailable }];
    const targets = Array.from({ length: 200 }, (_, index) => `/ld?qci=click-${index}`);
    const run = async (seed: number) => statusesOf(await sandboxForTest({ faults, seed }), targets);
    const [first, again, other] = await Promise.all([run(7), run(7), run(8)]);
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
    const failed = first.filter((status) => status === 503).length;
    expect(failed).toBeGreaterThan(30);
    expect(failed).toBeLessThan(90);
  });

  test('none at a rate of 0, all at a rate of 1', async () => {
    const targets = ['/ld?qci=a', '/ld?qci=b', '/ld?qci=c'];
    const faultAt = (rate: number): Fault => ({ rate, action: unavailable });
    expect(await statusesUnder([faultAt(0)], targets)).toEqual([200, 200, 200]);
    expect(await statusesUnder([faultAt(1)], targets)).toEqual([503, 503, 503]);
  });

  test('never the control paths, nor what is no postback', async () => {
    const statuses = await statusesUnder([{ action: unavailable }], ['/sandbox', '/elsewhere']);
    expect(statuses).toEqual([200, 404]);
  });
});

describe('setting faults', () => {
  test('replaces those before and counts anew', async () => {
    const faults: Fault[] = [{ times: 1, action: unavailable }];
    const sandbox = await sandboxForTest({ faults });
    expect(await statusesOf(sandbox, ['/ld?qci=a', '/ld?qci=a'])).toEqual([503, 200]);
    sandbox.setFaults(faults);
    expect(await statusesOf(sandbox, ['/ld?qci=a', '/ld?qci=a'])).toEqual([503, 200]);
    sandbox.setFaults([]);
    expect(await statusesOf(sandbox, ['/ld?qci=a'])).toEqual([200]);
  });

  test('starts chance anew', async () => {
    const faults: Fault[] = [{ rate: 0.5, action: unavailable }];
    const targets = Array.from({ length: 40 }, (_, index) => `/ld?qci=click-${index}`);
    const sandbox = await sandboxForTest({ faults });
    const first = await statusesOf(sandbox, targets);
    sandbox.setFaults(faults);
    expect(await statusesOf(sandbox, targets)).toEqual(first);
  });

  test('throws for what is no fault and keeps those before', async () => {
    const sandbox = await sandboxForTest({ faults: [{ action: unavailable }] });
    expect(() => sandbox.setFaults([{ clickId: '(', action: unavailable }])).toThrow(ZodError);
    expect(await statusesOf(sandbox, ['/ld?qci=a'])).toEqual([503]);
  });
});

describe('a fault that answers', () => {
  test('says when to come back', async () => {
    const action = { type: 'answer', status: 429, retryAfter: 2 } as const;
    const sandbox = await sandboxForTest({ faults: [{ action }] });
    const response = await fetch(`${sandbox.url}/ld?qci=a`);
    expect(response.status).toBe(429);
    expect(response.headers.get('retry-after')).toBe('2');
    expect(sandbox.received()).toMatchObject([{ clickId: 'a', status: 429 }]);
    expect(sandbox.summary()).toMatchObject({ leads: 0 });
  });

  test('redirects', async () => {
    const action = { type: 'answer', status: 302, location: 'http://127.0.0.1:1/ld' } as const;
    const sandbox = await sandboxForTest({ faults: [{ action }] });
    const response = await fetch(`${sandbox.url}/ld?qci=a`, { redirect: 'manual' });
    expect(response.status).toBe(302);
    expect(response.headers.get('location')).toBe('http://127.0.0.1:1/ld');
  });

  test('records with another 2xx, but never what is malformed', async () => {
    const sandbox = await sandboxForTest({ faults: [{ action: { type: 'answer', status: 204 } }] });
    const statuses = await statusesOf(sandbox, ['/ord?qci=a&ov=5', '/ord?qci=b&ov=x']);
    expect(statuses).toEqual([204, 204]);
    expect(sandbox.summary()).toMatchObject({ orders: 1, value: '5', byStatus: { 204: 2 } });
  });

  test('late: the answer is the usual one', async () => {
    const faults: Fault[] = [{ action: { type: 'delay', milliseconds: 80 } }];
    const sandbox = await sandboxForTest({ faults });
    const start = performance.now();
    expect(await statusesOf(sandbox, ['/ld?qci=a'])).toEqual([200]);
    // Timers may fire up to a millisecond early.
    expect(performance.now() - start).toBeGreaterThanOrEqual(79);
    expect(await statusesOf(sandbox, ['/ld?qci=expired-a'])).toEqual([404]);
  });

  test('slowly: the body comes a byte at a time', async () => {
    const faults: Fault[] = [{ action: { type: 'slowBody', milliseconds: 1 } }];
    const slow = new RawRequest(await sandboxForTest({ faults }), '/ld?qci=a');
    await slow.until((text) => text.endsWith(`\r\n\r\n${'.'.repeat(64)}`));
    expect(slow.text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(slow.pieces).toBeGreaterThan(10);
  });

  test('without an end: megabytes come, and the sandbox goes on when the client leaves', async () => {
    const faults: Fault[] = [{ times: 1, action: { type: 'endlessBody' } }];
    const sandbox = await sandboxForTest({ faults });
    const response = await fetch(`${sandbox.url}/ld?qci=a`);
    expect(response.status).toBe(200);
    let bytes = 0;
    for await (const chunk of response.body ?? []) {
      bytes += chunk.length;
      if (bytes > 5_000_000) break;
    }
    expect(bytes).toBeGreaterThan(5_000_000);
    expect(await statusesOf(sandbox, ['/ld?qci=b'])).toEqual([200]);
  });
});

describe('a fault that withholds the answer', () => {
  test('closes the connection in good order without a byte', async () => {
    const sandbox = await sandboxForTest({ faults: [{ action: { type: 'close' } }] });
    const closed = new RawRequest(sandbox, '/ord?qci=a&ov=5');
    expect(await closed.ended).toBe('end');
    expect(closed.text).toBe('');
    expect(sandbox.received()).toMatchObject([{ clickId: 'a', value: '5', status: null }]);
    expect(sandbox.summary()).toMatchObject({ orders: 0, value: '0', byStatus: { none: 1 } });
  });

  test('resets the connection', async () => {
    const sandbox = await sandboxForTest({ faults: [{ action: { type: 'reset' } }] });
    const reset = new RawRequest(sandbox, '/ld?qci=a');
    expect(await reset.ended).toBe('ECONNRESET');
    expect(reset.text).toBe('');
    expect(sandbox.received()).toMatchObject([{ clickId: 'a', status: null }]);
  });

  test('sends bytes that an HTTP client refuses', async () => {
    const sandbox = await sandboxForTest({ faults: [{ action: { type: 'garbage' } }] });
    const garbage = new RawRequest(sandbox, '/ld?qci=a');
    expect(await garbage.ended).toBe('end');
    expect(garbage.text).not.toBe('');
    expect(garbage.text).not.toContain('HTTP/1');
    const [error] = await once(request(`${sandbox.url}/ld?qci=a`, { agent: false }).end(), 'error');
    expect(error).toMatchObject({ code: expect.stringMatching(/^HPE_/) });
    expect(sandbox.received()).toMatchObject([{ status: null }, { status: null }]);
  });

  test('never answers, while others are answered, until the sandbox closes', async () => {
    const faults: Fault[] = [{ clickId: '^stuck', action: { type: 'hang' } }];
    const sandbox = await sandboxForTest({ faults });
    const stuck = new RawRequest(sandbox, '/ld?qci=stuck');
    await expect.poll(() => sandbox.received()).toMatchObject([{ clickId: 'stuck', status: null }]);
    expect(await statusesOf(sandbox, ['/ld?qci=a', '/ld?qci=b'])).toEqual([200, 200]);
    expect(stuck.text).toBe('');
    expect(stuck.socket.readyState).toBe('open');
    await sandbox.close();
    await stuck.ended;
    expect(stuck.text).toBe('');
  });
});

describe.each<[string, Fault['action']]>([
  ['delayed', { type: 'delay', milliseconds: 3_600_000 }],
  ['slow', { type: 'slowBody', milliseconds: 3_600_000 }],
  ['endless', { type: 'endlessBody' }],
  ['withheld', { type: 'hang' }],
])('closing the sandbox during an answer that is %s', (_, action) => {
  test('ends its connection', async () => {
    const sandbox = await sandboxForTest({ faults: [{ action }] });
    const waiting = new RawRequest(sandbox, '/ld?qci=a');
    await expect.poll(() => sandbox.received().length).toBe(1);
    await sandbox.close();
    await waiting.ended;
    expect(waiting.socket.readyState).not.toBe('open');
  });

  test('leaves nothing behind that keeps the process alive', async () => {
    const script = `
      import { get } from 'node:http';
      import { startSandbox } from ${JSON.stringify(import.meta.resolve('../../src/sandbox/sandbox.ts'))};
      const faults = [{ action: ${JSON.stringify(action)} }];
      const record = () => setImmediate(() => sandbox.close());
      const sandbox = await startSandbox({ host: '127.0.0.1', port: 0, faults, record });
      const left = () => console.log('left');
      get(sandbox.url + '/ld?qci=a', { agent: false }, (response) => {
        response.on('error', left).resume();
      }).on('error', left);
    `;
    const options = { timeout: 10_000 };
    const run = execFile(process.execPath, ['--input-type=module', '-e', script], options);
    let output = '';
    run.stdout?.on('data', (data) => {
      output += data;
    });
    expect(await once(run, 'close')).toEqual([0, null]);
    expect(output).toBe('left\n');
  }, 15_000);
});
