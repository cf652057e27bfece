import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { UnreadableSchemaError } from '../../src/avro/errors.ts';
import { compileReader } from '../../src/avro/reader.ts';
import { createRegistry, type RegistryOptions } from '../../src/avro/registry.ts';
import { encoder } from '../../src/avro/schema.ts';
import { ConfigurationError, UnavailableError } from '../../src/errors.ts';
import { type Answer, json, standInRegistry, text, unknownId } from './registryStandIn.ts';
import { avro, orderPlaced, record } from './schemas.ts';

const orderAnswer = json({ schema: JSON.stringify(orderPlaced) });

/** A registry client and the stand-in that it talks to, both ended at the end of the test. */
async function setUp(answers: Record<string, Answer>, options: Partial<RegistryOptions> = {}) {
  const standIn = await standInRegistry(answers);
  const registry = createRegistry({ url: standIn.url, timeout: 5_000, ...options });
  return {
    registry,
    standIn,
    lines: () => standIn.seen.map(({ line }) => line),
    async [Symbol.asyncDispose]() {
      await registry.close();
      await standIn[Symbol.asyncDispose]();
    },
  };
}

function versionAnswer(subject: string, id: number, schema: unknown, more: object = {}): Answer {
  return json({ subject, id, version: 1, schema: JSON.stringify(schema), ...more });
}

describe('a schema by its id', () => {
  test('is fetched once, however many ask for it and when', async () => {
    await using given = await setUp({ 'GET /schemas/ids/7': orderAnswer });
    const askers = Array.from({ length: 50 }, () => given.registry.schemaById(7));
    const schemas = await Promise.all([...askers, given.registry.schemaById(7)]);
    expect(await given.registry.schemaById(7)).toEqual(avro(orderPlaced));
    expect(new Set(schemas).size).toBe(1);
    expect(given.lines()).toEqual(['GET /schemas/ids/7']);
  });

  test('is undefined when the registry does not know the id, which is not asked again at once', async () => {
    await using given = await setUp({ 'GET /schemas/ids/7': unknownId });
    expect(await given.registry.schemaById(7)).toBeUndefined();
    expect(await given.registry.schemaById(7)).toBeUndefined();
    expect(given.lines()).toHaveLength(1);
  });

  test('comes with the schemas that it refers to, each once and after its own', async () => {
    const currency = { type: 'enum', name: 'com.money.Currency', symbols: ['EUR', 'USD'] };
    const money = record('com.money.Money', { amount: 'int', currency: 'com.money.Currency' });
    const order = record('com.shop.OrderPlaced', {
      total: 'com.money.Money',
      currency: 'com.money.Currency',
    });
    const currencyUse = { name: 'com.money.Currency', subject: 'money/currency', version: 1 };
    const moneyUse = { name: 'com.money.Money', subject: 'money', version: 3 };
    await using given = await setUp({
      'GET /schemas/ids/7': json({
        schema: JSON.stringify(order),
        schemaType: 'AVRO',
        references: [moneyUse, currencyUse],
      }),
      'GET /subjects/money/versions/3': versionAnswer('money', 5, money, {
        references: [currencyUse],
      }),
      'GET /subjects/money%2Fcurrency/versions/1': versionAnswer('money/currency', 4, currency),
    });
    const schema = await given.registry.schemaById(7);
    expect(schema).toEqual(avro(order, [currency, money]));
    expect(given.lines()).toHaveLength(3);
    const bytes = encoder(avro(order, [currency, money]))({
      total: { amount: 5, currency: 'USD' },
      currency: 'EUR',
    });
    const reader = compileReader(avro(order, [currency, money]), ['total.currency', 'currency']);
    expect(reader.read(bytes)).toEqual(['USD', 'EUR']);
  });

  test.each([
    ['of another type', json({ schema: 'syntax = "proto3";', schemaType: 'PROTOBUF' }), 'PROTOBUF'],
    ['that is no JSON', json({ schema: '{' }), 'it is no JSON'],
    ['that is not valid', json({ schema: '{"type":"recrod"}' }), 'undefined type name'],
    [
      'whose reference is gone',
      json({ schema: '"X"', references: [{ name: 'X', subject: 'x', version: 2 }] }),
      'version 2 of its reference x is gone',
    ],
  ])('%s is unreadable, for good', async (_, answer, reason) => {
    await using given = await setUp({ 'GET /schemas/ids/7': answer });
    const failure = await given.registry.schemaById(7).catch((thrown: unknown) => thrown);
    expect(failure).toBeInstanceOf(UnreadableSchemaError);
    expect(failure).toMatchObject({ id: 7, reason: expect.stringContaining(reason) });
    const count = given.lines().length;
    await expect(given.registry.schemaById(7)).rejects.toThrow(UnreadableSchemaError);
    expect(given.lines()).toHaveLength(count);
  });
});

describe('a registry that cannot answer now', () => {
  test.each([408, 425, 429, 500, 502, 503, 504])(
    'by status %d is unavailable, until it can',
    async (status) => {
      const down = json({ error_code: 50001, message: 'Error in the backend datastore' }, status);
      await using given = await setUp({
        'GET /schemas/ids/7': (response, attempt) =>
          (attempt === 1 ? down : orderAnswer)(response, attempt),
      });
      const failure = await given.registry.schemaById(7).catch((thrown: unknown) => thrown);
      expect(failure).toBeInstanceOf(UnavailableError);
      expect((failure as Error).message).toBe(
        `schema registry at ${given.standIn.url}: answered ${status} to GET /schemas/ids/7 (Error in the backend datastore)`,
      );
      expect(await given.registry.schemaById(7)).toEqual(avro(orderPlaced));
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
    await expect(given.registry.schemaById(7)).rejects.toThrow(
      `schema registry at ${given.standIn.url}: no whole answer to GET /schemas/ids/7 within 200 ms`,
    );
  });

  test('because it does not even connect is unavailable after the time-out, to all who ask', async () => {
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    const registry = createRegistry({ url: `https://127.0.0.1:${port}`, timeout: 200 });
    const start = performance.now();
    const asked = [1, 2, 3, 4, 5, 6].map((id) => registry.schemaById(id));
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
    await expect(given.registry.schemaById(7)).rejects.toThrow(UnavailableError);
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
      await expect(given.registry.schemaById(7)).rejects.toThrow(UnavailableError);
      expect(await given.registry.schemaById(7)).toEqual(avro(orderPlaced));
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
    await expect(given.registry.schemaById(7)).rejects.toThrow(UnavailableError);
    expect(given.lines()).toHaveLength(1);
  });
});

