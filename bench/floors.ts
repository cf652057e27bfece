import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { LoadedTopic } from './load.ts';
import type { Parts } from './parts.ts';

const consumeFile = fileURLToPath(import.meta.resolve('./floors/consume.ts'));
const requestsFile = fileURLToPath(import.meta.resolve('./floors/requests.ts'));

const costSchema = z.object({ cpuMicroseconds: z.number(), peakMegabytes: z.number() });
const consumeSchema = costSchema.extend({ perSecond: z.number() });

/** What the least that could do the job has done. */
export interface Floor extends z.infer<typeof costSchema> {
  readonly name: string;
  readonly perSecond: number;
}

let groups = 0;

/** kafkajs with an `eachBatch` that does nothing, over the same topic, in a process of its own. */
export async function consumeFloor(parts: Parts, topic: LoadedTopic): Promise<Floor> {
  groups += 1;
  const group = `${parts.prefix}.floor-${groups}`;
  const given = [parts.brokers.join(','), topic.topic, group, String(topic.events)];
  return { name: 'kafkajs', ...consumeSchema.parse(await runFloor(consumeFile, given)) };
}

/** A loop around undici's `Pool.request`, in a process of its own; by the receiver, from the first to the last. */
export async function requestFloor(
  { receiver }: Parts,
  options: { readonly concurrency: number; readonly count: number; readonly delay: number },
): Promise<Floor> {
  await receiver.reset(options.delay);
  const given = [receiver.url, String(options.concurrency), String(options.count)];
  const cost = costSchema.parse(await runFloor(requestsFile, given));
  const { requests, firstAt, lastAt } = await receiver.count();
  return { name: 'undici', perSecond: (requests / (lastAt - firstAt)) * 1_000, ...cost };
}

async function runFloor(program: string, given: readonly string[]): Promise<unknown> {
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...given]);
  return JSON.parse(stdout);
}
