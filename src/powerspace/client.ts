import type { Dispatcher } from 'undici';
import { createDispatcher, describeFailure } from '../http.ts';
import { explainTlsFailure, readTlsFiles, type TlsFiles } from '../tls.ts';
import type { AttemptResult } from './answer.ts';

/** More of an answer's body than this is not read. */
const bodyLimit = 64 * 1024;

/** Sends GETs to Powerspace, one attempt a call. */
export interface PowerspaceClient {
  /** Scheme, host and port that every request goes to, whatever an event holds. */
  readonly origin: URL;
  /**
   * One HTTP attempt, never repeated in here: only the retry that the ledger sees may do that. Resolves with
   * how it ended, within the time-out; never rejects.
   */
  get(target: string): Promise<AttemptResult>;
  close(): Promise<void>;
}

/** How the client sends. */
export interface PowerspaceClientOptions {
  readonly url: string;
  /** Milliseconds for the whole answer, headers and body; and, before that, for the connection. */
  readonly timeout: number;
  /** Requests, and so connections, at once. */
  readonly concurrency: number;
  /** The files to use over https. */
  readonly ssl?: TlsFiles | undefined;
}

/**
 * Opens no connection before the first request. Throws ConfigurationError for TLS files that can't be read, or a
 * proxy of the environment that is no address.
 */
export function createPowerspaceClient(options: PowerspaceClientOptions): PowerspaceClient {
  const { timeout, concurrency, ssl } = options;
  const url = new URL(options.url);
  const { origin } = url;
  const tls = readTlsFiles(ssl ?? {}, 'powerspace.ssl');
  const dispatcher = createDispatcher({ origin, connections: concurrency, timeout, tls });
  return {
    origin: url,
    get: (target) =>
      new Promise((resolve) => {
        const request = { origin, path: target, method: 'GET' as const };
        dispatcher.dispatch(request, new Attempt(timeout, resolve));
      }),
    close: () => dispatcher.destroy(),
  };
}

/** One request on the wire; undici's cheapest interface, since this runs for every postback. */
class Attempt implements Dispatcher.DispatchHandler {
  readonly #timeout: number;
  readonly #resolve: (result: AttemptResult) => void;
  #deadline: NodeJS.Timeout | undefined;
  #hasStarted = false;
  #hasEnded = false;
  #status = 0;
  #retryAfter: string | undefined;
  #bodyBytes = 0;

  constructor(timeout: number, resolve: (result: AttemptResult) => void) {
    this.#timeout = timeout;
    this.#resolve = resolve;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#hasStarted = true;
    this.#deadline = setTimeout(() => {
      // After a pause of the whole process the answer may lie in the socket: it is read before this runs.
      setImmediate(() => {
        if (!this.#hasEnded) controller.abort(new DeadlineError(this.#timeout));
      });
    }, this.#timeout);
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return;
    this.#status = status;
    const retryAfter = headers['retry-after'];
    this.#retryAfter = Array.isArray(retryAfter) ? retryAfter[0] : retryAfter;
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bodyBytes += chunk.length;
    if (this.#bodyBytes <= bodyLimit) return;
    // The status has come and the body carries nothing: the rest of it is not worth the time.
    this.#answer();
    controller.abort(new Error('the body is longer than 64 KB'));
  }

  onResponseEnd(): void {
    this.#answer();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#end();
    this.#resolve({
      type: 'failure',
      // undici starts a request when its connection is there and takes it.
      stage: this.#hasStarted ? 'after-request' : 'before-request',
      code: 'code' in error && typeof error.code === 'string' ? error.code : error.name,
      message: explainTlsFailure(error, 'powerspace.ssl') ?? describeFailure(error),
    });
  }

  #end(): void {
    this.#hasEnded = true;
    clearTimeout(this.#deadline);
  }

  #answer(): void {
    this.#end();
    this.#resolve({ type: 'answer', status: this.#status, retryAfter: this.#retryAfter });
  }
}

class DeadlineError extends Error {
  readonly code = 'ETIMEDOUT';

  constructor(timeout: number) {
    super(`no whole answer within ${timeout} ms`);
  }
}
