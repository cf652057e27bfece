import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { toError } from '../errors.ts';
import { listen, splitAddress } from '../listen.ts';
import { answer } from './answer.ts';

/** Milliseconds for a whole request. */
const requestTimeout = 30_000;

/** What the admin server tells. */
export interface AdminParts {
  /** `host:port`; port 0 picks a free one. */
  readonly listen: string;
  /** Why the connector can't do its work now; empty when it can. */
  readonly problems: () => readonly string[];
  readonly handleMetrics: (request: IncomingMessage, response: ServerResponse) => void;
  /** Answers a request for `/clicks`. */
  readonly handleClicks: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
}

/** The admin server, listening. */
export interface AdminServer {
  /** Such as `http://127.0.0.1:9464`. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves `/health/live` (200 while the process runs), `/health/ready` (200, or 503 with the reasons),
 * `/metrics` (Prometheus) and `POST /clicks`. Throws an error that names the address when it can't listen there.
 */
export async function startAdminServer(parts: AdminParts): Promise<AdminServer> {
  const server = createServer({ requestTimeout }, (request, response) =>
    route(parts, request, response),
  );
  return {
    url: await listenOn(server, parts.listen),
    close: async () => {
      server.closeAllConnections();
      await server[Symbol.asyncDispose]();
    },
  };
}

async function listenOn(server: Server, address: string): Promise<string> {
  try {
    return await listen(server, splitAddress(address));
  } catch (thrown) {
    const { message } = toError(thrown);
    throw new Error(`the admin server can't listen on ${address} (admin.listen): ${message}`);
  }
}

function route(parts: AdminParts, request: IncomingMessage, response: ServerResponse): void {
  const path = request.url?.split('?', 1)[0];
  if (path === '/clicks') {
    void parts.handleClicks(request, response);
  } else if (request.method !== 'GET' && request.method !== 'HEAD') {
    answer(response, 405, { error: `${request.method} is not served here, GET is` });
  } else if (path === '/health/live') {
    answer(response, 200, { status: 'live' });
  } else if (path === '/health/ready') {
    const problems = parts.problems();
    if (problems.length === 0) answer(response, 200, { status: 'ready' });
    else answer(response, 503, { status: 'not ready', problems });
  } else if (path === '/metrics') {
    parts.handleMetrics(request, response);
  } else {
    answer(response, 404, { error: 'here are /health/live, /health/ready, /metrics and /clicks' });
  }
}
