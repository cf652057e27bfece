import { describe, expect, test } from 'vitest';
import { createRegistry } from '../../src/avro/registry.ts';
import { ConfigurationError, UnavailableError } from '../../src/errors.ts';
import { type Answer, json, standInRegistry, text } from './registryStandIn.ts';
import { avro, orderPlaced, record } from './schemas.ts';

const money = record('com.money.Money', { amount: 'int' });
const order = record('com.shop.OrderPlaced', { total: 'com.money.Money' });
const globalId = { kind: 'globalId', value: 7 } as const;
const noSuchPath = json(
  { error_code: 404, name: 'NotFoundException', message: 'no resource' },
  404,
);
const noSuchId = json(
  { error_code: 404, name: 'ArtifactNotFoundException', message: 'No artifact' },
  404,
);

async function setUp(answers: Record<string, Answer>, path: string) {
  const standIn = await standInRegistry(answers);
  const registry = createRegistry({ url: `${standIn.url}${path}`, timeout: 5_000 });
  return {
    registry,
    lines: () => standIn.seen.map(({ line }) => line),
    async [Symbol.asyncDispose]() {
      await registry.close();
      await standIn[Symbol.asyncDispose]();
    },
  };
}

/** The answers of a version of Apicurio's API for the global id 7, which refers to another artifact. */
function answersOf(version: 2 | 3): Record<string, Answer> {
  const api = `GET /apis/registry/v${version}`;
  const artifact = `${api}/groups/shop%2Feu/artifacts/money/versions/3`;
  return {
    [`${api}/ids/globalIds/7`]: json(order),
    [`${api}/ids/globalIds/7/references`]: json([
      { groupId: 'shop/eu', artifactId: 'money', version: '3', name: 'com.money.Money' },
    ]),
    [version === 3 ? `${artifact}/content` : artifact]: json(money),
    [`${artifact}/references`]: json([]),
  };
}

describe('a schema by an id of Apicurio', () => {
  test.each([2, 3] as const)(
    'comes with its references from version %d of its API, which the address names',
    async (version) => {
      await using given = await setUp(answersOf(version), `/apis/registry/v${version}/`);
      expect(await given.registry.schemaOf(globalId)).toEqual(avro(order, [money]));
      expect(given.lines()).toHaveLength(4);
    },
  );

  test.each<[2 | 3, string, Answer]>([
    [2, '/apis/ccompat/v7', noSuchPath],
    [3, '/apis/ccompat/v7', json({ name: 'Apicurio Registry', version: '3.1.7' })],
    [2, '', noSuchPath],
  ])('finds version %d of its API beside "%s"', async (version, path, info) => {
    const answers = { ...answersOf(version), 'GET /apis/registry/v3/system/info': info };
    await using given = await setUp(answers, path);
    expect(await given.registry.schemaOf(globalId)).toEqual(avro(order, [money]));
    await given.registry.schemaOf({ kind: 'contentId', value: 1 }).catch(() => undefined);
    expect(given.lines().filter((line) => line.endsWith('/system/info'))).toHaveLength(1);
  });

  test('is of content, too', async () => {
    const api = 'GET /apis/registry/v3/ids/contentIds/7';
    const answers = { [api]: json(orderPlaced), [`${api}/references`]: json([]) };
    await using given = await setUp(answers, '/apis/registry/v3');
    const schema = await given.registry.schemaOf({ kind: 'contentId', value: 7 });
    expect(schema).toEqual(avro(orderPlaced));
  });

  test('is unknown only when Apicurio says so', async () => {
    await using given = await setUp(
      { 'GET /apis/registry/v3/ids/globalIds/7': noSuchId },
      '/apis/registry/v3',
    );
    await expect(given.registry.schemaOf(globalId)).rejects.toThrow(
      'it has no schema with the globalId 7',
    );
    await using other = await setUp(
      { 'GET /apis/registry/v3/ids/globalIds/7': noSuchPath },
      '/apis/registry/v3',
    );
    await expect(other.registry.schemaOf(globalId)).rejects.toThrow(
      'answered 404 to GET /ids/globalIds/7 (no resource); does registry.url lead to the API of a registry?',
    );
  });

  test.each<[string, Answer, unknown]>([
    ['a page of a proxy', text('<html>maintenance</html>'), UnavailableError],
    ['503', text('', 503), UnavailableError],
    ['401', text('', 401), ConfigurationError],
  ])('is not there for now after %s', async (_, answer, expected) => {
    await using given = await setUp(
      { 'GET /apis/registry/v3/ids/globalIds/7': answer },
      '/apis/registry/v3',
    );
    await expect(given.registry.schemaOf(globalId)).rejects.toThrow(expected as typeof Error);
  });

  test('is unreadable where it is no Avro, or a reference is gone', async () => {
    const api = 'GET /apis/registry/v3/ids/globalIds/7';
    const proto: Answer = (response) => response.end('syntax = "proto3";');
    await using given = await setUp({ [api]: proto }, '/apis/registry/v3');
    await expect(given.registry.schemaOf(globalId)).rejects.toThrow(
      'schema globalId 7 cannot be read: it is no JSON',
    );
    const gone = {
      ...answersOf(3),
      'GET /apis/registry/v3/groups/shop%2Feu/artifacts/money/versions/3/content': noSuchId,
    };
    await using other = await setUp(gone, '/apis/registry/v3');
    await expect(other.registry.schemaOf(globalId)).rejects.toThrow(
      'version 3 of its reference money is gone',
    );
  });

  test('leaves Confluent’s API beside it for what only that has', async () => {
    await using given = await setUp(
      { 'GET /apis/ccompat/v7/subjects': json([]) },
      '/apis/registry/v3',
    );
    await given.registry.ping();
    expect(given.lines()).toEqual(['GET /apis/ccompat/v7/subjects']);
  });
});
