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
  /** Passes on what is asked, and nothing of what is answered. */
  swallow(): void;
  /** Passes everything on again. */
  open(): Promise<void>;
  close(): Promise<void>;
}

/** Starts one that listens on 127.0.0.1. */
export async function startProxy(): Promise<FaultyProxy> {
  let target = 0;
  const clients = new Set<Socket>();
  const parts = new Set<Socket>();
  const held = new Set<ReadonlySet<Socket>>();
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const part = connect({ port: target, host: '127.0.0.1', allowHalfOpen: true });
    for (const [from, to, side] of [
      [client, part, clients],
      [part, client, parts],
    ] as const) {
      side.add(from);
      forward(from, to, () => held.has(side));
      from.on('close', () => side.delete(from));
      if (held.has(side)) from.pause();
    }
  });
  const listen = async (port: number) => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
  const cut = () => {
    for (const socket of [...clients, ...parts]) socket.resetAndDestroy();
  };
  const hold = (side: ReadonlySet<Socket>) => {
    held.add(side);
    for (const socket of side) socket.pause();
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
      hold(clients);
      hold(parts);
    },
    swallow: () => hold(parts),
    async open() {
      held.clear();
      for (const socket of [...clients, ...parts]) socket.resume();
      if (!server.listening) await listen(port);
    },
    close: refuse,
  };
}

function forward(from: Socket, to: Socket, isHeld: () => boolean): void {
  from.setNoDelay(true);
  from.on('data', (chunk) => {
    if (!to.write(chunk)) from.pause();
  });
  to.on('drain', () => {
    if (!isHeld()) from.resume();
  });
  from.on('end', () => to.end());
  from.on('close', () => to.destroy());
  // What ends a connection on one side ends it on the other; 'close' sees to it.
  from.on('error', () => to.destroyed || to.resetAndDestroy());
}
