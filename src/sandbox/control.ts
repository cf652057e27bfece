import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { type Fault, faultsSchema } from './faults.ts';
import type { SandboxEntry, SandboxSummary } from './journal.ts';
import { send } from './respond.ts';

const FAULTS_BYTES = 1_048_576;
const ENTRIES_A_CHUNK = 1_000;

/** What other processes may do with a sandbox. */
export interface Controlled {
  received(): readonly SandboxEntry[];
  summary(): SandboxSummary;
  setFaults(faults: readonly Fault[]): void;
  clear(): void;
}

/**
 * Serves what is under `/sandbox`: `GET /sandbox` (the summary, JSON), `GET /sandbox/received` (the
 * entries, a JSON a line), `DELETE /sandbox/received` (forgets them), `PUT /sandbox/faults` (a JSON
 * list that replaces the faults).
 */
export async function serveControl(
  sandbox: Controlled,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  switch (`${request.method} ${request.url}`) {
    case 'GET /sandbox':
      response.setHeader('content-type', 'application/json');
      response.end(`${JSON.stringify(sandbox.summary())}\n`);
      return;
    case 'GET /sandbox/received':
      response.setHeader('content-type', 'application/x-ndjson');
      return pipeline(Readable.from(linesOf(sandbox.received())), response);
    case 'DELETE /sandbox/received':
      sandbox.clear();
      return send(response, { status: 204, body: '' });
    case 'PUT /sandbox/faults':
      return send(response, replaceFaults(sandbox, await readBody(request)));
    default:
      return send(response, {
        status: 404,
        body: `${request.method} ${request.url} is not served; try GET /sandbox, GET or DELETE /sandbox/received, PUT /sandbox/faults\n`,
      });
  }
}

function* linesOf(entries: readonly SandboxEntry[]): Generator<string> {
  for (let start = 0; start < entries.length; start += ENTRIES_A_CHUNK) {
    const chunk = entries.slice(start, start + ENTRIES_A_CHUNK);
    yield `${chunk.map((entry) => JSON.stringify(entry)).join('\n')}\n`;
  }
}

function replaceFaults(sandbox: Controlled, body: string | undefined) {
  if (body === undefined) return { status: 413, body: `more than ${FAULTS_BYTES} bytes\n` };
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (error) {
    return { status: 400, body: `not JSON: ${error}\n` };
  }
  const faults = faultsSchema.safeParse(value);
  if (!faults.success) return { status: 400, body: `${z.prettifyError(faults.error)}\n` };
  sandbox.setFaults(faults.data);
  return { status: 204, body: '' };
}

/** The body as text; undefined when it is longer than faults may be, and then it is read to its end. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes <= FAULTS_BYTES) chunks.push(chunk);
  }
  return bytes > FAULTS_BYTES ? undefined : Buffer.concat(chunks).toString('utf8');
}
