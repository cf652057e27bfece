import { Pool } from 'undici';
import type { Config } from '../config/schema.ts';
import { toError, UnavailableError } from '../errors.ts';
import type { RegistryAnswer } from './registryAnswer.ts';
import { readAnswer, registeredAnswer, subjectsAnswer } from './registryAnswer.ts';
import { RegistrySchemas, type SubjectSchema } from './registrySchemas.ts';
import type { AvroSchema } from './schema.ts';
import { SchemaCache } from './schemaCache.ts';

/**
 * A schema registry with Confluent's API. Nothing is asked twice by itself: whoever calls may call again after
 * an UnavailableError (no whole answer in time, 408, 429, 5xx, or one that no registry gives). Everything
 * throws ConfigurationError where a setting must change, as after 401 and 403.
 */
export interface SchemaRegistry {
  /**
   * The writer schema with this id, with the schemas that it refers to; undefined when the registry does not
   * know the id. Concurrent askers share one request; what was found is kept for good, that an id is unknown
   * for 30 s. Throws UnreadableSchemaError for a schema that is not Avro, or that is invalid.
   */
  schemaById(id: number): Promise<AvroSchema | undefined>;
  /**
   * The latest schema of each subject that a topic's values may have: `<topic>-value`, `<topic>-<record name>`,
   * or the full name of one of the events; if there is none, a full name that ends in one of the events, which
   * may be short. Throws UnreadableSchemaError as above.
   */
  latestSchemas(topic: string, events: readonly string[]): Promise<readonly SubjectSchema[]>;
  /** Registers a schema and returns its id; the same schema again has the same id. */
  register(subject: string, schema: AvroSchema): Promise<number>;
  /** One request that shows that the registry is there and lets us in. */
  ping(): Promise<void>;
  /** Ends the connections; what is under way fails. */
  close(): Promise<void>;
}

/** Where the registry is and how to log in; `timeout` is in milliseconds, for a whole answer. */
export type RegistryOptions = NonNullable<Config['registry']>;

/** Schemas are asked for once each; more connections than this would only burden the registry. */
const connections = 4;
/** Far beyond any schema, and any list of subjects. */
const bodyLimit = 8 * 1024 * 1024;
const mediaType = 'application/vnd.schemaregistry.v1+json';

/** Opens no connection before the first request. */
export function createRegistry(options: RegistryOptions): SchemaRegistry {
  const client = new RegistryClient(options);
  const schemas = new RegistrySchemas(client);
  const cache = new SchemaCache(
    (id) => schemas.byId(id),
    () => performance.now(),
  );
  return {
    schemaById: (id) => cache.get(id),
    latestSchemas: (topic, events) => schemas.latest(topic, events),
    async register(subject, schema) {
      if (schema.references.length > 0) {
        throw new TypeError(`cannot register a schema with references for ${subject}`);
      }
      const path = `/subjects/${encodeURIComponent(subject)}/versions`;
      const answer = await client.ask('POST', path, { schema: JSON.stringify(schema.json) });
      return readAnswer(answer, registeredAnswer).id;
    },
    async ping() {
      readAnswer(await client.ask('GET', '/subjects'), subjectsAnswer);
    },
    close: () => client.close(),
  };
}

class RegistryClient {
  /** As messages call it; without the user and password that a URL may hold. */
  readonly #part: string;
  readonly #basePath: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #timeout: number;
  readonly #pool: Pool;

  constructor({ url, auth, timeout }: RegistryOptions) {
    const { origin, pathname } = new URL(url);
    this.#basePath = pathname.replace(/\/+$/, '');
    this.#part = `schema registry at ${origin}${this.#basePath}`;
    this.#timeout = timeout;
    this.#headers = { accept: `${mediaType}, application/json`, ...authorization(auth) };
    this.#pool = new Pool(origin, {
      connections,
      connect: { timeout },
      // One deadline covers the whole answer (ask below), so undici's own two are off.
      headersTimeout: 0,
      bodyTimeout: 0,
      maxResponseSize: bodyLimit,
    });
  }

  /** One request, answered whole within the time-out, whatever the status; else throws UnavailableError. */
  async ask(method: 'GET' | 'POST', path: string, body?: unknown): Promise<RegistryAnswer> {
    const request = `${method} ${path}`;
    const deadline = AbortSignal.timeout(this.#timeout);
    try {
      // undici heeds the signal only once the request has a connection.
      const exchange = this.#exchange(method, path, body, deadline);
      const answer = await Promise.race([exchange, rejectionOf(deadline)]);
      return { part: this.#part, request, ...answer };
    } catch (thrown) {
      const detail = deadline.aborted
        ? `no whole answer to ${request} within ${this.#timeout} ms`
        : `no answer to ${request}: ${describeFailure(thrown)}`;
      throw new UnavailableError(this.#part, detail, { cause: thrown });
    }
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }

  async #exchange(method: 'GET' | 'POST', path: string, body: unknown, signal: AbortSignal) {
    const answer = await this.#pool.request({
      method,
      path: `${this.#basePath}${path}`,
      headers: body === undefined ? this.#headers : { ...this.#headers, 'content-type': mediaType },
      body: body === undefined ? null : JSON.stringify(body),
      signal,
    });
    return { status: answer.statusCode, body: await answer.body.text() };
  }
}

function authorization(auth: RegistryOptions['auth']): Record<string, string> {
  if (auth === undefined) return {};
  if ('token' in auth) return { authorization: `Bearer ${auth.token}` };
  const credentials = Buffer.from(`${auth.username}:${auth.password}`).toString('base64');
  return { authorization: `Basic ${credentials}` };
}

function rejectionOf(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

/** A failure to connect to each of a host's addresses has no message, only a code. */
function describeFailure(thrown: unknown): string {
  const error: NodeJS.ErrnoException = toError(thrown);
  return error.message || error.code || error.name;
}
