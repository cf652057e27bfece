import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { classify } from '../../src/powerspace/answer.ts';
import { sandboxForTest } from '../sandbox/support.ts';
import { clientFor, ok, startReceiver, unusedPort } from './receiver.ts';

describe('an attempt that is answered', () => {
  test('gives the status, and Retry-After as it came', async () => {
    const faults = [
      { clickId: 'busy', action: { type: 'answer', status: 429, retryAfter: 7 } as const },
    ];
    const sandbox = await sandboxForTest({ faults });
    const client = clientFor(sandbox.url);
    expect(await client.get('/ld?qci=a')).toEqual({
      type: 'answer',
      status: 200,
      retryAfter: undefined,
    });
    expect(await client.get('/ld?qci=busy')).toEqual({
      type: 'answer',
      status: 429,
      retryAfter: '7',
    });
  });

  test('takes the first of several Retry-After headers', async () => {
    const receiver = await startReceiver((socket) =>
      socket.write(
        'HTTP/1.1 503 No\r\nRetry-After: 1\r\nretry-after: 2\r\ncontent-length: 0\r\n\r\n',
      ),
    );
    expect(await clientFor(receiver.url).get('/ld?qci=a')).toMatchObject({ retryAfter: '1' });
  });

  test('is one GET of exactly that target', async () => {
    const receiver = await startReceiver((socket) => socket.write(ok));
    await clientFor(receiver.url).get('/ord?qci=a%26b&ov=49.99');
    expect(receiver.requests).toHaveLength(1);
    expect(receiver.requests[0]).toMatch(/^GET \/ord\?qci=a%26b&ov=49\.99 HTTP\/1\.1\r\n/);
    expect(receiver.requests[0]).toContain(`host: ${new URL(receiver.url).host}`);
  });

  test('is over with the final answer, whatever informational ones come before', async () => {
    const early = 'HTTP/1.1 103 Early Hints\r\nretry-after: 9\r\n\r\n';
    const receiver = await startReceiver((socket) => socket.write(early + early + ok));
    expect(await clientFor(receiver.url).get('/ld?qci=a')).toEqual({
      type: 'answer',
      status: 200,
      retryAfter: undefined,
    });
  });

  test('never follows a redirect', async () => {
    const elsewhere = await startReceiver((socket) => socket.write(ok));
    const location = `${elsewhere.url}/ld?qci=a`;
    const sandbox = await sandboxForTest({
      faults: [{ action: { type: 'answer', status: 302, location } }],
    });
    const result = await clientFor(sandbox.url).get('/ld?qci=a');
    expect(result).toMatchObject({ type: 'answer', status: 302 });
    expect(elsewhere.connections()).toBe(0);
    expect(sandbox.received()).toHaveLength(1);
  });

  test('has no more than 64 KB of its body read, and keeps its status', async () => {
    const sandbox = await sandboxForTest({ faults: [{ action: { type: 'endlessBody' } }] });
    const result = await clientFor(sandbox.url).get('/ld?qci=a');
    expect(result).toMatchObject({ type: 'answer', status: 200 });
  });

  test('may have a body of 64 KB, after which the connection is used again', async () => {
    const answer = `HTTP/1.1 200 OK\r\ncontent-length: 65536\r\n\r\n${'x'.repeat(65_536)}`;
    const receiver = await startReceiver((socket) => socket.write(answer));
    const client = clientFor(receiver.url, { concurrency: 1 });
    for (let attempt = 0; attempt < 3; attempt += 1) {
      expect(await client.get('/ld?qci=a')).toMatchObject({ status: 200 });
    }
    expect(receiver.connections()).toBe(1);
  });
});

describe('connections', () => {
  test('are no more than postbacks may be in flight', async () => {
    const receiver = await startReceiver((socket) => setTimeout(() => socket.write(ok), 20));
    const client = clientFor(receiver.url, { concurrency: 3 });
    const targets = Array.from({ length: 12 }, (_, index) => `/ld?qci=${index}`);
    const results = await Promise.all(targets.map((target) => client.get(target)));
    expect(results.map(classify)).toEqual(targets.map(() => 'delivered'));
    expect(receiver.requests).toHaveLength(12);
    expect(receiver.connections()).toBe(3);
  });

  test('that the receiver has closed while idle are not used: each attempt arrives once', async () => {
    const receiver = await startReceiver((socket) => socket.write(ok));
    const client = clientFor(receiver.url, { concurrency: 1 });
    for (let attempt = 0; attempt < 5; attempt += 1) {
      expect(await client.get(`/ld?qci=${attempt}`)).toMatchObject({ status: 200 });
      for (const socket of receiver.sockets) socket.end();
      await expect.poll(() => receiver.sockets.size).toBe(0);
    }
    expect(receiver.requests).toHaveLength(5);
    expect(receiver.connections()).toBe(5);
  });
});

describe('closing the client', () => {
  test('ends every connection and what is under way on it', async () => {
    const sandbox = await sandboxForTest({ faults: [{ action: { type: 'hang' } }] });
    const receiver = await startReceiver((socket) => socket.write(ok));
    const hanging = clientFor(sandbox.url);
    const idle = clientFor(receiver.url);
    await idle.get('/ld?qci=a');
    const attempt = hanging.get('/ld?qci=a');
    await expect.poll(() => sandbox.received().length).toBe(1);
    await Promise.all([hanging.close(), idle.close()]);
    expect(classify(await attempt)).toBe('ambiguous');
    await expect.poll(() => receiver.sockets.size).toBe(0);
  });

  test('may happen twice, and an attempt after it fails before anything is sent', async () => {
    const client = clientFor(`http://127.0.0.1:${await unusedPort()}`);
    await client.close();
    await client.close();
    expect(await client.get('/ld?qci=a')).toMatchObject({ stage: 'before-request' });
  });

  test('leaves nothing behind that keeps the process alive', async () => {
    const sandbox = await sandboxForTest({
      faults: [{ clickId: 'hang', action: { type: 'hang' } }],
    });
    const script = `
      import { createPowerspaceClient } from ${JSON.stringify(import.meta.resolve('../../src/powerspace/client.ts'))};
      const client = createPowerspaceClient({ url: '${sandbox.url}', timeout: 3_600_000, concurrency: 4 });
      const hanging = client.get('/ld?qci=hang');
      await client.get('/ld?qci=a');
      await client.close();
      await hanging;
    `;
    const run = execFile(process.execPath, ['--input-type=module', '-e', script], {
      timeout: 10_000,
    });
    expect(await once(run, 'close')).toEqual([0, null]);
  }, 15_000);
});
