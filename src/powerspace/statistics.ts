import { ConfigurationError, UnavailableError } from '../errors.ts';
import { ask, createDispatcher, describeFailure } from '../http.ts';

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
  const { status, contentType, body } = await askOnce(part, options, date);
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

async function askOnce(part: string, { url, token, timeout }: StatisticsOptions, date: string) {
  const { origin, pathname } = new URL(url);
  const dispatcher = createDispatcher({ origin, connections: 1, timeout, tls: {}, bodyLimit });
  const path = `${pathname}?${new URLSearchParams({ date, token })}`;
  const headers = { accept: 'application/json' };
  try {
    return await ask(dispatcher, { origin, method: 'GET', path, headers }, timeout);
  } catch (thrown) {
    throw new UnavailableError(part, describeFailure(thrown));
  } finally {
    await dispatcher.destroy();
  }
}

function problem(message: string): ConfigurationError {
  return new ConfigurationError([{ severity: 'error', message }]);
}
