import { createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { createRegistry } from '../../src/avro/registry.ts';
import { ConfigurationError, UnavailableError } from '../../src/errors.ts';
import { listen } from '../listen.ts';
import { type Answer, byId, json, setUp, standInRegistry, text } from './registryStandIn.ts';
import { avro, orderPlaced } from './schemas.ts';

const orderAnswer = json({ schema: JSON.stringify(orderPlaced) });

describe('a registry that cannot answer now', () => {
  test.each([408, 425, 429, 500, 502, 503, 504])(
    'by status %d is unavailable, until it can',
    async (status) => {
      const down = json({ error_code: 50001, message: 'Error in the backend datastore' }, status);
      await using given = await setUp({
        'GET /schemas/ids/7': (response, attempt) =>
          (attempt === 1 ? down : orderAnswer)(response, attempt),
      });
      const failure = await given.registry.schemaOf(byId(7)).catch((thrown: unknown) => thrown);
      expect(failure).toBeInstanceOf(UnavailableError);
      expect((failure as Error).message).toBe(
        `schema registry at ${given.standIn.url}: answered ${status} to GET /schemas/ids/7 (Error in the backend datastore)`,
      );
      expect(await given.registry.schemaOf(byId(7))).toEqual(avro(orderPlaced));
    },
  );

  test.each<[string, Answer]>([
    ['never answers', () => {}],
    [
      'stops within the body',
      (response) => {
        response.writeHead(200);
        response.write('{"schema":');
      },
    ],
    [
      'sends the body byte by byte',
      (response) => {
        response.writeHead(200);
        const timer = setInterval(() => response.write(' '), 20);
        response.on('close', () => clearInterval(timer));
      },
    ],
  ])('because it %s is unavailable after the time-out', async (_, answer) => {
    await using given = await setUp({ 'GET /schemas/ids/7': answer }, { timeout: 200 });
    await expect(given.registry.schemaOf(byId(7))).rejects.toThrow(
      `schema registry at ${given.standIn.url}: no whole answer to GET /schemas/ids/7 within 200 ms`,
    );
  });

  test('because it does not even connect is unavailable after the time-out, to all who ask', async () => {
    const silent = createServer();
    const port = await listen(silent);
    const registry = createRegistry({ url: `https://127.0.0.1:${port}`, timeout: 200 });
    const start = performance.now();
    const asked = [1, 2, 3, 4, 5, 6].map((id) => registry.schemaOf(byId(id)));
    const failures = await Promise.all(asked.map((one) => one.catch((thrown: unknown) => thrown)));
    const elapsed = performance.now() - start;
    await registry.close();
    silent.close();
    for (const failure of failures)
      expect(String(failure)).toMatch(/no whole answer to .* within 200 ms/);
    // Without a deadline of its own, each request would wait for its own attempt to connect.
    expect(elapsed).toBeLessThan(3_000);
  });

  test('has its connection closed after the time-out', async () => {
    const { promise: closed, resolve: close } = Promise.withResolvers<void>();
    await using given = await setUp(
      { 'GET /schemas/ids/7': (response) => response.on('close', close) },
      { timeout: 200 },
    );
    await expect(given.registry.schemaOf(byId(7))).rejects.toThrow(UnavailableError);
    await closed;
  });

  test.each<[string, Answer]>([
    ['is no JSON', text('<html>maintenance</html>')],
    ['is JSON of something else', json({ hello: 'world' })],
    ['is empty', text('')],
    [
      'is larger than any schema',
      json({ schema: JSON.stringify(orderPlaced), padding: ' '.repeat(9 * 1024 * 1024) }),
    ],
    [
      'is cut',
      (response) =>
        response.writeHead(200, { 'content-length': 100 }).end('{"sch', () => response.destroy()),
    ],
    ['is a reset', (response) => response.destroy()],
    ['is a 404 that no registry gives', text('<html>no such page</html>', 404)],
    [
      'is a 404 for a path that is no registry’s',
      json({ error_code: 404, message: 'Not Found' }, 404),
    ],
    ['is a status that means nothing here', json({ error_code: 0, message: 'odd' }, 400)],
  ])(
    'because the answer %s is unavailable, and the id is not taken for unknown',
    async (_, answer) => {
      await using given = await setUp({
        'GET /schemas/ids/7': (response, attempt) =>
          (attempt === 1 ? answer : orderAnswer)(response, attempt),
      });
      await expect(given.registry.schemaOf(byId(7))).rejects.toThrow(UnavailableError);
      expect(await given.registry.schemaOf(byId(7))).toEqual(avro(orderPlaced));
    },
  );

  test('because nobody listens is unavailable, and names the address', async () => {
    const gone = await standInRegistry({});
    await gone[Symbol.asyncDispose]();
    const registry = createRegistry({ url: `${gone.url}/api`, timeout: 5_000 });
    const failure = await registry.ping().catch((thrown: unknown) => thrown);
    await registry.close();
    expect(failure).toBeInstanceOf(UnavailableError);
    expect((failure as Error).message).toMatch(
      `schema registry at ${gone.url}/api: no answer to GET /subjects: connect ECONNREFUSED`,
    );
  });

  test('asks once: the pipeline retries, not the client', async () => {
    await using given = await setUp({ 'GET /schemas/ids/7': (response) => response.destroy() });
    await expect(given.registry.schemaOf(byId(7))).rejects.toThrow(UnavailableError);
    expect(given.lines()).toHaveLength(1);
  });
});

describe('settings that must change', () => {
  test.each([401, 403])('after %d are those of the log-in', async (status) => {
    await using given = await setUp({
      'GET /schemas/ids/7': json({ error_code: status * 100 + 1, message: 'Who are you?' }, status),
    });
    const failure = await given.registry.schemaOf(byId(7)).catch((thrown: unknown) => thrown);
    expect(failure).toBeInstanceOf(ConfigurationError);
    expect((failure as ConfigurationError).problems).toMatchObject([{ setting: 'registry.auth' }]);
    expect((failure as Error).message).toContain(
      `answered ${status} to GET /schemas/ids/7 (Who are you?)`,
    );
  });

  test('after a redirect, which is not followed, are the address', async () => {
    await using given = await setUp({ 'GET /subjects': text('', 301) });
    const failure = await given.registry.ping().catch((thrown: unknown) => thrown);
    expect(failure).toBeInstanceOf(ConfigurationError);
    expect((failure as ConfigurationError).problems).toMatchObject([{ setting: 'registry.url' }]);
    expect(given.lines()).toHaveLength(1);
  });

  test('show no password', async () => {
    const auth = { username: 'reader', password: 'canary-1' };
    await using given = await setUp({ 'GET /subjects': json({}, 500) }, { auth });
    const url = given.standIn.url.replace('//', '//user:canary-2@');
    const registry = createRegistry({ url, auth, timeout: 5_000 });
    const failure = (await registry.ping().catch((thrown: unknown) => thrown)) as Error;
    await registry.close();
    expect(failure.message).toContain('answered 500');
    expect(`${failure.message}${failure.stack}${JSON.stringify(failure)}`).not.toContain('canary');
  });
});
