import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from '../../src/sandbox/sandbox.ts';
import type { Dice } from '../shop/dice.ts';
import type { FaultKind, Injection } from './world.ts';

/** Powerspace takes its time always, so that postbacks are in flight whenever something strikes. */
export const usualAnswers: readonly Fault[] = [
  { rate: 0.2, action: { type: 'delay', milliseconds: 400 } },
  { rate: 0.5, action: { type: 'delay', milliseconds: 60 } },
];

/** What Powerspace does instead, and to which shares of the postbacks. */
const misbehaviours = {
  'answers-503': [{ type: 'answer', status: 503 }, [1, 0.5]],
  'answers-429': [{ type: 'answer', status: 429, retryAfter: 2 }, [1, 0.3]],
  'answers-401': [{ type: 'answer', status: 401 }, [1, 0.1]],
  'answers-302': [{ type: 'answer', status: 302, location: 'http://127.0.0.1:9/' }, [0.1]],
  'closes-unanswered': [{ type: 'close' }, [1, 0.3]],
  'resets-unanswered': [{ type: 'reset' }, [1, 0.3]],
  'never-answers': [{ type: 'hang' }, [1, 0.2]],
  // Recorded, and answered after the 5 s that the connector waits.
  'late-answers': [{ type: 'delay', milliseconds: 6_000 }, [0.2]],
  'slow-answers': [{ type: 'slowBody', milliseconds: 100 }, [0.2]],
  'garbage-answers': [{ type: 'garbage' }, [0.3]],
  'endless-answers': [{ type: 'endlessBody' }, [0.3]],
} as const satisfies Record<string, readonly [Fault['action'], readonly [number, ...number[]]]>;

type Misbehaviour = keyof typeof misbehaviours;

/** Powerspace misbehaves for a while. */
export const receiverFaults = Object.fromEntries(
  Object.keys(misbehaviours).map((name) => [
    name,
    { weight: 1, draw: (dice: Dice) => drawMisbehaviour(name as Misbehaviour, dice) },
  ]),
) as Record<Misbehaviour, FaultKind>;

function drawMisbehaviour(name: Misbehaviour, dice: Dice): Injection {
  const [action, rates] = misbehaviours[name];
  const rate = dice.pick(rates);
  const milliseconds = dice.between(1_000, 8_000);
  return ({ receiver, log }) =>
    log.during(name, `${rate * 100}% of the postbacks, for ${milliseconds} ms`, async () => {
      await receiver.setFaults([{ rate, action }, ...usualAnswers]);
      await sleep(milliseconds);
      await receiver.setFaults(usualAnswers);
    });
}
