import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { classify } from '../../src/powerspace/answer.ts';
import { clientFor, ok, startReceiver } from './receiver.ts';

const megabyte = 1024 * 1024;

describe('a connection that the receiver closes', () => {
  test('with each answer, and without a word: each attempt arrives once at most, and each answer counts', async () => {
    const attempts = 200;
    // The answer and the end of the connection may come together, or the end when the next request is on its way.
    const receiver = await startReceiver((socket) => {
      socket.write(ok);
      setImmediate(() => socket.end());
    });
    const client = clientFor(receiver.url, { concurrency: 4 });
    const targets = Array.from({ length: attempts }, (_, index) => `/ld?qci=${index}`);
    const results = await Promise.all(targets.map((target) => client.get(target)));

    const arrived = receiver.requests.map((request) => request.split(' ', 2)[1]);
    expect(new Set(arrived).size).toBe(arrived.length);
    const delivered = targets.filter((_, index) => results[index]?.type === 'answer');
    expect(arrived).toEqual(expect.arrayContaining(delivered));
    // What is sure not to have been sent never arrived.
    const unsent = targets.filter((_, index) => {
      const result = results[index];
      return result !== undefined && classify(result) === 'transient';
    });
    expect(arrived.filter((target) => unsent.includes(String(target)))).toEqual([]);
  });
});

describe('of a body without measure', () => {
  test('no more is taken than there is room for on the way, whatever length it announces', async () => {
    let written = 0;
    const receiver = await startReceiver((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${10 * 1024 * megabyte}\r\n\r\n`);
      const piece = Buffer.alloc(64 * 1024);
      const pour = () => {
        while (!socket.destroyed && written < 256 * megabyte) {
          written += piece.length;
          if (!socket.write(piece)) return;
        }
      };
      socket.on('drain', pour);
      pour();
    });
    expect(await clientFor(receiver.url).get('/ld?qci=a')).toMatchObject({ status: 200 });
    await expect.poll(() => receiver.sockets.size).toBe(0);
    expect(written).toBeLessThan(32 * megabyte);
    expect(receiver.requests).toHaveLength(1);
  });

  test('that is packed nothing is unpacked: as small as it comes it is read, and the connection used again', async () => {
    const bomb = gzipSync(Buffer.alloc(50 * megabyte));
    expect(bomb.length).toBeLessThan(64 * 1024);
    const head = `HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: ${bomb.length}\r\n\r\n`;
    const receiver = await startReceiver((socket) => {
      socket.write(head);
      socket.write(bomb);
    });
    const client = clientFor(receiver.url, { concurrency: 1 });
    for (let attempt = 0; attempt < 3; attempt += 1) {
      expect(await client.get('/ld?qci=a')).toMatchObject({ status: 200 });
    }
    expect(receiver.connections()).toBe(1);
    expect(receiver.requests).toHaveLength(3);
  });
});

test.each([301, 302, 303, 307, 308])(
  'a redirect %i to another path of the same receiver is not followed, and no success',
  async (status) => {
    const receiver = await startReceiver((socket, target) =>
      socket.write(
        target.startsWith('/ld')
          ? `HTTP/1.1 ${status} There\r\nlocation: /there\r\ncontent-length: 0\r\n\r\n`
          : ok,
      ),
    );
    const result = await clientFor(receiver.url).get('/ld?qci=a');
    expect(classify(result)).toBe('setup');
    expect(receiver.requests).toHaveLength(1);
  },
);
