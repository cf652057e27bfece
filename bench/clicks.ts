import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { openClickImport } from '../src/store/open.ts';

const hour = 3_600_000;

/** The stores that a connector can have. */
export type StoreKind = 'sqlite' | 'postgres';

/** The visitor and the click id of a click, by its number. */
export function clickKeys(number: number): {
  readonly visitorId: string;
  readonly clickId: string;
} {
  const digits = number.toString(16).padStart(8, '0');
  return { visitorId: `visitor-clicked-${digits}`, clickId: `Zk5vQ2xpY2tJZA.${digits}` };
}

/** A store of one run. */
export interface RunStore {
  /** The connector's setting `store`. */
  readonly setting: string;
  drop(): Promise<void>;
}

/** Where clicks are made. */
export interface ClicksOptions {
  readonly postgresUrl: string;
  readonly folder: string;
  readonly prefix: string;
  readonly count: number;
}

/** Stores with the same clicks in them, one for each run: what a run adds must not meet the next. */
export class Clicks {
  readonly #options: ClicksOptions;
  readonly #seeds = new Map<StoreKind, Promise<string>>();
  #number = 0;

  constructor(options: ClicksOptions) {
    this.#options = options;
  }

  /** The address of the database, and the table with the clicks, for those who only read them. */
  async readOnly(): Promise<{ readonly url: string; readonly table: string }> {
    await this.#seed('postgres');
    return { url: this.#options.postgresUrl, table: `${this.#schema('seed')}.user_attribution` };
  }

  /** A store that holds the clicks and nothing else. */
  async fresh(kind: StoreKind): Promise<RunStore> {
    const seed = await this.#seed(kind);
    this.#number += 1;
    if (kind === 'sqlite') {
      const file = join(this.#options.folder, `run-${this.#number}.db`);
      await copyFile(seed, file);
      return { setting: `sqlite:${file}`, drop: async () => {} };
    }
    const schema = this.#schema(`run_${this.#number}`);
    const setting = this.#setting(schema);
    await (await openClickImport(setting)).close();
    await this.#run(`
      INSERT INTO ${schema}.user_attribution SELECT * FROM ${seed}.user_attribution;
      ANALYZE ${schema}.user_attribution`);
    return { setting, drop: () => this.#run(`DROP SCHEMA ${schema} CASCADE`) };
  }

  readonly close = async (): Promise<void> => {
    if (this.#seeds.has('postgres')) {
      await this.#run(`DROP SCHEMA IF EXISTS ${this.#schema('seed')} CASCADE`);
    }
  };

  /** The file, or the schema, that the stores are copied from. */
  #seed(kind: StoreKind): Promise<string> {
    const known = this.#seeds.get(kind) ?? this.#fill(kind);
    this.#seeds.set(kind, known);
    return known;
  }

  async #fill(kind: StoreKind): Promise<string> {
    const file = join(this.#options.folder, 'seed.db');
    const schema = this.#schema('seed');
    const setting = kind === 'sqlite' ? `sqlite:${file}` : this.#setting(schema);
    const clicks = await openClickImport(setting);
    const at = Date.now() - hour;
    try {
      for (let start = 0; start < this.#options.count; start += clicks.batch) {
        const count = Math.min(clicks.batch, this.#options.count - start);
        const batch = Array.from({ length: count }, (_, index) => clickKeys(start + index));
        await clicks.save(
          batch.map(({ visitorId, clickId }) => ({ userKey: visitorId, clickId, at })),
        );
      }
    } finally {
      await clicks.close();
    }
    if (kind === 'sqlite') return file;
    await this.#run(`ANALYZE ${schema}.user_attribution`);
    return schema;
  }

  #schema(name: string): string {
    return `${this.#options.prefix}_${name}`;
  }

  #setting(schema: string): string {
    const url = new URL(this.#options.postgresUrl);
    url.searchParams.set('schema', schema);
    return url.href;
  }

  async #run(statements: string): Promise<void> {
    const client = new pg.Client({ connectionString: this.#options.postgresUrl });
    await client.connect();
    try {
      await client.query(statements);
    } finally {
      await client.end();
    }
  }
}
