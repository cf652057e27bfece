import { hash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { InvalidClickError, readReportedClick } from '../clicks/reportedClick.ts';
import type { Clock } from '../clock.ts';
import { toError, UnavailableError } from '../errors.ts';
import type { Click, ClickStore } from '../store/store.ts';
import { answer } from './answer.ts';

const longestBody = 1_000_000;
const mostClicks = 1_000;
/** Requests that are taken in a second, and at once. */
const requestsInSecond = 50;
const requestsAtOnce = 16;

/** What collecting clicks needs. */
export interface ClickCollectorOptions {
  /** What a caller has to know; without one, nothing is collected. */
  readonly token: string | undefined;
  readonly clock: Clock;
  /** The machine's time as it is set now, as those have it who write the events. */
  readonly wallClock: () => number;
  /** Told why a request failed for no reason of the caller's; a database's details could name a person. */
  readonly onFailure: (reason: string) => void;
}

/** A request that ends with this status, and why. */
class RefusedError extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

/**
 * Collects clicks that are sent over HTTP (`POST /clicks`, design §7): one as JSON, or an array of up to 1,000. They
 * are answered 200 once they are stored durably, all or none; sent again they change nothing.
 */
export class ClickCollector {
  readonly #options: ClickCollectorOptions;
  readonly #storing = new Set<Promise<void>>();
  #clicks: ClickStore | undefined;
  #requests = 0;
  #second = 0;
  #inSecond = 0;

  constructor(options: ClickCollectorOptions) {
    this.#options = options;
  }

  /** From now on clicks are stored there; before, and after `close`, requests are told to come again. */
  open(clicks: ClickStore): void {
    this.#clicks = clicks;
  }

  /** Resolves once nothing uses the store any more. */
  async close(): Promise<void> {
    this.#clicks = undefined;
    await Promise.allSettled(this.#storing);
  }

  /** Answers a request; never rejects. */
  readonly handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    this.#requests += 1;
    try {
      this.#admit(request);
      const { clicks, count } = parseClicks(await readBody(request), this.#options.wallClock());
      await this.#store(clicks);
      answer(response, 200, { stored: count });
    } catch (thrown) {
      this.#refuse(thrown, request, response);
    } finally {
      this.#requests -= 1;
    }
  };

  #admit(request: IncomingMessage): void {
    const { token, clock } = this.#options;
    if (token === undefined) {
      throw new RefusedError(404, 'POST /clicks is not served until admin.token is configured');
    }
    if (request.method !== 'POST') {
      throw new RefusedError(405, 'only POST is served here', { allow: 'POST' });
    }
    if (!isToken(request.headers.authorization, token)) {
      const message = 'needs the header "Authorization: Bearer …" with the token of admin.token';
      throw new RefusedError(401, message, { 'www-authenticate': 'Bearer' });
    }
    const encoding = request.headers['content-encoding'] ?? 'identity';
    if (encoding !== 'identity') {
      throw new RefusedError(415, 'the body is taken as it is: send it without Content-Encoding');
    }
    const second = Math.floor(clock.now() / 1_000);
    if (second !== this.#second) this.#inSecond = 0;
    this.#second = second;
    this.#inSecond += 1;
    if (this.#inSecond > requestsInSecond || this.#requests > requestsAtOnce) {
      const message = `more than ${requestsInSecond} requests a second, or ${requestsAtOnce} at once; send several clicks in one`;
      throw new RefusedError(429, message, { 'retry-after': '1' });
    }
  }

  async #store(clicks: readonly Click[]): Promise<void> {
    const store = this.#clicks;
    if (store === undefined) throw unavailable('the connector is starting or stopping');
    const storing = store.save(clicks);
    this.#storing.add(storing);
    try {
      await storing;
    } catch (thrown) {
      throw thrown instanceof UnavailableError ? unavailable('the store is away') : thrown;
    } finally {
      this.#storing.delete(storing);
    }
  }

  #refuse(thrown: unknown, request: IncomingMessage, response: ServerResponse): void {
    if (request.destroyed && !request.complete) return;
    // The rest is read to nowhere: who still sends would not see the answer otherwise.
    request.resume();
    if (thrown instanceof RefusedError) {
      answer(response, thrown.status, { error: thrown.message }, thrown.headers);
      return;
    }
    this.#options.onFailure(toError(thrown).message);
    answer(response, 500, { error: 'the clicks could not be stored' });
  }
}

function unavailable(why: string): RefusedError {
  return new RefusedError(503, `${why}, nothing is stored; send it again`, { 'retry-after': '5' });
}

/** Compares hashes, in the same time whatever was given. */
function isToken(header: string | undefined, token: string): boolean {
  const given = /^Bearer +(.+)$/i.exec(header ?? '')?.[1] ?? '';
  return timingSafeEqual(hash('sha256', given, 'buffer'), hash('sha256', token, 'buffer'));
}

async function readBody(request: IncomingMessage): Promise<string> {
  const tooLong = new RefusedError(
    413,
    `at most ${longestBody} bytes are taken; send fewer clicks`,
  );
  if (Number(request.headers['content-length'] ?? 0) > longestBody) throw tooLong;
  const chunks: Buffer[] = [];
  let length = 0;
  // Not destroyed where reading ends early: it has yet to be answered.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    length += chunk.length;
    if (length > longestBody) throw tooLong;
    chunks.push(chunk);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    // The error says no more than this.
    throw new RefusedError(400, 'the body is not UTF-8');
  }
}

function parseClicks(body: string, now: number) {
  const value = parseJson(body);
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (list.length > mostClicks) {
    throw new RefusedError(413, `${list.length} clicks, at most ${mostClicks} are taken at once`);
  }
  const path = (index: number) => (Array.isArray(value) ? [index] : []);
  try {
    const clicks = list.flatMap((each, index) => readReportedClick(each, now, path(index)));
    return { clicks, count: list.length };
  } catch (thrown) {
    throw thrown instanceof InvalidClickError ? new RefusedError(400, thrown.message) : thrown;
  }
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    // The error's message quotes the body.
    throw new RefusedError(
      400,
      'the body is not JSON: {"clickId": …, "user": …, "at": …} or an array',
    );
  }
}
