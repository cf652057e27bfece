import pino from 'pino';
import { Deliverer } from '../../src/pipeline/deliver.ts';
import type { Delivery } from '../../src/pipeline/delivery.ts';
import type { Outcome } from '../../src/pipeline/outcome.ts';
import { type AttemptResult, classify } from '../../src/powerspace/answer.ts';
import { Breaker } from '../../src/powerspace/breaker.ts';
import { ManualClock } from '../manualClock.ts';
import { silentMetrics } from './fixtures.ts';

/** An answer with this status, and with this Retry-After header. */
export const answered = (status: number, retryAfter?: string): AttemptResult => ({
  type: 'answer',
  status,
  retryAfter,
});
/** A connection that was reset. */
export const failed = (stage: 'before-request' | 'after-request'): AttemptResult => ({
  type: 'failure',
  stage,
  code: 'ECONNRESET',
  message: 'reset',
});
export const second = 1_000;
export const minute = 60 * second;

/** A deliverer whose attempts end as the test says. */
export function start(
  answers: (delivery: Delivery) => AttemptResult | Promise<AttemptResult>,
  options: {
    concurrency?: number;
    onAmbiguous?: 'resend' | 'hold';
    giveUpAfter?: number;
    conclude?: () => Promise<void>;
    isWithinSession?: () => boolean;
  } = {},
) {
  const clock = new ManualClock();
  const attempts: string[] = [];
  const outcomes: Record<string, Outcome> = {};
  const givenBack: string[] = [];
  const failures: unknown[] = [];
  const logged: { readonly level: number; readonly hold: string; readonly error?: string }[] = [];
  const deliverer = new Deliverer({
    attempt: async (sent) => {
      attempts.push(sent.key.toString());
      sent.attempts += 1;
      const result = await answers(sent);
      sent.status = result.type === 'answer' ? result.status : undefined;
      return { result, class: classify(result) };
    },
    breaker: new Breaker(),
    isWithinSession: options.isWithinSession ?? (() => true),
    clock,
    metrics: silentMetrics,
    log: pino({ level: 'info' }, { write: (line) => logged.push(JSON.parse(line)) }),
    random: () => 0.5,
    concurrency: options.concurrency ?? 64,
    giveUpAfter: options.giveUpAfter ?? 60 * minute,
    onAmbiguous: options.onAmbiguous ?? 'resend',
    conclude: async (ended, outcome) => {
      await options.conclude?.();
      outcomes[ended.key.toString()] = outcome;
    },
    giveBack: async ({ key }) => {
      givenBack.push(key.toString());
    },
    onFailure: (thrown) => failures.push(thrown),
  });
  return { clock, attempts, outcomes, givenBack, failures, logged, deliverer };
}
