import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Stands between the connector and a part, and fails as networks do. */
export interface FaultyProxy {
  readonly port: number;
  /** Says to which port of this machine it passes on: before anybody connects. */
  leadTo(target: number): void;
  /** Resets every connection; new ones are let through. */
  cut(): void;
  /** Resets every connection and takes no new one: the part is down. */
  refuse(): Promise<void>;
  /** Keeps connections, and takes new ones, but passes nothing on: packets are dropped. */
  hang(): void;
  /** Passes everything on again. */
  open(): Promise<void>;
  close(): Promise<void>;
}

/** Starts one that listens on 127.0.0.1. */
export async function startProxy(): Promise<FaultyProxy> {
  let target = 0;
  const sockets = new Set<Socket>();
  let isHung = false;
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const part = connect({ port: target, host: '127.0.0.1', allowHalfOpen: true });
    for (const [from, to] of [
      [client, part],
      [part, client],
    ] as const) {
      sockets.add(from);
      forward(from, to, () => isHung);
      from.on('close', () => sockets.delete(from));
      if (isHung) from.pause();
    }
  });
  const listen = async (port: number) => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
  const cut = () => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  const refuse = async () => {
    if (!server.listening) return;
    server.close();
    cut();
    await once(server, 'close');
  };
  const port = await listen(0);
  return {
    port,
    leadTo(part) {
      target = part;
    },
    cut,
    refuse,
    hang() {
      isHung = true;
      for (const socket of sockets) socket.pause();
    },
    async open() {
      isHung = false;
      for (const socket of sockets) socket.resume();
      if (!server.listening) await listen(port);
    },
    close: refuse,
  };
}

function forward(from: Socket, to: Socket, isHung: () => boolean): void {
  from.setNoDelay(true);
  from.on('data', (chunk) => {
    if (!to.write(chunk)) from.pause();
  });
  to.on('drain', () => {
    if (!isHung()) from.resume();
  });
  from.on('end', () => to.end());
  from.on('close', () => to.destroy());
  // What ends a connection on one side ends it on the other; 'close' sees to it.
  from.on('error', () => to.destroyed || to.resetAndDestroy());
}
