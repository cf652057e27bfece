import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * Has a server listen; port 0 picks a free one. Resolves with its address, such as `http://127.0.0.1:9464`, and rejects
 * when it can't listen there.
 */
export async function listen(server: Server, at: HostAndPort): Promise<string> {
  server.listen(at.port, at.host);
  await once(server, 'listening');
  const { address, family, port } = server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

/** Where a server listens. */
export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

/** The parts of a `host:port` or `[IPv6]:port`. */
export function splitAddress(address: string): HostAndPort {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon).replace(/^\[|\]$/g, '');
  return { host, port: Number(address.slice(colon + 1)) };
}
