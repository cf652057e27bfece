import { UnreadableSchemaError } from './errors.ts';

/** How long an id that the registry does not know is not asked for again. */
const unknownFor = 30_000;

/**
 * Schemas by id. Concurrent askers share one load. A schema that was found is kept for good, and so is the
 * verdict that one is unreadable, since the schema behind an id never changes; that an id is unknown is kept
 * for 30 s; any other failure is not kept.
 */
export class SchemaCache<Schema> {
  readonly #load: (id: number) => Promise<Schema | undefined>;
  readonly #now: () => number;
  readonly #schemas = new Map<number, Promise<Schema | undefined>>();
  /** Until when an id counts as unknown; the oldest first. */
  readonly #unknownUntil = new Map<number, number>();

  /** `now` is a clock in milliseconds that never goes back. */
  constructor(load: (id: number) => Promise<Schema | undefined>, now: () => number) {
    this.#load = load;
    this.#now = now;
  }

  /** As `load`, which it calls when it must. */
  get(id: number): Promise<Schema | undefined> {
    this.#forgetOldUnknowns();
    if (this.#unknownUntil.has(id)) return Promise.resolve(undefined);
    const known = this.#schemas.get(id);
    if (known !== undefined) return known;
    const loading = this.#loadAndKeep(id);
    this.#schemas.set(id, loading);
    return loading;
  }

  async #loadAndKeep(id: number): Promise<Schema | undefined> {
    try {
      const schema = await this.#load(id);
      if (schema === undefined) {
        this.#schemas.delete(id);
        this.#unknownUntil.set(id, this.#now() + unknownFor);
      }
      return schema;
    } catch (thrown) {
      if (!(thrown instanceof UnreadableSchemaError)) this.#schemas.delete(id);
      throw thrown;
    }
  }

  #forgetOldUnknowns(): void {
    for (const [id, until] of this.#unknownUntil) {
      if (until > this.#now()) return;
      this.#unknownUntil.delete(id);
    }
  }
}
