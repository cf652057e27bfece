import { describe, expect, test } from 'vitest';
import { UnreadableSchemaError } from '../../src/avro/errors.ts';
import { createRegistry, type RegistryOptions } from '../../src/avro/registry.ts';
import { encoder } from '../../src/avro/schema.ts';
import { ConfigurationError, UnavailableError } from '../../src/errors.ts';
import { type Answer, byId, json, setUp, unknownId } from './registryStandIn.ts';
import { avro, compileReader, orderPlaced, record } from './schemas.ts';

const orderAnswer = json({ schema: JSON.stringify(orderPlaced) });

function versionAnswer(subject: string, id: number, schema: unknown, more: object = {}): Answer {
  return json({ subject, id, version: 1, schema: JSON.stringify(schema), ...more });
}

describe('a schema by its id', () => {
  test('is fetched once, however many ask for it and when', async () => {
    await using given = await setUp({ 'GET /schemas/ids/7': orderAnswer });
    const askers = Array.from({ length: 50 }, () => given.registry.schemaOf(byId(7)));
    const schemas = await Promise.all([...askers, given.registry.schemaOf(byId(7))]);
    expect(await given.registry.schemaOf(byId(7))).toEqual(avro(orderPlaced));
    expect(new Set(schemas).size).toBe(1);
    expect(given.lines()).toEqual(['GET /schemas/ids/7']);
  });

  test('is asked for again before it is taken for unknown, but not at once', async () => {
    await using given = await setUp({ 'GET /schemas/ids/7': unknownId });
    for (const _ of [1, 2]) {
      await expect(given.registry.schemaOf(byId(7))).rejects.toThrow(
        `schema registry at ${given.standIn.url}: it has no schema with the id 7, or not yet`,
      );
    }
    expect(given.lines()).toHaveLength(1);
  });

  test('is found by its GUID', async () => {
    const guid = '0198a4f2-7c1e-7b43-9a51-3d2f6e8c1b07';
    await using given = await setUp({ [`GET /schemas/guids/${guid}`]: orderAnswer });
    expect(await given.registry.schemaOf({ kind: 'guid', value: guid })).toEqual(avro(orderPlaced));
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
      'GET /subjects/money/versions/3?deleted=true': versionAnswer('money', 5, money, {
        references: [currencyUse],
      }),
      'GET /subjects/money%2Fcurrency/versions/1?deleted=true': versionAnswer(
        'money/currency',
        4,
        currency,
      ),
    });
    const schema = await given.registry.schemaOf(byId(7));
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
    const failure = await given.registry.schemaOf(byId(7)).catch((thrown: unknown) => thrown);
    expect(failure).toBeInstanceOf(UnreadableSchemaError);
    expect(failure).toMatchObject({ id: 7, reason: expect.stringContaining(reason) });
    const count = given.lines().length;
    await expect(given.registry.schemaOf(byId(7))).rejects.toThrow(UnreadableSchemaError);
    expect(given.lines()).toHaveLength(count);
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
    const asked = given.registry.schemaOf(byId(7)).catch((thrown: unknown) => thrown);
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
      'orders-old',
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
      { subject: 'com.shop.OrderPlaced', id: 6, version: 1, schema },
    ]);
    expect(await given.registry.latestSchemas('orders', [])).toHaveLength(2);
    expect(await given.registry.latestSchemas('none', [])).toEqual([]);
  });

  test('are those of full names that end in the short name of an event, if nothing else is found', async () => {
    const subjects = ['com.shop.OrderPlaced', 'com.shop.Other', 'eu-com.shop.OrderPlaced'];
    const answer = versionAnswer('', 1, orderPlaced);
    await using given = await setUp({
      'GET /subjects': json(subjects),
      'GET /subjects/com.shop.OrderPlaced/versions/latest': answer,
    });
    expect(await given.registry.latestSchemas('orders', ['OrderPlaced'])).toMatchObject([
      { subject: 'com.shop.OrderPlaced' },
    ]);
    await using other = await setUp({
      'GET /subjects': json([...subjects, 'orders-value']),
      'GET /subjects/orders-value/versions/latest': answer,
    });
    expect(await other.registry.latestSchemas('orders', ['OrderPlaced'])).toMatchObject([
      { subject: 'orders-value' },
    ]);
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
