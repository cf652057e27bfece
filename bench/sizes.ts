import { randomInt } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { newDataFolder } from '../dev/native/dataFolder.ts';
import { startPostgres } from '../dev/postgres.ts';
import { comparePairs, type PairResult } from './pairs.ts';
import { dropSchema, keyOf, type SizedStore, takePostgres, takeSqlite } from './sizedStores.ts';
import { comparePurge } from './sizesPurge.ts';

/** What every other size is compared with. */
const baselineRows = 100_000;
/** More, and keys would lie too close for absent ones between them. */
const mostRows = 100_000_000;
/** Keys of a look-up: as many as a chunk of the pipeline has records. */
const keysAtOnce = 2_000;
/** People whose events come again and again; so many that what is read of them stays in memory: warm. */
const peopleActive = 10_000;
/** So many that hardly anybody comes twice. */
const peopleOnce = 800_000;

interface Take {
  readonly name: string;
  readonly take: (rows: number) => Promise<SizedStore>;
}

/**
 * What looking clicks up and purging them costs in a store of so many rows, as ratios to one of 100,000, by turns in
 * the same run, in SQLite and in Postgres. `report` takes progress and sizes. With `BENCH_STORES`, a folder, the large
 * stores stay for the next run: that of SQLite in that folder, that of Postgres where it is.
 */
export async function benchSizes(
  rows: number,
  report: (line: string) => void,
): Promise<PairResult[]> {
  if (!(rows >= baselineRows && rows <= mostRows && rows % 1_000 === 0)) {
    throw new Error(`--rows is ${baselineRows} to ${mostRows}, in thousands`);
  }
  await using opened = new AsyncDisposableStack();
  const kept = process.env['BENCH_STORES'];
  const folder = await newDataFolder('sizes');
  opened.defer(() => rm(folder, { recursive: true }));
  const results = await compareSizes(rows, report, {
    name: 'SQLite',
    take: (count) => takeSqlite(join(count === rows && kept ? kept : folder, `${count}.db`), count),
  });
  const postgres = await startPostgres({ report });
  opened.defer(postgres.stop);
  const schemaOf = (count: number) => `bench_${count}`;
  for (const count of kept ? [baselineRows] : [baselineRows, rows]) {
    opened.defer(() => dropSchema(postgres.url, schemaOf(count)));
  }
  return results.concat(
    await compareSizes(rows, report, {
      name: 'Postgres',
      take: (count) => takePostgres(postgres.url, schemaOf(count), count),
    }),
  );
}

async function compareSizes(
  rows: number,
  report: (line: string) => void,
  { name, take }: Take,
): Promise<PairResult[]> {
  await using opened = new AsyncDisposableStack();
  const open = async (count: number) => {
    const startedAt = performance.now();
    const sized = await take(count);
    opened.defer(sized.store.close);
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(0);
    report(`${name}: ${count} rows after ${seconds} s, ${(sized.size / 1e6).toFixed(0)} MB`);
    return sized;
  };
  const small = await open(baselineRows);
  const large = await open(rows);
  const results: PairResult[] = [];
  for (const people of [peopleActive, peopleOnce]) {
    for (const share of [0.01, 1]) {
      const pair = {
        name: `${name}: ${share * 100} % known, ${people === peopleActive ? 'warm' : 'any'} keys`,
        baseline: `${baselineRows} rows`,
        count: keysAtOnce,
        ours: createLookUp(large, people, share),
        theirs: createLookUp(small, people, share),
      };
      results.push(await comparePairs(pair));
    }
  }
  const lookUp = createLookUp(large, peopleActive, 0.01);
  return results.concat(await comparePurge({ name, large, small, lookUp, keysAtOnce }));
}

/** Looks the next people up, beginning anew after the last; a share of them has a click each. */
function createLookUp(
  { store, rows }: SizedStore,
  people: number,
  share: number,
): () => Promise<void> {
  const keys = Array.from({ length: people }, (_, person) => {
    const isKnown = person % 100 < share * 100;
    const key = keyOf(randomInt(rows) + (isKnown ? 0 : (1 + randomInt(8)) / 10), rows);
    // In one piece, as they are decoded from a record: joining the parts is no part of a look-up.
    return Buffer.from(key).toString('latin1');
  });
  let next = 0;
  return async () => {
    const found = await store.clicks.find(keys.slice(next, next + keysAtOnce));
    // Some may be drawn twice, or have been purged.
    if (found.size < 0.5 * share * keysAtOnce)
      throw new Error(`only ${found.size} keys were found`);
    next = (next + keysAtOnce) % people;
  };
}
