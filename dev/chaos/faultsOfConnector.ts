import { setTimeout as sleep } from 'node:timers/promises';
import type { Dice } from '../shop/dice.ts';
import { until } from '../until.ts';
import { failPoints } from './failPoints.ts';
import type { FaultKind, Injection, World } from './world.ts';

/** Longer than the group waits for a member (connector.yaml says 6 s). */
const beyondSession = { min: 6_500, max: 10_000 };

/** What happens to the connector's own process, and to its membership. */
export const connectorFaults = {
  kill: { weight: 50, draw: drawKill },
  deploy: { weight: 9, draw: drawDeploy },
  pause: { weight: 2, draw: drawPause },
  zombie: { weight: 3, draw: drawZombie },
  'clock-jump': { weight: 2, draw: drawClockJump },
  storm: { weight: 8, draw: drawStorm },
} as const satisfies Record<string, FaultKind>;

/** Longer than a postback takes that is in retry. */
const failPointDeadline = 10_000;

/** A third of the kills strike at a point of the way of a record, a third when so many more postbacks have come in. */
function drawKill(dice: Dice): Injection {
  return dice.happens(1 / 3) ? drawKillAtPoint(dice) : drawKillAtAnyTime(dice);
}

function drawKillAtPoint(dice: Dice): Injection {
  const point = dice.pick(failPoints);
  return async ({ connectors, log }) => {
    const connector = connectors.pick();
    log.report(`kill: at the point "${point}"`);
    const at = await connector.killAt(point, { deadline: failPointDeadline });
    log.note({ kind: 'kill', detail: `kill -9 at the point ${point}`, from: at, until: at });
  };
}

function drawKillAtAnyTime(dice: Dice): Injection {
  const postbacks = dice.happens(0.5) ? 0 : dice.between(1, 150);
  const later = dice.between(0, 60);
  const downtime = dice.between(0, 500);
  return async ({ connectors, receiver, log }) => {
    const connector = connectors.pick();
    if (postbacks > 0) await untilSent(receiver, postbacks);
    await sleep(later);
    const state = connector.isReading ? 'reading' : 'starting';
    await log.during('kill', `kill -9 while ${state}`, () => connector.kill(downtime));
  };
}

/** Waits for postbacks, but not for long: it may be that none come. */
async function untilSent(receiver: World['receiver'], postbacks: number): Promise<void> {
  const before = await receiver.recorded();
  const endsAt = performance.now() + 4_000;
  await until(
    () => receiver.recorded(),
    (now) => now >= before + postbacks || performance.now() > endsAt,
    { deadline: 10_000, interval: 10, what: 'the receiver to tell its count' },
  );
}

function drawDeploy(dice: Dice): Injection {
  const postbacks = dice.between(0, 50);
  return async ({ connectors, receiver, log }) => {
    const connector = connectors.pick();
    if (postbacks > 0) await untilSent(receiver, postbacks);
    await log.during('deploy', 'SIGTERM', async () => {
      const killedAt = await connector.deploy();
      if (killedAt === undefined) return;
      log.note({
        kind: 'kill',
        detail: 'it did not stop in time',
        from: killedAt,
        until: killedAt,
      });
    });
  };
}

/** The process stands still for so long that the group gives it up. */
function drawPause(dice: Dice): Injection {
  const milliseconds = dice.between(beyondSession.min, beyondSession.max);
  return ({ connectors, log }) =>
    log.during('pause', `SIGSTOP for ${milliseconds} ms`, () =>
      connectors.pick().pause(milliseconds),
    );
}

/** The same while another member takes over, and still has the partitions when the process goes on. */
function drawZombie(dice: Dice): Injection {
  const milliseconds = dice.between(beyondSession.min, beyondSession.max);
  const longer = dice.between(500, 3_000);
  const visit = { members: 1, stay: 0, seed: dice.between(0, 1_000_000), end: 'SIGTERM' } as const;
  return ({ connectors, strangers, log }) =>
    log.during('zombie', `SIGSTOP for ${milliseconds} ms, with another member`, async () => {
      const paused = log.during('pause', 'SIGSTOP of a zombie', () =>
        connectors.pick().pause(milliseconds),
      );
      await strangers.visit({ ...visit, milliseconds: milliseconds + longer });
      await paused;
    });
}

/** Two more members come and go. */
function drawStorm(dice: Dice): Injection {
  const milliseconds = dice.between(3_000, 9_000);
  const stay = dice.pick([500, 1_500, 4_000]);
  const end = dice.pick(['SIGTERM', 'SIGTERM', 'SIGKILL']);
  const behaviour = { members: 2, stay, milliseconds, seed: dice.between(0, 1_000_000), end };
  return ({ strangers, log }) =>
    log.during('storm', `two members stay up to ${stay} ms, for ${milliseconds} ms`, () =>
      strangers.visit(behaviour),
    );
}

/** The wall clock jumps, and jumps back; what was begun before must not notice. */
function drawClockJump(dice: Dice): Injection {
  const hours = dice.pick([24, -24, 1, -1]);
  const milliseconds = dice.between(2_000, 8_000);
  return async ({ wallClock, log }) => {
    if (!wallClock) return log.report('clock-jump: left out, since libfaketime is not installed');
    await log.during('clock-jump', `by ${hours} h, for ${milliseconds} ms`, async () => {
      await wallClock.shift(hours * 3_600);
      await sleep(milliseconds);
      await wallClock.shift(0);
    });
  };
}
