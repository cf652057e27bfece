import { setTimeout as sleep } from 'node:timers/promises';
import type { Dice } from '../shop/dice.ts';
import { drawOutage } from './faultsOfParts.ts';
import type { DatabaseServer } from './store.ts';
import type { FaultKind, Injection, World } from './world.ts';

/** What happens to the database server of the store, and on the way to it. */
export const databaseFaults = {
  'database-restart': { weight: 4, draw: drawRestart },
  'database-kill': { weight: 3, draw: drawTermination },
  'database-cut': { weight: 3, draw: drawLostReplies },
  'database-down': { weight: 1, draw: drawOutage('database', 'refuse') },
  'database-hang': { weight: 1, draw: drawOutage('database', 'hang') },
} as const satisfies Record<string, FaultKind>;

/** It is shut down at once, in the middle of whatever it does, and recovers from its log when it is started. */
function drawRestart(dice: Dice): Injection {
  const downtime = dice.between(0, 3_000);
  return ({ store, log }) =>
    log.during('database-restart', `immediate, down for ${downtime} ms`, async () => {
      const server = serverOf(store);
      await server.crash();
      await sleep(downtime);
      await server.restart();
    });
}

/** Every connection of a connector is terminated, a few times. */
function drawTermination(dice: Dice): Injection {
  const pauses = Array.from({ length: dice.between(1, 4) }, () => dice.between(0, 300));
  return ({ store, log }) =>
    log.during('database-kill', `backends terminated ${pauses.length} times`, async () => {
      for (const pause of pauses) {
        await serverOf(store).terminateConnectors();
        await sleep(pause);
      }
    });
}

/** Connections are reset once their replies were held back for a moment: what was committed meanwhile nobody knows. */
function drawLostReplies(dice: Dice): Injection {
  const cuts = Array.from({ length: dice.between(1, 4) }, () => ({
    swallowed: dice.pick([0, dice.between(1, 1_500)]),
    pause: dice.between(0, 500),
  }));
  return ({ proxies, log }) =>
    log.during('database-cut', `replies lost ${cuts.length} times`, async () => {
      for (const { swallowed, pause } of cuts) {
        proxies.database.swallow();
        await sleep(swallowed);
        proxies.database.cut();
        await proxies.database.open();
        await sleep(pause);
      }
    });
}

function serverOf({ server }: World['store']): DatabaseServer {
  if (!server) throw new Error('the store of this run has no server');
  return server;
}