describe('settings that must change', () => {
  test.each([401, 403])('after %d are those of the log-in', async (status) => {
    await using given = await setUp({
      'GET /schemas/ids/7': json({ error_code: status * 100 + 1, message: 'Who are you?' }, status),
    });
    const failure = await given.registry.schemaById(7).catch((thrown: unknown) => thrown);
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

describe('a request', () => {
  test.each<[RegistryOptions['auth'], string | undefined]>([
    [
      { username: 'me', password: 'é:secret' },
      `Basic ${Buffer.from('me:é:secret').toString('base64')}`,
    ],
    [{ token: 'abc' }, 'Bearer abc'],
    [undefined, undefined],
  ])('logs in by %j', async (auth, header) => {
    await using given = await setUp({ 'GET /subjects': json([]) }, { auth });
    await given.registry.ping();
    expect(given.standIn.seen[0]?.headers.authorization).toBe(header);
  });

  test('goes below the path of the address, with or without a slash at its end', async () => {
    await using given = await setUp({ 'GET /apis/ccompat/v7/subjects': json([]) });
    for (const path of ['/apis/ccompat/v7', '/apis/ccompat/v7/']) {
      const registry = createRegistry({ url: `${given.standIn.url}${path}`, timeout: 5_000 });
      await registry.ping();
      await registry.close();
    }
    expect(given.lines()).toEqual(Array(2).fill('GET /apis/ccompat/v7/subjects'));
  });

  test('fails when the registry is closed meanwhile', async () => {
    const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>();
    await using given = await setUp({ 'GET /schemas/ids/7': () => arrive() });
    const asked = given.registry.schemaById(7).catch((thrown: unknown) => thrown);
    await arrived;
    await given.registry.close();
    expect(await asked).toBeInstanceOf(UnavailableError);
  });
});

describe('the latest schemas of a topic', () => {
  test('are those of the subjects that its values may have, by each strategy', async () => {
    const subjects = [
      'orders-value',
      'orders-key',
      'orders-com.shop.OrderPlaced',
      'orders-eu-value',
      'orders-eu-com.shop.OrderPlaced',
      'com.shop.OrderPlaced',
      'com.shop.Other',
      'other-value',
    ];
    await using given = await setUp({
      'GET /subjects': json(subjects),
      ...Object.fromEntries(
        subjects.map((subject, id) => [
          `GET /subjects/${subject}/versions/latest`,
          versionAnswer(subject, id, orderPlaced),
        ]),
      ),
    });
    const schema = avro(orderPlaced);
    expect(await given.registry.latestSchemas('orders', ['com.shop.OrderPlaced'])).toEqual([
      { subject: 'orders-value', id: 0, version: 1, schema },
      { subject: 'orders-com.shop.OrderPlaced', id: 2, version: 1, schema },
      { subject: 'com.shop.OrderPlaced', id: 5, version: 1, schema },
    ]);
    expect(await given.registry.latestSchemas('orders', [])).toHaveLength(2);
    expect(await given.registry.latestSchemas('none', [])).toEqual([]);
  });

  test('leave out a subject that is deleted meanwhile', async () => {
    await using given = await setUp({ 'GET /subjects': json(['orders-value']) });
    expect(await given.registry.latestSchemas('orders', [])).toEqual([]);
  });

  test('throw for a schema that is not Avro', async () => {
    await using given = await setUp({
      'GET /subjects': json(['orders-value']),
      'GET /subjects/orders-value/versions/latest': versionAnswer(
        'orders-value',
        3,
        {},
        { schemaType: 'JSON' },
      ),
    });
    await expect(given.registry.latestSchemas('orders', [])).rejects.toThrow(UnreadableSchemaError);
  });
});

describe('registering', () => {
  test('posts the schema and gives its id', async () => {
    await using given = await setUp({ 'POST /subjects/orders-value/versions': json({ id: 42 }) });
    expect(await given.registry.register('orders-value', avro(orderPlaced))).toBe(42);
    const [request] = given.standIn.seen;
    expect(JSON.parse(request?.body ?? '')).toEqual({ schema: JSON.stringify(orderPlaced) });
    expect(request?.headers['content-type']).toBe('application/vnd.schemaregistry.v1+json');
  });

  test.each([409, 422])(
    'a schema that the registry does not take (%d) says why',
    async (status) => {
      await using given = await setUp({
        'POST /subjects/orders-value/versions': json(
          { error_code: status, message: 'incompatible' },
          status,
        ),
      });
      const registering = given.registry.register('orders-value', avro(orderPlaced));
      await expect(registering).rejects.toThrow(ConfigurationError);
      await expect(registering).rejects.toThrow('(incompatible); it does not take this schema');
    },
  );

  test('does not do for a schema with references', async () => {
    await using given = await setUp({});
    await expect(given.registry.register('x', avro('X', [{}]))).rejects.toThrow(TypeError);
    expect(given.lines()).toEqual([]);
  });
});
