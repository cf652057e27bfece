import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { ConfigurationError, toError, UnavailableError } from '../../src/errors.ts';
import { readStatistics } from '../../src/powerspace/statistics.ts';
import { sandboxForTest } from '../sandbox/support.ts';
import { type AnswerByHand, startReceiver } from './receiver.ts';

const token = 'qZ7 canary&+/';
const path = '/v4/advertiser';
const date = '2026-11-23';
/** As it stands in a query, too. */
const secrets = /qZ7|canary/;

function answering(status: string, body = '', type = 'application/json'): AnswerByHand {
  const head = `HTTP/1.1 ${status}\r\ncontent-type: ${type}\r\ncontent-length: ${body.length}`;
  return (socket) => socket.write(`${head}\r\n\r\n${body}`);
}

async function refusalOf(answer: AnswerByHand, timeout = 30_000) {
  const { url, requests } = await startReceiver(answer);
  const reading = readStatistics({ url: `${url}${path}`, token, timeout }, date);
  const error = await reading.then(() => new Error('it did not refuse'), toError);
  expect(inspect(error, { depth: 9, showHidden: true })).not.toMatch(secrets);
  expect(requests).toHaveLength(1);
  return { error, address: `${url}${path}` };
}

describe('the statistics', () => {
  test('of a day are asked for with date and token, and come as JSON', async () => {
    const { url, requests } = await startReceiver(answering('200 OK', '[{"leads":3}]'));
    const options = { url: `${url}${path}`, token, timeout: 30_000 };
    expect(await readStatistics(options, date)).toEqual([{ leads: 3 }]);
    const target = `${path}?date=${date}&token=qZ7+canary%26%2B%2F`;
    expect(requests).toEqual([expect.stringContaining(`GET ${target} HTTP/1.1`)]);
  });

  test('of a sandbox are none before anything was recorded', async () => {
    const { url } = await sandboxForTest();
    const options = { url: `${url}${path}`, token, timeout: 30_000 };
    expect(await readStatistics(options, date)).toEqual([]);
  });

  test.each([
    ['401 Unauthorized', 'answered 401: the token is not accepted (reconcile.token)'],
    ['403 Forbidden', 'answered 403: the token is not accepted (reconcile.token)'],
    ['404 Not Found', 'answered 404: there are no statistics at this address (reconcile.url)'],
    ['400 Bad Request', 'answered 400: it does not take the request (reconcile.url)'],
  ])('answered %s are for somebody to mend', async (status, message) => {
    const { error, address } = await refusalOf(answering(status, `no ${token}`, 'text/plain'));
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error.message).toBe(`error: Powerspace's statistics at ${address}: ${message}`);
  });

  test('are not looked for where a redirect points', async () => {
    const { error } = await refusalOf((socket) =>
      socket.write(`HTTP/1.1 302 Found\r\nlocation: /?token=${token}\r\ncontent-length: 0\r\n\r\n`),
    );
    expect(error.message).toContain('answered 302: redirects are not followed (reconcile.url)');
  });

  test.each(['429 Too Many Requests', '503 Service Unavailable', '204 No Content'])(
    'answered %s may be there later',
    async (status) => {
      const { error } = await refusalOf((socket) =>
        socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\n\r\n`),
      );
      expect(error).toBeInstanceOf(UnavailableError);
      expect(error.message).toContain(`answered ${status.slice(0, 3)}`);
    },
  );

  test.each([
    ['<p>qZ7 canary</p>', 'text/html', 'answered text/html where JSON was expected'],
    ['"qZ7 canary', 'application/json', 'answered application/json where JSON was expected'],
    ['', 'application/json', 'answered nothing where JSON was expected'],
  ])('are not %s', async (body, type, message) => {
    const { error } = await refusalOf(answering('200 OK', body, type));
    expect(error.message).toContain(message);
  });

  test.each([
    ['no answer', () => undefined],
    ['half an answer', (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n[')],
  ] satisfies [string, AnswerByHand][])(
    'are given up after the time-out: %s',
    async (_, answer) => {
      const { error } = await refusalOf(answer, 200);
      expect(error).toBeInstanceOf(UnavailableError);
      expect(error.message).toMatch(/: no whole answer within 200 ms$/);
    },
  );

  test('are not read without end', async () => {
    const { error } = await refusalOf((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      const more = () => {
        while (socket.writable && socket.write(Buffer.alloc(65_536, ' ')));
      };
      socket.on('drain', more);
      more();
    });
    expect(error).toBeInstanceOf(UnavailableError);
    expect(error.message).not.toContain('no whole answer');
  });

  test('are unavailable where nothing answers, or the connection is cut', async () => {
    const { error } = await refusalOf((socket) => socket.resetAndDestroy());
    expect(error).toBeInstanceOf(UnavailableError);
  });
});
