import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { Answer } from './answer.ts';
import type { FaultAction } from './faults.ts';

const SLOW_BODY_BYTES = 64;
const endlessChunk = Buffer.alloc(16_384, 'endless ');

/**
 * Answers a request, or fails to in the way that the fault says. Returns the status that goes out,
 * null when none does. What takes its time ends at the latest with the connection.
 */
export function respond(
  request: IncomingMessage,
  response: ServerResponse,
  answer: Answer,
  fault: FaultAction | undefined,
): number | null {
  switch (fault?.type) {
    case undefined:
      send(response, answer);
      return answer.status;
    case 'answer':
      if (fault.retryAfter !== undefined) response.setHeader('retry-after', fault.retryAfter);
      if (fault.location !== undefined) response.setHeader('location', fault.location);
      send(response, { status: fault.status, body: 'a fault of the sandbox\n' });
      return fault.status;
    case 'delay':
      sendLater(response, answer, fault.milliseconds);
      return answer.status;
    case 'slowBody':
      sendSlowly(response, answer, fault.milliseconds);
      return answer.status;
    case 'endlessBody':
      sendEndlessly(response, answer);
      return answer.status;
    case 'close':
      request.socket.destroy();
      return null;
    case 'reset':
      request.socket.resetAndDestroy();
      return null;
    case 'garbage':
      request.socket.end('\u0000\u0001 these bytes are not HTTP \u0002\r\n\r\n', 'latin1');
      return null;
    case 'hang':
      return null;
  }
}

/** Sends a text; Node adds the length, and leaves the body out where a status has none. */
export function send(response: ServerResponse, { status, body }: Answer): void {
  response.statusCode = status;
  response.setHeader('content-type', 'text/plain; charset=utf-8');
  response.end(body);
}

function sendLater(response: ServerResponse, answer: Answer, milliseconds: number): void {
  const timer = setTimeout(() => send(response, answer), milliseconds);
  response.once('close', () => clearTimeout(timer));
}

function sendSlowly(response: ServerResponse, { status }: Answer, milliseconds: number): void {
  let left = SLOW_BODY_BYTES;
  response.writeHead(status, { 'content-length': SLOW_BODY_BYTES }).flushHeaders();
  const timer = setInterval(() => {
    left -= 1;
    response.write('.');
    if (left === 0) response.end();
  }, milliseconds);
  response.once('close', () => clearInterval(timer));
}

function sendEndlessly(response: ServerResponse, { status }: Answer): void {
  response.writeHead(status, { 'content-type': 'text/plain' });
  pipeline(endless(), response).catch(() => {
    // The other side left or the sandbox was closed: the two ways in which this ends.
  });
}

function* endless(): Generator<Buffer> {
  for (;;) yield endlessChunk;
}
