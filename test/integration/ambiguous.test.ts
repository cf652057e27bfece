import { readFile, writeFile } from 'node:fs/promises';
import { expect, type TestContext, test } from 'vitest';
import { startProxy } from '../../dev/chaos/proxy.ts';
import { produceSignUps, produceVisits } from './conversions.ts';
import { parseMetrics } from './prometheus.ts';
import { openShop } from './shopFixture.ts';
import { headersOf, readTopic } from './topicReader.ts';
import { until } from './until.ts';

const people = 20;

/** The connector was killed while Powerspace had its leads, and the answers were lost on their way; it runs again. */
async function openInterrupted(context: TestContext, onAmbiguous: 'resend' | 'hold') {
  const fixture = await openShop(context);
  const { shop, sandbox, watcher, configFile, run } = fixture;
  const proxy = await startProxy();
  context.onTestFinished(() => proxy.close());
  proxy.leadTo(Number(new URL(sandbox.url).port));
  const settings = `url: http://127.0.0.1:${proxy.port}\n  onAmbiguous: ${onAmbiguous}`;
  const configuration = await readFile(configFile, 'utf8');
  await writeFile(configFile, configuration.replace(`url: ${sandbox.url}`, settings));
  await produceVisits(shop, { count: people });
  await produceSignUps(shop, { count: people });

  proxy.swallow();
  const killed = await run();
  await until(
    () => sandbox.summary().leads,
    (leads) => leads === people,
  );
  killed.kill();
  await killed.failed.catch(() => undefined);
  expect((await watcher.progress()).committed).toBeLessThanOrEqual(people);
  await proxy.open();
  const connector = await run();
  await until(watcher.progress, ({ committed, end }) => committed === end);
  return { ...fixture, connector };
}

test('what may have arrived before a kill arrives a second time, and is counted as sent again', async (context) => {
  const { sandbox, connector } = await openInterrupted(context, 'resend');
  expect(sandbox.summary()).toMatchObject({ leads: 2 * people, requests: 2 * people });
  const metrics = await fetch(`${await connector.reading}/metrics`);
  const resends = parseMetrics(await metrics.text()).filter(
    ({ name }) => name === 'powerspace_postback_resends_total',
  );
  expect(resends.map(({ value }) => value)).toEqual([people]);
  const { outcomes } = await connector.stop();
  expect(outcomes).toMatchObject({ delivered: people, 'dead-lettered': 0 });
});

test('it is a dead letter instead, and not sent again, where that is what was asked for', async (context) => {
  const { sandbox, connector, kafka, group } = await openInterrupted(context, 'hold');
  expect(sandbox.summary()).toMatchObject({ leads: people, requests: people });
  const { reasons } = await connector.stop();
  expect(reasons).toMatchObject({ 'dead-lettered held': people });
  const letters = await readTopic(kafka, `${group}.dead-letters`, people);
  expect(new Set(letters.map((letter) => headersOf(letter)['dead-letter-reason']))).toEqual(
    new Set(['held']),
  );
});
