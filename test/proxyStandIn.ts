import { createServer } from 'node:http';
import { connect, type Socket } from 'node:net';
import { listen } from './listen.ts';

/** An HTTP proxy of a test's own, which tunnels and does nothing else. */
export interface ProxyStandIn {
  readonly url: string;
  /** The host:port of each tunnel that was asked for, in order, and the headers of each request. */
  readonly tunnels: readonly string[];
  readonly headers: readonly (string | undefined)[];
  /** Requests that asked it to speak for the host instead. */
  readonly forwarded: readonly string[];
  /** What it does with who asks for a tunnel; `open` by default. */
  mode: 'open' | 'refuse' | 'hang';
  close(): Promise<void>;
}

/** Starts one on 127.0.0.1. Whatever host is asked for, it leads to 127.0.0.1. */
export async function startProxyStandIn(): Promise<ProxyStandIn> {
  const tunnels: string[] = [];
  const headers: (string | undefined)[] = [];
  const forwarded: string[] = [];
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) => {
    sockets.add(socket.on('error', () => socket.destroy()));
    socket.on('close', () => sockets.delete(socket));
  };
  const server = createServer((request, response) => {
    forwarded.push(String(request.url));
    response.writeHead(500).end();
  });
  server.on('connection', keep);
  server.on('connect', (request, client: Socket) => {
    tunnels.push(String(request.url));
    headers.push(request.headers['proxy-authorization']);
    if (proxy.mode === 'hang') return;
    if (proxy.mode === 'refuse') {
      client.end('HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n');
      return;
    }
    const port = Number(String(request.url).split(':').at(-1));
    const host = connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      client.pipe(host).pipe(client);
    });
    keep(host);
    host.on('close', () => client.destroy());
    client.on('close', () => host.destroy());
  });
  const port = await listen(server);
  const proxy: ProxyStandIn = {
    url: `http://127.0.0.1:${port}`,
    ...{ tunnels, headers, forwarded, mode: 'open' },
    async close() {
      for (const socket of sockets) socket.destroy();
      await server[Symbol.asyncDispose]();
    },
  };
  return proxy;
}
