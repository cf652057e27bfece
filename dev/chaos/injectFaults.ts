import { setTimeout as sleep } from 'node:timers/promises';
import { Dice } from '../shop/dice.ts';
import { NotInTimeError, until } from '../until.ts';
import { drawFault, type FaultName } from './faults.ts';
import { usualAnswers } from './faultsOfReceiver.ts';
import type { World } from './world.ts';

/** I7: the connector delivers again within this time after a fault. */
const recoveryDeadline = 120_000;

/** Which faults, and for how long. */
export interface FaultPlan {
  readonly minutes: number;
  /** The same seed draws the same faults in the same order. */
  readonly seed: number;
  readonly faults: readonly FaultName[];
  /** Ends the faults before time is up. */
  readonly enough: AbortSignal;
}

/** Draws and injects faults until time is up. Returns the waits for a recovery that were in vain. */
export async function injectFaults(world: World, plan: FaultPlan): Promise<string[]> {
  const dice = new Dice(plan.seed);
  await world.receiver.setFaults(usualAnswers);
  const endsAt = performance.now() + plan.minutes * 60_000;
  const stalls: string[] = [];
  await untilRecorded(world, 'the start');
  while (performance.now() < endsAt && !plan.enough.aborted) {
    const fault = drawFault(dice, plan.faults);
    await sleep(fault.gap);
    try {
      await fault.inject(world);
      if (fault.isWaitedFor) await untilRecorded(world, fault.name);
    } catch (thrown) {
      if (!(thrown instanceof NotInTimeError)) throw thrown;
      stalls.push(`${fault.name}: ${thrown.message}`);
    }
  }
  return stalls;
}

/** Waits until Powerspace records again. */
async function untilRecorded({ receiver }: World, after: string): Promise<void> {
  const before = await receiver.recorded();
  await until(
    () => receiver.recorded(),
    (now) => now > before,
    { deadline: recoveryDeadline, what: `a postback after ${after}` },
  );
}
