import { askHealth, type Health } from '../admin/ask.ts';
import { loadConfig } from '../config/load.ts';
import type { CommonOptions } from './options.ts';

/** Milliseconds for the answer; less than the image's health check waits. */
const patience = 3_000;

/** Options of `health`. */
export interface HealthOptions extends CommonOptions {
  readonly live?: true;
}

/**
 * Asks the connector that runs with this configuration how it is; 0 when it is ready (with `live`, when it
 * answers at all), 1 otherwise.
 */
export async function health(options: HealthOptions): Promise<number> {
  const { admin } = (await loadConfig(options.config, process.env)).config;
  const path = options.live ? '/health/live' : '/health/ready';
  const answer = await askHealth(admin.listen, path, patience);
  process.stdout.write(`${options.json ? JSON.stringify(answer) : format(answer)}\n`);
  return answer.status === 'ready' || answer.status === 'live' ? 0 : 1;
}

function format({ status, problems }: Health): string {
  return [status, ...problems].join('\n  ');
}
