import { expect, test } from 'vitest';
import { failPointModule, failPoints, failPointVariable } from '../../dev/chaos/failPoints.ts';
import { countRecorded, produceConversions, produceVisits } from './conversions.ts';
import { openShop } from './shopFixture.ts';
import { until } from './until.ts';

const people = 200;
const inFlight = 64;
/** Before the first of them nothing has been written to Powerspace. */
const beforeSending = ['decoded', 'joined', 'claimed'];

test.for(failPoints)(
  'crashed once it has "%s", it delivers all when it is started again',
  async (point, context) => {
    const { shop, sandbox, watcher, run } = await openShop(context);
    const visits = await produceVisits(shop, { count: people });
    const first = await run();
    await until(watcher.progress, ({ committed }) => committed === visits);
    await first.stop();

    const crashing = await run({
      NODE_OPTIONS: `--import=${failPointModule}`,
      [failPointVariable]: point,
    });
    const conversions = await produceConversions(shop, { count: people });
    // Nobody but the process itself sends that signal.
    await expect(crashing.failed).rejects.toThrow('(SIGKILL)');
    const sentBefore = sandbox.summary().requests;
    if (beforeSending.includes(point)) expect(sentBefore).toBe(0);
    if (point !== 'committed') expect((await watcher.progress()).committed).toBe(visits);

    const second = await run();
    await until(watcher.progress, ({ committed, end }) => committed === end);
    await second.stop();
    const recorded = countRecorded(sandbox);
    expect(recorded.conversions).toBe(conversions);
    expect(recorded.repeated).toBeLessThanOrEqual(Math.min(sentBefore, inFlight));
  },
);
