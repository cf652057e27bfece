import { join } from 'node:path';
import { expect, type TestContext, test } from 'vitest';
import {
  type ConnectorProcess,
  type ConnectorReport,
  startConnectorProcess,
} from '../../dev/demo/connectorProcess.ts';
import { countRecorded, produceConversions, produceVisits } from './conversions.ts';
import { olderVersion } from './olderVersion.ts';
import { ownSchema } from './ownSchema.ts';
import { realPart } from './services.ts';
import { openShop, type ShopFixture } from './shopFixture.ts';
import { until } from './until.ts';

test('replicas of an older version are replaced one by one, and back again, and each conversion is told once', async (context) => {
  const { setting, query } = await ownSchema(realPart('postgres', context).url);
  const { fixture, runOlder, waves } = await openUpgrade(context, setting);
  const replicas = await Promise.all([runOlder(), runOlder()]);
  /** Starts one more, then ends the one that runs longest; resolves with its report. */
  const replaceOne = async (run: () => Promise<ConnectorProcess>): Promise<ConnectorReport> => {
    const [leaving] = replicas.splice(0, 1);
    replicas.push(await run());
    await waves.oneMore();
    return (leaving as ConnectorProcess).stop();
  };
  const flowing = waves.begin();
  await waves.oneMore();
  const older = [await replaceOne(fixture.run), await replaceOne(fixture.run)];
  const newer = [await replaceOne(runOlder)];
  waves.end();
  await flowing;
  await waves.committed();
  await Promise.all(replicas.map((replica) => replica.stop()));

  for (const reports of [older, newer]) expect(deliveredBy(reports)).toBeGreaterThan(0);
  const conversions = waves.conversions();
  expect(countRecorded(fixture.sandbox)).toEqual({ conversions, repeated: 0 });
  const states = await query('SELECT state, count(*)::integer AS count FROM ledger GROUP BY 1');
  expect(states).toEqual([{ state: 'delivered', count: conversions }]);
});

test('an SQLite store goes on under the newer version, and under the older one again', async (context) => {
  const { fixture, runOlder, waves } = await openUpgrade(context);
  for (const run of [runOlder, fixture.run, runOlder]) {
    // The copies are of what the one before has told: only its ledger knows.
    if (waves.conversions() > 0) await waves.produceAgain();
    await waves.produce();
    const connector = await run();
    await waves.committed();
    expect((await connector.stop()).outcomes.delivered).toBeGreaterThan(0);
  }
  const conversions = waves.conversions();
  expect(countRecorded(fixture.sandbox)).toEqual({ conversions, repeated: 0 });
});

/** A shop, the older version beside ours on the same configuration, and people who come in waves. */
async function openUpgrade(context: TestContext, store?: string) {
  const { program } = await olderVersion(context);
  const fixture = await openShop(context, [], store);
  let count = 0;
  return {
    fixture,
    waves: shopWaves(fixture),
    async runOlder(): Promise<ConnectorProcess> {
      count += 1;
      const logFile = join(fixture.configFile, '..', `older-${count}.log`);
      const { configFile } = fixture;
      const environment = process.env;
      const connector = startConnectorProcess({ program, configFile, logFile, environment });
      context.onTestFinished(() => connector.kill());
      await Promise.race([connector.reading, connector.failed]);
      return connector;
    },
  };
}

/** People of a wave: each visits, signs up and orders. */
const waveSize = 60;
/** Waves that may be under way, so that events flow without piling up. */
const mostAhead = 2;

function shopWaves({ shop, sandbox, watcher }: ShopFixture) {
  let waves = 0;
  let isOver = false;
  const delivered = () => sandbox.summary().orders;
  const produceAgain = () =>
    produceConversions(shop, { count: waveSize, from: (waves - 1) * waveSize });
  async function produce(): Promise<void> {
    const people = { count: waveSize, from: waves * waveSize };
    waves += 1;
    await produceVisits(shop, people);
    await produceConversions(shop, people);
  }
  return {
    produce,
    /** The conversions of the last wave once more. */
    produceAgain,
    /** Produces wave after wave, each of them twice, until `end` is called. */
    async begin(): Promise<void> {
      while (!isOver) {
        await produce();
        await produceAgain();
        await until(delivered, (orders) => isOver || orders >= (waves - mostAhead) * waveSize);
      }
    },
    end(): void {
      isOver = true;
    },
    /** Resolves once as many orders more are delivered as a wave has. */
    async oneMore(): Promise<void> {
      const before = delivered();
      await until(delivered, (orders) => orders >= before + waveSize);
    },
    /** Resolves once everything that was produced is committed. */
    async committed(): Promise<void> {
      await until(watcher.progress, ({ committed, end }) => committed === end);
    },
    conversions: () => waves * waveSize * 2,
  };
}

function deliveredBy(reports: readonly ConnectorReport[]): number {
  return reports.reduce((total, { outcomes }) => total + outcomes.delivered, 0);
}
