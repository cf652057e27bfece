import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { listen } from '../listen.ts';
import { Answers } from './answer.ts';
import { type Controlled, serveControl } from './control.ts';
import { type Fault, FaultInjector } from './faults.ts';
import { Journal, type SandboxEntry } from './journal.ts';
import { type IncomingPostback, readPostback } from './postback.ts';
import { respond, send } from './respond.ts';
import { isStatistics, serveStatistics } from './statistics.ts';

/** How many entries a sandbox keeps when `keep` says nothing. */
const defaultKeep = 1_000_000;

export type { Fault } from './faults.ts';
export type { SandboxEntry, SandboxSummary } from './journal.ts';

/** How a sandbox is started. */
export interface SandboxOptions {
  readonly host: string;
  /** The TCP port; 0 picks a free one. */
  readonly port: number;
  /** What goes wrong; by default nothing. */
  readonly faults?: readonly Fault[];
  /** Seeds the chance in the `rate` of faults; 1 by default. */
  readonly seed?: number;
  /** How many entries are kept, 1,000,000 by default (some 350 MB); later postbacks are only counted. */
  readonly keep?: number;
  /** Told of each postback as it arrives. */
  readonly record?: (entry: SandboxEntry) => void;
}

/** A Powerspace to try things on: it follows the public document and keeps what it received. */
export interface Sandbox extends Controlled {
  /** Its address without a slash at the end, such as `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Stops listening and drops every connection with whatever is under way on it. */
  close(): Promise<void>;
}

/**
 * Starts a sandbox: `GET /ld?qci=…` and `GET /ord?qci=…&ov=…` answered as Powerspace's document says
 * (https://docs.powerspace.com/docs/api-server-to-server-en; answer.ts), going wrong as the faults ask
 * (faults.ts), with what it recorded as the advertiser's statistics (statistics.ts), and with control paths
 * for other processes under `/sandbox` (control.ts). Rejects when it can't listen there, and with a ZodError
 * when a fault is malformed.
 */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const journal = new Journal(options.keep ?? defaultKeep);
  const answers = new Answers();
  const injector = new FaultInjector(options.seed ?? 1);
  injector.set(options.faults ?? []);
  const controlled: Controlled = {
    received: () => journal.entries,
    summary: () => journal.summary(),
    setFaults: (faults) => injector.set(faults),
    clear() {
      journal.clear();
      answers.clear();
    },
  };
  const servePostback = postbackServer({ journal, answers, injector, record: options.record });
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    if (isStatistics(request.url)) serveStatistics(journal.statistics, request, response);
    else if (!isControl(request.url)) servePostback(request, response);
    else serveControl(controlled, request, response).catch((error) => response.destroy(error));
  });
  const url = await listen(server, options);
  return { ...controlled, url, close: closerOf(server) };
}

interface PostbackParts {
  readonly journal: Journal;
  readonly answers: Answers;
  readonly injector: FaultInjector;
  readonly record: ((entry: SandboxEntry) => void) | undefined;
}

function postbackServer({ journal, answers, injector, record }: PostbackParts) {
  const entryOf = entryMaker();
  return function servePostback(request: IncomingMessage, response: ServerResponse): void {
    const postback = readPostback(request.url ?? '');
    if (postback === undefined || request.method !== 'GET') {
      journal.count(refuse(request, response, postback));
      return;
    }
    const fault = injector.next(postback);
    const status = respond(request, response, answers.answer(postback), fault);
    const entry = entryOf(request, postback, status);
    journal.add(entry, postback);
    record?.(entry);
  };
}

function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  postback: IncomingPostback | undefined,
): number {
  if (postback === undefined) {
    const body = `there is nothing at ${request.url}; postbacks go to /ld and /ord\n`;
    send(response, { status: 404, body });
    return 404;
  }
  response.setHeader('allow', 'GET');
  send(response, { status: 405, body: `${request.method} is not allowed; postbacks are GET\n` });
  return 405;
}

function entryMaker() {
  // Node makes a new text for each request's header: one is kept, so that a million entries share it.
  let userAgent: string | undefined;
  return function entryOf(
    { headers }: IncomingMessage,
    { kind, clickId, value }: IncomingPostback,
    status: number | null,
  ): SandboxEntry {
    if (headers['user-agent'] !== userAgent) userAgent = headers['user-agent'];
    const traceparent = headers['traceparent'];
    return {
      at: Date.now(),
      kind,
      clickId,
      ...(value === undefined ? undefined : { value }),
      status,
      ...(userAgent === undefined ? undefined : { userAgent }),
      ...(typeof traceparent === 'string' ? { traceparent } : undefined),
    };
  };
}

function isControl(url = ''): boolean {
  return url === '/sandbox' || url.startsWith('/sandbox/');
}

function closerOf(server: Server): () => Promise<void> {
  let closed: Promise<unknown> | undefined;
  return async function close() {
    if (closed === undefined) {
      closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
    }
    await closed;
  };
}
