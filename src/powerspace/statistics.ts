import { Client } from 'undici';
import { ConfigurationError, toError, UnavailableError } from '../errors.ts';

/** Far beyond the rows of a day. */
const bodyLimit = 8 * 1024 * 1024;

/** Where the statistics are. */
export interface StatisticsOptions {
  /** The address, without a query. */
  readonly url: string;
  readonly token: string;
  /** Milliseconds for the whole answer. */
  readonly timeout: number;
}

/**
 * What Powerspace's statistics say of a day (`YYYY-MM-DD`), as JSON. Throws ConfigurationError for what somebody has to
 * mend, and UnavailableError for what may pass. The token goes in the query, so no error has more of the address than
 * its path, or any text of an answer: a server may repeat there what it was asked.
 */
export async function readStatistics(options: StatisticsOptions, date: string): Promise<unknown> {
  const { origin, pathname } = new URL(options.url);
  const part = `Powerspace's statistics at ${origin}${pathname}`;
  const { status, contentType, body } = await ask(part, options, date);
  const fault = faultOf(status);
  if (fault !== undefined) throw problem(`${part}: answered ${status}: ${fault}`);
  if (status !== 200) throw new UnavailableError(part, `answered ${status}`);
  try {
    return JSON.parse(body);
  } catch {
    // Without the cause: the parser's message has a piece of the answer.
    const what = body === '' ? 'nothing' : contentType || 'text of no content type';
    throw problem(`${part}: answered ${what} where JSON was expected (reconcile.url)`);
  }
}

/** What somebody has to mend, by the status. */
function faultOf(status: number): string | undefined {
  if (status === 401 || status === 403) return 'the token is not accepted (reconcile.token)';
  if (status === 404) return 'there are no statistics at this address (reconcile.url)';
  if (status >= 300 && status < 400) return 'redirects are not followed (reconcile.url)';
  if (status === 408 || status === 425 || status === 429) return undefined;
  return status >= 400 && status < 500 ? 'it does not take the request (reconcile.url)' : undefined;
}

async function ask(part: string, { url, token, timeout }: StatisticsOptions, date: string) {
  const { origin, pathname } = new URL(url);
  const deadline = AbortSignal.timeout(timeout);
  const client = new Client(origin, {
    connect: { timeout },
    // One deadline covers the whole answer, so undici's own two are off.
    headersTimeout: 0,
    bodyTimeout: 0,
    maxResponseSize: bodyLimit,
  });
  // undici heeds the signal of a request only once it has a connection.
  const giveUp = () => void client.destroy(deadline.reason);
  deadline.addEventListener('abort', giveUp, { once: true });
  try {
    const answer = await client.request({
      method: 'GET',
      path: `${pathname}?${new URLSearchParams({ date, token })}`,
      headers: { accept: 'application/json' },
      signal: deadline,
    });
    const contentType = String(answer.headers['content-type'] ?? '');
    return { status: answer.statusCode, contentType, body: await answer.body.text() };
  } catch (thrown) {
    const detail = deadline.aborted ? `no whole answer within ${timeout} ms` : describe(thrown);
    throw new UnavailableError(part, detail);
  } finally {
    deadline.removeEventListener('abort', giveUp);
    await client.destroy();
  }
}

/** Of a host with several addresses Node gives one error without words, which has a code. */
function describe(thrown: unknown): string {
  const error: NodeJS.ErrnoException = toError(thrown);
  return error.message || error.code || error.name;
}

function problem(message: string): ConfigurationError {
  return new ConfigurationError([{ severity: 'error', message }]);
}
