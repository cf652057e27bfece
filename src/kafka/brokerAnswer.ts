import { toError } from '../errors.ts';
import type { KafkaLog } from './client.ts';

/** What the broker tells of offsets; undefined when it doesn't, which is logged: it is asked again then, later. */
export async function orLater<Answer>(
  answer: Promise<Answer>,
  log: KafkaLog,
): Promise<Answer | undefined> {
  try {
    return await answer;
  } catch (thrown) {
    log('warn', "the broker doesn't tell its offsets; trying again", {
      error: toError(thrown).message,
    });
    return undefined;
  }
}
