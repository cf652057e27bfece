import { UnavailableError } from '../errors.ts';
import { UnreadableSchemaError } from './errors.ts';
import { LookupBudget } from './lookupBudget.ts';
import { keyOf, type SchemaReference } from './schemaReference.ts';

/** How long an unknown reference is not asked for again. */
const unknownFor = 30_000;
/**
 * How long a reference must have been unknown before that is believed: a producer registers a schema before it
 * uses it, but the server that is asked may hear of it a moment after the server that was told.
 */
const believedAfter = 2_000;
/** How long it is remembered that a reference was unknown, so that it is believed at once the next time. */
const rememberedFor = 600_000;

interface Unknown {
  readonly since: number;
  readonly askedAt: number;
}

/**
 * Schemas by what frames name them by. Concurrent askers share one load. A schema that was found is kept for
 * good, and so is the verdict that one is unreadable, since what a reference means never changes; that a
 * reference is unknown is kept for 30 s; any other failure is not kept.
 */
export class SchemaCache<Schema> {
  readonly #part: string;
  readonly #load: (reference: SchemaReference) => Promise<Schema | undefined>;
  readonly #now: () => number;
  readonly #budget: LookupBudget;
  readonly #schemas = new Map<string, Promise<Schema | undefined>>();
  /** The one that was asked for longest ago first. */
  readonly #unknown = new Map<string, Unknown>();

  /** `part` is who is asked, for messages; `now` a clock in milliseconds that never goes back. */
  constructor(
    part: string,
    load: (reference: SchemaReference) => Promise<Schema | undefined>,
    now: () => number,
  ) {
    this.#part = part;
    this.#load = load;
    this.#now = now;
    this.#budget = new LookupBudget(now);
  }

  /**
   * As `load`, which it calls when it must; undefined once the reference has been unknown twice, 2 s apart.
   * Throws UnavailableError before that, and while too many unknown references were asked for.
   */
  get(reference: SchemaReference): Promise<Schema | undefined> {
    const key = keyOf(reference);
    const known = this.#schemas.get(key);
    if (known !== undefined) return known;
    return this.#answerFromMemory(key) ?? this.#loadAndKeep(key, reference);
  }

  /** What is known of an unknown reference, while it is not asked for again. */
  #answerFromMemory(key: string): Promise<undefined> | undefined {
    this.#forgetOldUnknowns();
    const unknown = this.#unknown.get(key);
    if (unknown === undefined) return undefined;
    if (!isBelieved(unknown)) {
      const isEarly = this.#now() < unknown.since + believedAfter;
      return isEarly ? Promise.reject(this.#notYet(key)) : undefined;
    }
    return this.#now() < unknown.askedAt + unknownFor ? Promise.resolve(undefined) : undefined;
  }

  #loadAndKeep(key: string, reference: SchemaReference): Promise<Schema | undefined> {
    if (!this.#budget.take()) return Promise.reject(this.#tooMany(key));
    const loading = this.#askAndKeep(key, reference);
    this.#schemas.set(key, loading);
    return loading;
  }

  async #askAndKeep(key: string, reference: SchemaReference): Promise<Schema | undefined> {
    try {
      const schema = await this.#load(reference);
      if (schema === undefined) return this.#noteUnknown(key);
      this.#budget.giveBack();
      this.#unknown.delete(key);
      return schema;
    } catch (thrown) {
      if (!(thrown instanceof UnreadableSchemaError)) this.#schemas.delete(key);
      if (!(thrown instanceof UnknownForNow)) this.#budget.giveBack();
      throw thrown;
    }
  }

  #noteUnknown(key: string): undefined {
    this.#schemas.delete(key);
    const askedAt = this.#now();
    const unknown = { since: this.#unknown.get(key)?.since ?? askedAt, askedAt };
    this.#unknown.delete(key);
    this.#unknown.set(key, unknown);
    if (!isBelieved(unknown)) throw this.#notYet(key);
  }

  #notYet(key: string): UnknownForNow {
    return new UnknownForNow(this.#part, `it has no schema with the ${key}, or not yet`);
  }

  #tooMany(key: string): UnavailableError {
    return new UnavailableError(
      this.#part,
      `many records name schemas that it does not have, so it is spared for a moment, also for the ${key}`,
    );
  }

  #forgetOldUnknowns(): void {
    for (const [key, { askedAt }] of this.#unknown) {
      if (askedAt + rememberedFor > this.#now()) return;
      this.#unknown.delete(key);
    }
  }
}

/** Unknown, but not for long enough. */
class UnknownForNow extends UnavailableError {}

function isBelieved({ since, askedAt }: Unknown): boolean {
  return askedAt >= since + believedAfter;
}
