import { type Dispatcher, EnvHttpProxyAgent, Pool } from 'undici';
import { unlessAborted } from './deadline.ts';
import { ConfigurationError, toError } from './errors.ts';
import type { TlsOptions } from './tls.ts';

/** How requests to one host are sent. */
export interface HttpOptions {
  /** Scheme, host and port. */
  readonly origin: string;
  readonly connections: number;
  /** Milliseconds for a connection; a proxy between takes as long at most for its part. */
  readonly timeout: number;
  readonly tls: TlsOptions;
  /** Bytes; a longer answer is an error. Without it, whoever reads the body counts. */
  readonly bodyLimit?: number;
}

const proxyVariables = ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY'] as const;

const loopback = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/**
 * The way to one host, which sends each request once at most and follows no redirect; opens no connection before
 * the first. Where the environment names proxies (HTTPS_PROXY, HTTP_PROXY, NO_PROXY) it leads through them, by
 * CONNECT always: so no proxy can repeat a request, or answer one in the place of the host. This machine itself is
 * never looked for behind a proxy.
 *
 * @throws ConfigurationError for a proxy that is no address
 */
export function createDispatcher({ origin, timeout, tls, ...options }: HttpOptions): Dispatcher {
  const { connections, bodyLimit } = options;
  const ways = {
    connections,
    pipelining: 1,
    // Over HTTP/2 undici itself sends a request again that a GOAWAY has refused.
    allowH2: false,
    connect: { timeout, ...tls },
    // One deadline of whoever asks covers the whole answer, so undici's own two are off.
    headersTimeout: 0,
    bodyTimeout: 0,
    ...(bodyLimit !== undefined && { maxResponseSize: bodyLimit }),
  };
  if (!namesProxy() || loopback.test(new URL(origin).hostname)) return new Pool(origin, ways);
  return new EnvHttpProxyAgent({
    ...ways,
    proxyTunnel: true,
    requestTls: { timeout, allowH2: false, ...tls },
    proxyTls: { timeout },
    clientFactory: (url, given) => new Pool(url, { ...given, headersTimeout: timeout }),
  });
}

function namesProxy(): boolean {
  const named = proxyVariables.filter((name) => process.env[name]);
  for (const name of named) {
    if (/^https?:$/.test(URL.parse(String(process.env[name]))?.protocol ?? '')) continue;
    const message = `${name} in the environment is not an address such as http://proxy.internal:3128; set it right, or unset it`;
    throw new ConfigurationError([{ severity: 'error', message }]);
  }
  return named.length > 0;
}

/** An answer, read to its end. */
export interface WholeAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** No whole answer came in time. */
export class LateAnswerError extends Error {
  override readonly name = 'LateAnswerError';
}

/** Asks once, and reads the whole answer within `timeout` milliseconds. Throws LateAnswerError, or what else failed. */
export async function ask(
  dispatcher: Dispatcher,
  request: Dispatcher.RequestOptions & { readonly origin: string },
  timeout: number,
): Promise<WholeAnswer> {
  const deadline = AbortSignal.timeout(timeout);
  try {
    // undici heeds the signal only once the request has a connection.
    return await unlessAborted(deadline, readWhole(dispatcher, { ...request, signal: deadline }));
  } catch (thrown) {
    if (!deadline.aborted) throw thrown;
    throw new LateAnswerError(`no whole answer within ${timeout} ms`, { cause: thrown });
  }
}

async function readWhole(
  dispatcher: Dispatcher,
  request: Dispatcher.RequestOptions,
): Promise<WholeAnswer> {
  const { statusCode, headers, body } = await dispatcher.request(request);
  const contentType = String(headers['content-type'] ?? '');
  return { status: statusCode, contentType, body: await body.text() };
}

/** What failed, in words: of a host with several addresses Node gives one error without words, which holds one for each. */
export function describeFailure(thrown: unknown): string {
  const error: NodeJS.ErrnoException = toError(thrown);
  if (error.message !== '') return error.message;
  const inner = error instanceof AggregateError ? error.errors.map(describeFailure) : [];
  return inner.join('; ') || error.code || error.name;
}
