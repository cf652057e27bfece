import { expect, test } from 'vitest';
import { ownSchema } from './ownSchema.ts';
import { realPart } from './services.ts';
import { order, visit } from './shopEvents.ts';
import { openShop } from './shopFixture.ts';
import { until } from './until.ts';

/**
 * How many times, each with topics, group and store of its own. As often as a release asks for, with the services of
 * `npm run services`: NO_OVERTAKING_RUNS=100 npx vitest run --project integration test/integration/noOvertaking.test.ts
 */
const runs = Number(process.env['NO_OVERTAKING_RUNS'] ?? 1);
const pairs = 10_000;
const pairsAtOnce = 500;
const partitions = 3;

test.for(Array.from({ length: runs }, (_, index) => index + 1))(
  'an order never overtakes its click of the same instant in the partition of another member, run %i',
  async (_, context) => {
    const { setting } = await ownSchema(realPart('postgres', context).url);
    const { shop, sandbox, watcher, run } = await openShop(context, [], setting);
    const { orders, 'web.landing': landing } = shop.topics;
    const members = await Promise.all([run(), run(), run()]);

    // An order is on its way as soon as its click is in Kafka, and the next clicks are on theirs beside it.
    let sending: Promise<void> | undefined;
    for (let first = 0; first < pairs; first += pairsAtOnce) {
      const at = new Date();
      const numbers = Array.from({ length: pairsAtOnce }, (_, index) => first + index);
      const visits = numbers.map((n) => ({
        ...shop.encode(visit({ visitorId: `person-${n}`, clickId: `click-${n}`, at })),
        partition: n % partitions,
      }));
      const purchases = numbers.map((n) => ({
        ...shop.encode(
          order({ orderId: `o-${n}`, customerId: `person-${n}`, amount: '20.00', at }),
        ),
        partition: (n + 1) % partitions,
      }));
      await shop.produce(landing, visits);
      await sending;
      sending = shop.produce(orders, purchases);
    }
    await sending;
    await until(watcher.progress, ({ committed, end }) => committed === end);
    const reports = await Promise.all(members.map((member) => member.stop()));

    const missed = reports.map(({ reasons }) => reasons['skipped no-click'] ?? 0);
    expect(missed).toEqual([0, 0, 0]);
    expect(reports.every(({ records }) => records > 0)).toBe(true);
    expect(sandbox.summary()).toMatchObject({ orders: pairs, requests: pairs });
  },
);
