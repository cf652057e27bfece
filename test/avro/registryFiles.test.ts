import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createRegistry } from '../../src/avro/registry.ts';
import { ConfigurationError, UnavailableError } from '../../src/errors.ts';
import { type Answer, byId, json, standInRegistry, text, unknownId } from './registryStandIn.ts';
import { avro, orderPlaced, record } from './schemas.ts';

const money = record('com.money.Money', { amount: 'int' });
const order = record('com.shop.OrderPlaced', { total: 'com.money.Money' });
const orderAnswer = json({
  schema: JSON.stringify(order),
  references: [{ name: 'com.money.Money', subject: 'money', version: 1 }],
});
const moneyAnswer = json({ subject: 'money', id: 4, version: 1, schema: JSON.stringify(money) });

let cache: string;
beforeEach(async () => {
  cache = join(await mkdtemp(join(tmpdir(), 'connector-schemas-')), 'schemas');
});
afterEach(() => rm(join(cache, '..'), { recursive: true }));

/** A registry whose answer for id 7 the test changes, and the connector's client, begun anew by `restart`. */
async function setUp(first: Answer) {
  const given = { answer: first };
  const standIn = await standInRegistry({
    'GET /schemas/ids/7': (response, attempt) => given.answer(response, attempt),
    'GET /subjects/money/versions/1?deleted=true': moneyAnswer,
  });
  const failures: Error[] = [];
  const open = (url: string | string[] = standIn.url) =>
    createRegistry({ url, timeout: 5_000, cache }, (error) => failures.push(error));
  const get = async (url?: string | string[]) => {
    const registry = open(url);
    try {
      return await registry.schemaOf(byId(7));
    } finally {
      await registry.close();
    }
  };
  return {
    given,
    standIn,
    open,
    get,
    failures,
    [Symbol.asyncDispose]: standIn[Symbol.asyncDispose],
  };
}

async function files(): Promise<string[]> {
  const names = await readdir(cache, { recursive: true });
  return names.filter((name) => name.includes('/')).map((name) => join(cache, name));
}

describe('schemas that were fetched once', () => {
  test('are there after a restart without the registry, with what they refer to', async () => {
    await using parts = await setUp(orderAnswer);
    expect(await parts.open().hasSavedSchemas()).toBe(false);
    expect(await parts.get()).toEqual(avro(order, [money]));
    await parts.standIn[Symbol.asyncDispose]();
    expect(await parts.get()).toEqual(avro(order, [money]));
    expect(await parts.open().hasSavedSchemas()).toBe(true);
    expect(await files()).toHaveLength(1);
  });

  test('are asked for again at a restart, and the answer counts', async () => {
    await using parts = await setUp(orderAnswer);
    await parts.get();
    parts.given.answer = json({ schema: JSON.stringify(orderPlaced) });
    expect(await parts.get()).toEqual(avro(orderPlaced));
    parts.given.answer = text('', 503);
    expect(await parts.get()).toEqual(avro(orderPlaced));
  });

  test('are there when the registry has lost them', async () => {
    await using parts = await setUp(orderAnswer);
    await parts.get();
    parts.given.answer = unknownId;
    expect(await parts.get()).toEqual(avro(order, [money]));
  });

  test('do not stand in for a log-in that is refused', async () => {
    await using parts = await setUp(orderAnswer);
    await parts.get();
    parts.given.answer = text('', 401);
    await expect(parts.get()).rejects.toThrow(ConfigurationError);
  });

  test('are not those of another registry', async () => {
    await using parts = await setUp(orderAnswer);
    await parts.get();
    await parts.standIn[Symbol.asyncDispose]();
    await expect(parts.get(`${parts.standIn.url}/other`)).rejects.toThrow(UnavailableError);
  });

  test.each([
    ['cut', (whole: string) => whole.slice(0, -20)],
    ['empty', () => ''],
    ['no schema', (whole: string) => whole.replace('"record"', '"recrod"')],
    ['of another id', (whole: string) => whole.replace('id 7', 'id 8')],
  ])('count as not there when the file is %s, and are written again', async (_, damage) => {
    await using parts = await setUp(orderAnswer);
    await parts.get();
    const [file = ''] = await files();
    const whole = await readFile(file, 'utf8');
    await writeFile(file, damage(whole));
    parts.given.answer = text('', 503);
    await expect(parts.get()).rejects.toThrow(UnavailableError);
    parts.given.answer = orderAnswer;
    await parts.get();
    expect(await readFile(file, 'utf8')).toBe(whole);
  });

  test('are used all the same when they can not be written', async () => {
    await using parts = await setUp(orderAnswer);
    await writeFile(cache, 'a file where the folder should be');
    expect(await parts.get()).toEqual(avro(order, [money]));
    expect(parts.failures.map(({ message }) => message)).toEqual([
      expect.stringContaining('schemas'),
    ]);
  });
});
