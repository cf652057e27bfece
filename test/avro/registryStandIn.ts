import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { createRegistry, type RegistryOptions } from '../../src/avro/registry.ts';
import type { SchemaReference } from '../../src/avro/schemaReference.ts';
import { listen } from '../listen.ts';

/** A request that the stand-in got. */
interface SeenRequest {
  /** `GET /schemas/ids/1` */
  readonly line: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Answers one request; `attempt` counts, from 1, how often its line was seen. */
export type Answer = (response: ServerResponse, attempt: number) => void;

export interface RegistryStandIn extends AsyncDisposable {
  readonly url: string;
  readonly seen: readonly SeenRequest[];
}

/** As Confluent's frames name a schema. */
export function byId(value: number): SchemaReference {
  return { kind: 'id', value };
}

/** What a registry says about an id that it does not know. */
export const unknownId: Answer = json({ error_code: 40403, message: 'Schema not found' }, 404);

export function json(body: unknown, status = 200): Answer {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/vnd.schemaregistry.v1+json' });
    response.end(JSON.stringify(body));
  };
}

export function text(body: string, status = 200): Answer {
  return (response) => {
    response.writeHead(status, { 'content-type': 'text/html', location: 'http://127.0.0.1:1/' });
    response.end(body);
  };
}

/** A server on the loopback that answers as told by line, and 404 as a registry else; for edges only. */
export async function standInRegistry(answers: Record<string, Answer>): Promise<RegistryStandIn> {
  const seen: SeenRequest[] = [];
  const server = createServer(async (request, response) => {
    const line = `${request.method} ${request.url}`;
    const chunks: Buffer[] = await request.toArray();
    seen.push({ line, headers: request.headers, body: Buffer.concat(chunks).toString() });
    const answer = answers[line] ?? unknownId;
    answer(response, seen.filter((earlier) => earlier.line === line).length);
  });
  const port = await listen(server);
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A registry client and the stand-in that it talks to, both ended at the end of the test. */
export async function setUp(
  answers: Record<string, Answer>,
  options: Partial<RegistryOptions> = {},
) {
  const standIn = await standInRegistry(answers);
  const registry = createRegistry({ url: standIn.url, timeout: 5_000, ...options });
  return {
    registry,
    standIn,
    lines: () => standIn.seen.map(({ line }) => line),
    async [Symbol.asyncDispose]() {
      await registry.close();
      await standIn[Symbol.asyncDispose]();
    },
  };
}
