import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { afterwards, beforehand, runs, whileItRuns } from './documentedCommands.ts';
import { expectDocumented, installProgram, shellIn, textOf } from './documentedShell.ts';
import { logLines } from './ownRun.ts';
import { realPart } from './services.ts';
import { order, visit } from './shopEvents.ts';
import { openShop, type ShopFixture } from './shopFixture.ts';
import { until } from './until.ts';

const at = new Date(Date.now() - 3_600_000);
const token = 'sesame-sesame-sesame';

test('what the documents tell a person to type works, and prints what they show', async (context) => {
  const { otlpUrl } = realPart('jaeger', context);
  const fixture = await openShop(context, [
    // The order that the documents explain took two attempts.
    {
      kind: 'order',
      clickId: /^click-of-user-1$/,
      times: 1,
      action: { type: 'answer', status: 500 },
    },
  ]);
  const folder = await prepareFolder(fixture);
  const shell = shellIn(context, folder, { CLICKS_TOKEN: token });
  await produceEvents(fixture);

  for (const command of beforehand) await expectDocumented(shell, command, textOf(command));
  const connector = shell(textOf({ beginning: runs }).replace('http://localhost:4318', otlpUrl));
  const admin = await until(
    () => logLines(connector.written.stderr).find(({ msg }) => msg === 'reading')?.['admin'],
    (found) => typeof found === 'string',
  );
  for (const command of whileItRuns) {
    const typed = textOf(command).replace('http://127.0.0.1:9464', String(admin));
    await expectDocumented(shell, command, typed);
  }
  await until(fixture.watcher.progress, ({ committed, end }) => committed === end);
  await produceGarbage(fixture);
  await until(fixture.watcher.progress, ({ committed, end }) => committed === end);
  connector.end();
  // The exit code is npx's, which tells of the Ctrl-C.
  const { stdout, stderr } = await connector.ended;
  expect(stdout).toBe(
    'records 5: delivered 1, duplicate 0, skipped 2 (recorded 2), dead-lettered 2 (undecodable 1, unknown-click 1)\n',
  );
  expect(logLines(stderr).at(-1)).toMatchObject({ msg: 'stopped' });

  for (const command of afterwards) await expectDocumented(shell, command, textOf(command));
});

/** Where a person would work: their configuration, a file of clicks, and the connector as npm installs it. */
async function prepareFolder({ configFile }: ShopFixture): Promise<string> {
  const folder = dirname(configFile);
  const listen = 'listen: 127.0.0.1:0';
  const configuration = (await readFile(configFile, 'utf8')).replace(
    listen,
    `${listen}\n  token: \${CLICKS_TOKEN}`,
  );
  const telemetry = 'telemetry: {traceUrl: "http://localhost:16686/trace/{traceId}"}\n';
  await writeFile(configFile, `${configuration}${telemetry}`);
  await writeFile(
    join(folder, 'clicks.csv'),
    'userId,visitorId,clickId,clickedAt\nu-9,v-9,click-9,2026-11-20T09:12:44Z\n',
  );
  await installProgram(folder);
  return folder;
}

/** A visit and an order of each of two people; Powerspace doesn't know the click of the second. */
async function produceEvents({ shop }: ShopFixture): Promise<void> {
  const visits = [
    visit({ visitorId: 'user-1', clickId: 'click-of-user-1', at }),
    visit({ visitorId: 'user-2', clickId: 'expired-2', at }),
  ];
  await shop.produce(shop.topics['web.landing'], visits.map(shop.encode));
  const traceparent = `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01`;
  const explained = order({ orderId: 'order-3fa74ade', customerId: 'user-1', amount: '5', at });
  const unknown = order({ orderId: 'order-0', customerId: 'user-2', amount: '49.99', at });
  await shop.produce(shop.topics.orders, [
    { ...shop.encode(explained), headers: { traceparent } },
    { ...shop.encode(unknown), headers: {} },
  ]);
}

/** A record that nobody can read, after the others so that its dead letter is the second. */
async function produceGarbage({ shop }: ShopFixture): Promise<void> {
  await shop.produce(shop.topics.orders, [{ key: 'garbage', value: Buffer.from([7, 1, 2, 3]) }]);
}
