import { setTimeout as sleep } from 'node:timers/promises';
import type { Dice } from '../shop/dice.ts';
import type { FaultKind, Injection, World } from './world.ts';

/** What happens to Kafka, the registry and the store, and on the way to them. */
export const partFaults = {
  'broker-kill': { weight: 8, draw: drawBrokerKill },
  'broker-hang': { weight: 1, draw: drawBrokerHang },
  'kafka-cut': { weight: 2, draw: drawCut('kafka') },
  'kafka-down': { weight: 1, draw: drawOutage('kafka', 'refuse') },
  'kafka-hang': { weight: 1, draw: drawOutage('kafka', 'hang') },
  'registry-down': { weight: 1, draw: drawOutage('registry', 'refuse') },
  'registry-hang': { weight: 1, draw: drawOutage('registry', 'hang') },
  'receiver-cut': { weight: 2, draw: drawCut('receiver') },
  'receiver-down': { weight: 1, draw: drawOutage('receiver', 'refuse') },
  'receiver-hang': { weight: 1, draw: drawOutage('receiver', 'hang') },
  'store-locked': { weight: 2, draw: drawStoreLock },
} as const satisfies Record<string, FaultKind>;

type Part = keyof World['proxies'];

function drawBrokerKill(dice: Dice): Injection {
  const downtime = dice.between(0, 3_000);
  return ({ broker, proxies, log }) =>
    log.during('broker-kill', `kill -9, down for ${downtime} ms`, async () => {
      await broker.signal('SIGKILL');
      // Connections are refused, as they are without a proxy between.
      await proxies.kafka.refuse();
      await sleep(downtime);
      await broker.restart();
      await proxies.kafka.open();
    });
}

function drawBrokerHang(dice: Dice): Injection {
  const milliseconds = dice.between(1_000, 8_000);
  return ({ broker, log }) =>
    log.during('broker-hang', `SIGSTOP for ${milliseconds} ms`, async () => {
      await broker.signal('SIGSTOP');
      await sleep(milliseconds);
      await broker.signal('SIGCONT');
    });
}

/** Connections are reset, a few times within a second. */
function drawCut(part: Part) {
  return (dice: Dice): Injection => {
    const pauses = Array.from({ length: dice.between(1, 3) }, () => dice.between(0, 300));
    return ({ proxies, log }) =>
      log.during(`${part}-cut`, `${pauses.length} times`, async () => {
        for (const pause of pauses) {
          proxies[part].cut();
          await sleep(pause);
        }
      });
  };
}

/** Its connections are refused, or nothing is passed on any more, for a few seconds. */
export function drawOutage(part: Part, outage: 'refuse' | 'hang') {
  return (dice: Dice): Injection => {
    const milliseconds = dice.between(1_000, 8_000);
    const kind = outage === 'refuse' ? 'down' : 'hang';
    return ({ proxies, log }) =>
      log.during(`${part}-${kind}`, `for ${milliseconds} ms`, async () => {
        await proxies[part][outage]();
        await sleep(milliseconds);
        await proxies[part].open();
      });
  };
}

/** Another program holds a lock on the store, as a backup or a shell does. */
function drawStoreLock(dice: Dice): Injection {
  const milliseconds = dice.between(500, 6_000);
  return ({ store, log }) =>
    log.during('store-locked', `for ${milliseconds} ms`, () => store.lock(milliseconds));
}
