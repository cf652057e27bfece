import type { AttemptResult } from '../../src/powerspace/answer.ts';
import type { PowerspaceClient } from '../../src/powerspace/client.ts';
import { conversionOfTarget } from './events.ts';
import type { Owner, Scheduler } from './scheduler.ts';

/** What can become of a request. */
export const fates = [
  'recorded',
  'unknown',
  'failing',
  'busy',
  'forbidden',
  'refused',
  'reset before recording',
  'reset after recording',
  'time-out before recording',
  'time-out after recording',
] as const;
export type Fate = (typeof fates)[number];

/** What Powerspace does with requests; whoever watches hears of each. */
export interface PowerspaceWatcher {
  /** The first byte of a request goes out. */
  sending(conversion: string, sender: Owner): void;
  /** The sender knows how it ended; `isFinal` when there is nothing to send again. */
  answered(conversion: string, fate: Fate): void;
}

/** Milliseconds that the connector waits for a whole answer. */
const timeout = 5_000;

/** A Powerspace that gives the answers which the schedule says. */
export class SimulatedPowerspace {
  /** How often each conversion was recorded. */
  readonly recorded = new Map<string, number>();
  /** Each request has one of these fates. */
  fates: readonly Fate[] = ['recorded'];
  readonly #scheduler: Scheduler;
  readonly #watcher: PowerspaceWatcher;

  constructor(scheduler: Scheduler, watcher: PowerspaceWatcher) {
    this.#scheduler = scheduler;
    this.#watcher = watcher;
  }

  /** The client of one process. What it has sent arrives even if it dies. */
  clientOf(owner: Owner): PowerspaceClient {
    return {
      origin: new URL('http://powerspace.simulated'),
      get: (target) => this.#request(conversionOfTarget(target), owner),
      close: async () => {},
    };
  }

  #request(conversion: string, owner: Owner): Promise<AttemptResult> {
    const scheduler = this.#scheduler;
    const fate = scheduler.pick(this.fates);
    const { promise, resolve } = Promise.withResolvers<AttemptResult>();
    const isSent = fate !== 'refused';
    if (isSent) this.#watcher.sending(conversion, owner);
    const arrivesAfter = scheduler.delay();
    scheduler.schedule(arrivesAfter, undefined, () => {
      if (isRecording(fate)) {
        this.recorded.set(conversion, (this.recorded.get(conversion) ?? 0) + 1);
      }
    });
    const answersAfter = fate.startsWith('time-out')
      ? timeout
      : arrivesAfter + Math.min(scheduler.delay(), timeout);
    scheduler.schedule(answersAfter, owner, () => {
      if (isSent) this.#watcher.answered(conversion, fate);
      resolve(toResult(fate));
    });
    return promise;
  }
}

function isRecording(fate: Fate): boolean {
  return fate === 'recorded' || fate.endsWith('after recording');
}

function toResult(fate: Fate): AttemptResult {
  const answer = (status: number, retryAfter?: string): AttemptResult => ({
    ...{ type: 'answer', status, retryAfter },
  });
  const failure = (stage: 'before-request' | 'after-request', code: string): AttemptResult => ({
    ...{ type: 'failure', stage, code, message: fate },
  });
  switch (fate) {
    case 'recorded':
      return answer(200);
    case 'unknown':
      return answer(404);
    case 'failing':
      return answer(503);
    case 'busy':
      return answer(429, '2');
    case 'forbidden':
      return answer(403);
    case 'refused':
      return failure('before-request', 'ECONNREFUSED');
    case 'reset before recording':
    case 'reset after recording':
      return failure('after-request', 'ECONNRESET');
    case 'time-out before recording':
    case 'time-out after recording':
      return failure('after-request', 'ETIMEDOUT');
  }
}
