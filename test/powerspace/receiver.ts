import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { onTestFinished } from 'vitest';
import {
  createPowerspaceClient,
  type PowerspaceClient,
  type PowerspaceClientOptions,
} from '../../src/powerspace/client.ts';
import { listen } from '../listen.ts';

/** Answers one request by hand, with whatever bytes it likes. */
export type AnswerByHand = (socket: Socket, target: string) => void;

/** An HTTP receiver made of bare sockets, so that nothing is repeated, hidden or mended on its side. */
export interface Receiver {
  readonly url: string;
  /** The first line and the headers of every request, in the order of arrival. */
  readonly requests: readonly string[];
  /** The connections that are open now, and how many there were in all. */
  readonly sockets: ReadonlySet<Socket>;
  readonly connections: () => number;
}

export const ok = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

/** Starts one on a free port of the loopback interface; it is closed when the test ends. */
export async function startReceiver(answer: AnswerByHand, tls?: TlsOptions): Promise<Receiver> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const onSocket = (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    // A client that cuts an answer off resets the connection.
    socket.on('error', () => {}).once('close', () => sockets.delete(socket));
    let unread = '';
    socket.on('data', (data) => {
      unread += data.toString('latin1');
      const end = unread.indexOf('\r\n\r\n');
      if (end === -1) return;
      requests.push(unread.slice(0, end));
      const target = unread.split(' ', 2)[1] ?? '';
      unread = unread.slice(end + 4);
      answer(socket, target);
    });
  };
  const server = tls ? createTlsServer(tls, onSocket) : createServer(onSocket);
  const port = await listen(server);
  onTestFinished(async () => {
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  });
  const url = tls ? `https://localhost:${port}` : `http://127.0.0.1:${port}`;
  return { url, requests, sockets, connections: () => connections };
}

/** A port of the loopback interface on which nobody listens. */
export async function unusedPort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  server.close();
  await once(server, 'close');
  return port;
}

/** A client of that address, closed when the test ends. */
export function clientFor(
  url: string,
  options: Partial<PowerspaceClientOptions> = {},
): PowerspaceClient {
  const client = createPowerspaceClient({ url, timeout: 5_000, concurrency: 4, ...options });
  onTestFinished(() => client.close());
  return client;
}
