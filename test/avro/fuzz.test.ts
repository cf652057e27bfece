import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { UndecodableError } from '../../src/avro/errors.ts';
import type { EventReader } from '../../src/avro/reader.ts';
import { Random, Samples } from './random.ts';
import { avro, compileReader, encode, long, record } from './schemas.ts';

/*
 * FUZZ_PAYLOADS=1000000 npx vitest run test/avro/fuzz.test.ts tries more payloads, FUZZ_SEED=7 other ones.
 */
const payloads = Number(process.env['FUZZ_PAYLOADS'] ?? 20_000);
const seed = Number(process.env['FUZZ_SEED'] ?? 1);
/** Payloads that are made of one sample before the next. */
const payloadsOfSample = 100;
const megabyte = 2 ** 20;

/** What a payload of an honest event becomes in these readers, whose paths lead everywhere in it. */
interface Subject {
  readonly bytes: Buffer;
  readonly readers: readonly EventReader[];
}

test(`${payloads} mutated payloads (seed ${seed}) are read or undecodable; none crashes, stalls or grows`, {
  timeout: 3_600_000,
}, () => {
  const random = new Random(seed);
  const before = usedMemory();
  const slowest = { milliseconds: 0, payload: '' };
  let undecodable = 0;
  for (let done = 0; done < payloads; done += payloadsOfSample) {
    const { bytes, readers } = subjectOf(random);
    for (let round = 0; round < payloadsOfSample; round += 1) {
      const payload = mutate(random, bytes);
      undecodable += readers.reduce((sum, reader) => sum + tryToRead(reader, payload), 0);
      const times = readers.map((reader) => timeOf(() => void tryToRead(reader, payload)));
      const milliseconds = Math.max(...times);
      if (milliseconds <= slowest.milliseconds) continue;
      Object.assign(slowest, { milliseconds, payload: payload.toString('hex').slice(0, 200) });
    }
  }
  const grown = (usedMemory() - before) / megabyte;
  console.log(
    `fuzz: seed ${seed}, ${payloads} payloads, ${undecodable} undecodable readings, slowest ${slowest.milliseconds.toFixed(1)} ms, ${grown.toFixed(1)} MB more memory`,
  );
  expect(undecodable).toBeGreaterThan(payloads / 10);
  expect(grown).toBeLessThan(64);
  expect(slowest.milliseconds).toBeLessThan(10 * 50);
});

/** The least of several times where it seems slow: others may have had the processor. */
function timeOf(work: () => void): number {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 5 && least > 10; round += 1) {
    const start = performance.now();
    work();
    least = Math.min(least, performance.now() - start);
  }
  return least;
}

/** 1 for bytes that are undecodable; any other end than that and values fails the test. */
function tryToRead(reader: EventReader, payload: Buffer): 0 | 1 {
  try {
    const values = reader.read(payload);
    expect(countOf(values)).toBeLessThan(150_000);
    return 0;
  } catch (thrown) {
    if (thrown instanceof UndecodableError) return 1;
    throw new Error(`${payload.toString('hex')} of ${reader.fullName}`, { cause: thrown });
  }
}

function countOf(value: unknown): number {
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return 1;
  return Object.values(value).reduce<number>((sum, inner) => sum + countOf(inner), 1);
}

const node = record('Node', {
  name: 'string',
  children: { type: 'array', items: 'Node' },
  nothings: {
    type: 'array',
    items: ['null', { type: 'array', items: record('Nothing', { a: 'null' }) }],
  },
  byKey: { type: 'map', values: 'Node' },
  parent: ['null', 'Node'],
});

function subjectOf(random: Random): Subject {
  const sample = random.below(4) === 0 ? undefined : new Samples(random).record(3, 5);
  const leaf = {
    name: 'x',
    children: [],
    nothings: [null, [{ a: null }]],
    byKey: {},
    parent: null,
  };
  const schema = sample?.schema ?? node;
  const value = sample?.value ?? {
    ...leaf,
    children: [leaf, leaf],
    byKey: { k: leaf },
    parent: leaf,
  };
  const paths = pathsIn(schema, 3).map((path) => path.replace(/^\./, ''));
  const some = paths.filter(() => random.below(3) === 0);
  return {
    bytes: encode(schema, value),
    readers: [[], some, paths].map((own) => compileReader(avro(schema), own)),
  };
}

/** Paths to what is within a schema, so many steps deep. */
function pathsIn(schema: unknown, depth: number): string[] {
  if (depth === 0 || typeof schema !== 'object' || schema === null) return [];
  if (Array.isArray(schema)) return schema.flatMap((branch) => pathsIn(branch, depth));
  const { fields, items, values } = schema as {
    readonly fields?: readonly { name: string; type: unknown }[];
    readonly items?: unknown;
    readonly values?: unknown;
  };
  const steps: [string, unknown][] = (fields ?? []).map(({ name, type }) => [`.${name}`, type]);
  if (items !== undefined) steps.push(['[*]', items], ['[1]', items]);
  if (values !== undefined) steps.push([`['k']`, values]);
  return steps.flatMap(([step, inner]) => [
    step,
    ...pathsIn(inner, depth - 1).map((rest) => step + rest),
  ]);
}

/** Numbers that counts, lengths and branches go wrong with. */
const numbers = [
  -1n,
  -2n,
  2n,
  64n,
  10_000n,
  99_999n,
  10n ** 6n,
  2n ** 31n,
  2n ** 53n,
  2n ** 63n - 1n,
  -(2n ** 63n),
];

const mutations: readonly ((random: Random, bytes: Buffer, at: number) => Buffer)[] = [
  (random, bytes, at) => overwrite(bytes, at, random.below(256)),
  (random, bytes, at) => overwrite(bytes, at, (bytes[at] ?? 0) ^ (1 << random.below(8))),
  (_, bytes, at) => bytes.subarray(0, at),
  (_, bytes, at) => bytes.subarray(at),
  (random, bytes, at) =>
    Buffer.concat([bytes.subarray(0, at), long(random.pick(numbers)), bytes.subarray(at)]),
  (random, bytes, at) =>
    Buffer.concat([bytes.subarray(0, at), long(random.pick(numbers)), bytes.subarray(at + 1)]),
  (_, bytes, at) =>
    Buffer.concat([bytes.subarray(0, at), Buffer.from('010300', 'hex'), bytes.subarray(at)]),
  (random, bytes, at) =>
    Buffer.concat([bytes.subarray(0, at), ...Array(random.below(50)).fill(bytes.subarray(at))]),
  (random, bytes, at) =>
    Buffer.concat([bytes.subarray(0, at), Buffer.alloc(random.below(20_000), random.below(256))]),
];

function mutate(random: Random, bytes: Buffer): Buffer {
  let mutated: Buffer = Buffer.from(bytes);
  for (let round = random.pick([0, 0, 1, 2]); round >= 0; round -= 1) {
    const mutation = random.pick(mutations);
    mutated = Buffer.from(mutation(random, mutated, random.below(mutated.length + 1)));
    if (mutated.length > megabyte) return mutated.subarray(0, megabyte);
  }
  return mutated;
}

/** Bytes in use after a collection of garbage. */
function usedMemory(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function overwrite(bytes: Buffer, at: number, byte: number): Buffer {
  return bytes.fill(byte, at, Math.min(at + 1, bytes.length));
}
