import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { LoadedTopic } from './load.ts';
import type { Parts } from './parts.ts';

const consumeFile = fileURLToPath(import.meta.resolve('./floors/consume.ts'));
const requestsFile = fileURLToPath(import.meta.resolve('./floors/requests.ts'));

let groups = 0;

/** Events a second of kafkajs with an `eachBatch` that does nothing, over the same topic, in a process of its own. */
export async function consumeFloor(parts: Parts, topic: LoadedTopic): Promise<number> {
  groups += 1;
  const group = `${parts.prefix}.floor-${groups}`;
  const given = [parts.brokers.join(','), topic.topic, group, String(topic.events)];
  const { perSecond } = z
    .object({ perSecond: z.number() })
    .parse(await runFloor(consumeFile, given));
  return perSecond;
}

/** Postbacks a second, by the receiver, of a loop around undici's `Pool.request`, in a process of its own. */
export async function requestFloor(
  { receiver }: Parts,
  options: { readonly concurrency: number; readonly count: number; readonly delay: number },
): Promise<number> {
  await receiver.reset(options.delay);
  await runFloor(requestsFile, [receiver.url, String(options.concurrency), String(options.count)]);
  const { requests, firstAt, lastAt } = await receiver.count();
  return (requests / (lastAt - firstAt)) * 1_000;
}

async function runFloor(program: string, given: readonly string[]): Promise<unknown> {
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...given]);
  return JSON.parse(stdout);
}
