import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { toError } from '../errors.ts';
import { splitAddress } from '../listen.ts';

/** The addresses that listen everywhere are asked at home. */
const loopbackOf = new Map([
  ['0.0.0.0', '127.0.0.1'],
  ['::', '::1'],
]);

/** What an admin server says of its connector. */
export interface Health {
  readonly status: 'ready' | 'not ready' | 'live' | 'unreachable';
  /** Why it isn't ready, or can't be reached; empty otherwise. */
  readonly problems: readonly string[];
}

const healthSchema = z.object({
  status: z.enum(['ready', 'not ready', 'live']),
  problems: z.array(z.string()).default([]),
});

/**
 * Asks the admin server that listens at `host:port`, past any proxy, and gives it `timeout` milliseconds. An
 * answer that is none, or not of a connector, is `unreachable`.
 */
export async function askHealth(
  listen: string,
  path: '/health/live' | '/health/ready',
  timeout: number,
): Promise<Health> {
  try {
    return healthSchema.parse(JSON.parse(await get(listen, path, timeout)));
  } catch (thrown) {
    return { status: 'unreachable', problems: [`${listen} (admin.listen): ${reason(thrown)}`] };
  }
}

function reason(thrown: unknown): string {
  const { name, message } = toError(thrown);
  return name === 'ZodError' || name === 'SyntaxError' ? 'no admin server answers there' : message;
}

async function get(listen: string, path: string, timeout: number): Promise<string> {
  const { host: named, port } = splitAddress(listen);
  const host = loopbackOf.get(named) ?? named;
  const signal = AbortSignal.timeout(timeout);
  const agent = new Agent();
  const response = await new Promise<NodeJS.ReadableStream>((resolve, reject) => {
    request({ host, port, path, agent, signal }, resolve).on('error', reject).end();
  });
  return text(response);
}
