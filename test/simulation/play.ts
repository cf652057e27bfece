import { setImmediate } from 'node:timers/promises';
import type { Observer } from './observer.ts';
import type { Scenario } from './scenario.ts';
import { inVirtualTime } from './virtualTime.ts';
import { World } from './world.ts';

/** Milliseconds after which everything must be settled once all is well. */
const longestRecovery = 10 * 60_000;

/**
 * Plays one schedule to its end, in virtual time, and returns the observer, which knows whether all went well.
 * What the connector never deals with, such as a rejection that nobody handles, is a failure of its own.
 */
export async function play(scenario: Scenario): Promise<Observer> {
  const world = new World(scenario);
  const onRejection = (reason: unknown) =>
    world.observer.violate('no failure of its own', `nobody handled ${reason}`);
  process.on('unhandledRejection', onRejection);
  try {
    await inVirtualTime(world.scheduler, () => playIn(world, scenario));
    // Between turns of its event loop Node tells of rejections, and everybody else has their turn.
    await setImmediate();
  } finally {
    process.off('unhandledRejection', onRejection);
  }
  return world.observer;
}

async function playIn(world: World, { records, incidents }: Scenario): Promise<void> {
  const { scheduler, observer, supervisor } = world;
  const at = (milliseconds: number, work: () => void) =>
    scheduler.schedule(milliseconds, undefined, work);
  for (const record of records) at(record.writtenAt, () => world.write(record));
  for (const incident of incidents) at(incident.at, () => world.begin(incident));
  at(0, () => supervisor.start());
  const calmAt = Math.max(
    ...records.map(({ writtenAt }) => writtenAt),
    ...incidents.map((incident) => incident.at + incident.lasts),
  );
  at(calmAt + 1, () => world.calm());

  const deadline = scheduler.now + calmAt + longestRecovery;
  await scheduler.run(
    () => observer.violation !== undefined || world.isSettled || scheduler.now > deadline,
  );
  if (!world.isSettled) observer.violate('I1', `not all is committed: ${world.openEnds}`);
  await supervisor.stopForGood();
  observer.finish();
}
