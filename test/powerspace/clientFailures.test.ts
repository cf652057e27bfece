import dns from 'node:dns';
import { createServer, type Socket } from 'node:net';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { classify } from '../../src/powerspace/answer.ts';
import type { Fault } from '../../src/sandbox/faults.ts';
import { listen } from '../listen.ts';
import { sandboxForTest } from '../sandbox/support.ts';
import { clientFor, startReceiver, unusedPort } from './receiver.ts';

describe('an attempt that fails before the request went out', () => {
  test('says so when nobody listens', async () => {
    const result = await clientFor(`http://127.0.0.1:${await unusedPort()}`).get('/ld?qci=a');
    expect(result).toMatchObject({ stage: 'before-request', code: 'ECONNREFUSED' });
    expect(classify(result)).toBe('transient');
  });

  test('says what happened at each address of a host that has several', async () => {
    const addresses = ['127.0.0.1', '127.0.0.2'].map((address) => ({ address, family: 4 }));
    const lookup = vi.spyOn(dns, 'lookup').mockImplementation(((...parameters: unknown[]) => {
      const callback = parameters.at(-1) as (error: null, found: typeof addresses) => void;
      callback(null, addresses);
    }) as typeof dns.lookup);
    onTestFinished(() => lookup.mockRestore());
    const port = await unusedPort();
    expect(await clientFor(`http://two-addresses.example:${port}`).get('/ld?qci=a')).toEqual({
      type: 'failure',
      stage: 'before-request',
      code: 'ECONNREFUSED',
      message: `connect ECONNREFUSED 127.0.0.1:${port}; connect ECONNREFUSED 127.0.0.2:${port}`,
    });
  });

  test('says so when there is no such host', async () => {
    const result = await clientFor('http://no-such-host.invalid').get('/ld?qci=a');
    expect(result).toMatchObject({
      stage: 'before-request',
      code: expect.stringMatching(/^(ENOTFOUND|EAI_AGAIN)$/),
    });
    expect(classify(result)).toBe('transient');
  });

  test('says so when the host is not to be reached in time', async () => {
    const client = clientFor(`https://127.0.0.1:${await silentPort()}`, { timeout: 100 });
    const result = await client.get('/ld?qci=a');
    expect(result).toMatchObject({ stage: 'before-request', code: 'UND_ERR_CONNECT_TIMEOUT' });
  });
});

describe('an attempt that fails after the request was written', () => {
  test.each<[string, Fault['action']['type']]>([
    ['closes the connection', 'close'],
    ['resets the connection', 'reset'],
    ['sends bytes that are not HTTP', 'garbage'],
  ])('is ambiguous, and never repeated, when the receiver %s', async (_, type) => {
    const sandbox = await sandboxForTest({ faults: [{ action: { type } as Fault['action'] }] });
    const client = clientFor(sandbox.url);
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      const result = await client.get('/ord?qci=a&ov=1');
      expect(result).toMatchObject({ type: 'failure', stage: 'after-request' });
      expect(classify(result)).toBe('ambiguous');
      expect(sandbox.received()).toHaveLength(attempt);
    }
  });

  test('is ambiguous, and not repeated, on a connection that has served before', async () => {
    const faults: Fault[] = [{ clickId: 'b', action: { type: 'close' } }];
    const sandbox = await sandboxForTest({ faults });
    const client = clientFor(sandbox.url, { concurrency: 1 });
    expect(classify(await client.get('/ld?qci=a'))).toBe('delivered');
    expect(classify(await client.get('/ld?qci=b'))).toBe('ambiguous');
    expect(classify(await client.get('/ld?qci=c'))).toBe('delivered');
    expect(sandbox.received().map(({ clickId }) => clickId)).toEqual(['a', 'b', 'c']);
  });

  test.each([
    ['headers that break off', 'HTTP/1.1 200 OK\r\ncontent-'],
    ['a body that breaks off', 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab'],
    ['headers of a megabyte', `HTTP/1.1 200 OK\r\nx: ${'x'.repeat(1_000_000)}`],
    ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab'],
    ['a change of protocol', 'HTTP/1.1 101 Now\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'],
    ['informational answers alone', 'HTTP/1.1 103 Early Hints\r\n\r\n'],
    ['nothing', ''],
  ])('is ambiguous when the answer has %s', async (_, bytes) => {
    const receiver = await startReceiver((socket) => socket.end(bytes));
    const result = await clientFor(receiver.url).get('/ld?qci=a');
    expect(result).toMatchObject({ type: 'failure', stage: 'after-request' });
    expect(receiver.requests).toHaveLength(1);
  });
});

describe('an answer that is not whole when the time is up', () => {
  const timeout = 150;
  const timedOut = {
    type: 'failure',
    stage: 'after-request',
    code: 'ETIMEDOUT',
    message: 'no whole answer within 150 ms',
  };

  test.each<[string, Fault['action']]>([
    ['never comes', { type: 'hang' }],
    ['comes too late', { type: 'delay', milliseconds: 3_600_000 }],
    ['has a body that comes a byte at a time', { type: 'slowBody', milliseconds: 20 }],
  ])('is ambiguous: it %s', async (_, action) => {
    const sandbox = await sandboxForTest({ faults: [{ action }] });
    expect(await clientFor(sandbox.url, { timeout }).get('/ld?qci=a')).toEqual(timedOut);
    expect(sandbox.received()).toHaveLength(1);
  });

  test.each([
    ['has headers without an end', 'x: y\r\n', 'HTTP/1.1 200 OK\r\n'],
    ['is one informational answer after the other', 'HTTP/1.1 103 Early Hints\r\n\r\n', ''],
  ])('is ambiguous: it %s', async (_, drop, start) => {
    const receiver = await startReceiver((socket) => {
      socket.write(start);
      drip(socket, drop);
    });
    expect(await clientFor(receiver.url, { timeout }).get('/ld?qci=a')).toEqual(timedOut);
    expect(receiver.requests).toHaveLength(1);
    await expect.poll(() => receiver.sockets.size).toBe(0);
  });

  test('is given up although informational answers flood in', async () => {
    const flood = 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(500);
    const receiver = await startReceiver((socket) => {
      const pour = () => {
        while (!socket.destroyed && socket.write(flood));
      };
      socket.on('drain', pour);
      pour();
    });
    expect(await clientFor(receiver.url, { timeout }).get('/ld?qci=a')).toEqual(timedOut);
    expect(receiver.requests).toHaveLength(1);
  });
});

/** Writes the drop every few milliseconds, until the other side leaves. */
function drip(socket: Socket, drop: string): void {
  const timer = setInterval(() => socket.write(drop), 10);
  socket.once('close', () => clearInterval(timer));
}

/** A port on which connections are taken and never spoken on. */
async function silentPort(): Promise<number> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => sockets.push(socket.on('error', () => {})));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return listen(server);
}
