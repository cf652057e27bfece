import { describe, expect, test } from 'vitest';
import { createRegistry } from '../../src/avro/registry.ts';
import { ConfigurationError, UnavailableError } from '../../src/errors.ts';
import {
  type Answer,
  byId,
  json,
  type RegistryStandIn,
  standInRegistry,
  text,
} from './registryStandIn.ts';
import { avro, orderPlaced } from './schemas.ts';

const orderAnswer = json({ schema: JSON.stringify(orderPlaced) });
const anyId: Record<string, Answer> = Object.fromEntries(
  [1, 2, 3].map((id) => [`GET /schemas/ids/${id}`, orderAnswer]),
);

/** A registry at several addresses, each with its answers. */
async function setUp(...answers: Record<string, Answer>[]) {
  const opened = new AsyncDisposableStack();
  const standIns: RegistryStandIn[] = [];
  for (const one of answers) standIns.push(opened.use(await standInRegistry(one)));
  const urls = standIns.map(({ url }) => url);
  const registry = createRegistry({ url: urls, timeout: 300 });
  opened.defer(() => registry.close());
  const requests = () => standIns.map(({ seen }) => seen.length);
  return { registry, urls, standIns, requests, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

describe('a registry with several addresses', () => {
  test.each<[string, Answer]>([
    ['does not answer', () => {}],
    ['resets', (response) => response.destroy()],
    ['answers 500', json({ error_code: 50001, message: 'down' }, 500)],
    ['answers 503', text('', 503)],
    ['answers 429', text('', 429)],
  ])('is asked at the next one when the first %s, and stays there', async (_, broken) => {
    await using given = await setUp({ 'GET /schemas/ids/1': broken }, anyId);
    for (const id of [1, 2, 3])
      expect(await given.registry.schemaOf(byId(id))).toEqual(avro(orderPlaced));
    expect(given.requests()).toEqual([1, 3]);
  });

  test('goes back when the next one breaks', async () => {
    const down = text('', 503);
    await using given = await setUp(
      { ...anyId, 'GET /schemas/ids/1': down },
      { ...anyId, 'GET /schemas/ids/2': down },
    );
    for (const id of [1, 2, 3])
      expect(await given.registry.schemaOf(byId(id))).toEqual(avro(orderPlaced));
    expect(given.requests()).toEqual([3, 2]);
  });

  test('is unavailable when none serves, and says of each why', async () => {
    await using given = await setUp({ 'GET /subjects': text('', 503) }, {});
    await given.standIns[1]?.[Symbol.asyncDispose]();
    const failure = await given.registry.ping().catch((thrown: unknown) => thrown);
    expect(failure).toBeInstanceOf(UnavailableError);
    const [first, second] = given.urls;
    expect((failure as Error).message).toContain(
      `no address serves: schema registry at ${first}: answered 503 to GET /subjects; schema registry at ${second}: no answer to GET /subjects: connect ECONNREFUSED`,
    );
  });

  test('is not asked elsewhere after an answer that says no', async () => {
    await using given = await setUp({ 'GET /subjects': text('', 401) }, anyId);
    await expect(given.registry.ping()).rejects.toThrow(ConfigurationError);
    await expect(given.registry.schemaOf(byId(1))).rejects.toThrow('no schema with the id 1');
    expect(given.requests()).toEqual([2, 0]);
  });
});
