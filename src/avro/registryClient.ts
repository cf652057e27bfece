import type { Dispatcher } from 'undici';
import type { Config } from '../config/schema.ts';
import { UnavailableError } from '../errors.ts';
import { ask, createDispatcher, describeFailure, LateAnswerError } from '../http.ts';
import { explainTlsFailure, readTlsFiles } from '../tls.ts';
import type { RegistryAnswer } from './registryAnswer.ts';

/**
 * Where the registry is, at one address or at several that stand for each other, and how to log in; `timeout`
 * is in milliseconds, for a whole answer of one of them.
 */
export type RegistryOptions = Omit<NonNullable<Config['registry']>, 'url'> & {
  readonly url: string | readonly string[];
};

/** Asks one of a registry's APIs. */
export interface RegistryApi {
  /**
   * One request below the API's address, answered whole within the time-out, whatever the status. Where no
   * answer comes, or one by which the server can't serve now, the next address is asked, and kept once it
   * answers; when none does, it throws UnavailableError, or gives the one answer that there is.
   */
  ask(method: 'GET' | 'POST', path: string, body?: unknown): Promise<RegistryAnswer>;
}

/** Schemas are asked for once each; more connections than this would only burden the registry. */
const connections = 4;
/** Far beyond any schema, and any list of subjects. */
const bodyLimit = 8 * 1024 * 1024;
const mediaType = 'application/vnd.schemaregistry.v1+json';

/** The addresses of a registry, and the connections to them; opens none before the first request. */
export class RegistryClient {
  readonly #endpoints: readonly Endpoint[];
  /** The one that answered last. */
  #preferred = 0;

  /** Throws ConfigurationError for TLS files that can't be read. */
  constructor(options: RegistryOptions) {
    this.#endpoints = [options.url].flat().map((url) => new Endpoint(url, options));
  }

  /** The API whose address `pathOf` makes of the configured address's path. */
  api(pathOf: (path: string) => string): RegistryApi {
    return { ask: (method, path, body) => this.#ask(pathOf, { method, path, body }) };
  }

  async #ask(pathOf: (path: string) => string, exchange: Exchange): Promise<RegistryAnswer> {
    const failures: (RegistryAnswer | UnavailableError)[] = [];
    const first = this.#preferred;
    for (let turn = 0; turn < this.#endpoints.length; turn += 1) {
      const place = (first + turn) % this.#endpoints.length;
      const endpoint = this.#endpoints[place] as Endpoint;
      const result = await endpoint.ask(pathOf(endpoint.path), exchange);
      if (!(result instanceof UnavailableError) && !isFailure(result)) {
        this.#preferred = place;
        return result;
      }
      failures.push(result);
    }
    return conclude(failures);
  }

  /** Ends the connections; what is under way fails. */
  async close(): Promise<void> {
    await Promise.all(this.#endpoints.map((endpoint) => endpoint.close()));
  }
}

/** Whether another server may do better; readAnswer says of the same answers that it is worth waiting. */
function isFailure({ status }: RegistryAnswer): boolean {
  return status >= 500 || status === 408 || status === 429;
}

function conclude(failures: readonly (RegistryAnswer | UnavailableError)[]): RegistryAnswer {
  const [only] = failures;
  if (failures.length === 1 && only !== undefined) {
    if (only instanceof UnavailableError) throw only;
    return only;
  }
  const details = failures.map((failure) =>
    failure instanceof UnavailableError
      ? failure.message
      : `${failure.part}: answered ${failure.status} to ${failure.request}`,
  );
  throw new UnavailableError('schema registry', `no address serves: ${details.join('; ')}`);
}

interface Exchange {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body: unknown;
}

/** One address. */
class Endpoint {
  readonly path: string;
  readonly #origin: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #timeout: number;
  readonly #dispatcher: Dispatcher;

  constructor(url: string, { auth, timeout, ssl }: RegistryOptions) {
    const { origin, pathname } = new URL(url);
    // Without the user and password that a URL may hold, as it stands in messages.
    this.#origin = origin;
    this.path = pathname.replace(/\/+$/, '');
    this.#timeout = timeout;
    this.#headers = { accept: `${mediaType}, application/json, */*`, ...authorization(auth) };
    const tls = readTlsFiles(ssl ?? {}, 'registry.ssl');
    this.#dispatcher = createDispatcher({ origin, connections, timeout, tls, bodyLimit });
  }

  /** An answer, or why there is none. */
  async ask(basePath: string, exchange: Exchange): Promise<RegistryAnswer | UnavailableError> {
    const part = `schema registry at ${this.#origin}${basePath}`;
    const request = `${exchange.method} ${exchange.path}`;
    try {
      return { part, request, ...(await this.#exchange(basePath, exchange)) };
    } catch (thrown) {
      const detail =
        thrown instanceof LateAnswerError
          ? `no whole answer to ${request} within ${this.#timeout} ms`
          : `no answer to ${request}: ${explainTlsFailure(thrown, 'registry.ssl') ?? describeFailure(thrown)}`;
      return new UnavailableError(part, detail, { cause: thrown });
    }
  }

  close(): Promise<void> {
    return this.#dispatcher.destroy();
  }

  #exchange(basePath: string, { method, path, body }: Exchange) {
    const request = {
      ...{ origin: this.#origin, path: `${basePath}${path}`, method },
      headers: body === undefined ? this.#headers : { ...this.#headers, 'content-type': mediaType },
      body: body === undefined ? null : JSON.stringify(body),
    };
    return ask(this.#dispatcher, request, this.#timeout);
  }
}

function authorization(auth: RegistryOptions['auth']): Record<string, string> {
  if (auth === undefined) return {};
  if ('token' in auth) return { authorization: `Bearer ${auth.token}` };
  const credentials = Buffer.from(`${auth.username}:${auth.password}`).toString('base64');
  return { authorization: `Basic ${credentials}` };
}
