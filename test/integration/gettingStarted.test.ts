import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, type TestContext, test } from 'vitest';
import { waitForTrace } from '../../dev/demo/jaegerTrace.ts';
import { fencedBlocks } from '../documents/blocks.ts';
import { gettingStarted } from './documentedCommands.ts';
import { expectDocumented, installProgram, shellIn, textOf } from './documentedShell.ts';
import { logLines } from './ownRun.ts';
import { realPart } from './services.ts';
import { until } from './until.ts';

const topic = 'cinema.bookings';
const sandboxUrl = 'http://127.0.0.1:8090';

test('the steps of README lead from a topic of one’s own to its trace in Jaeger', async (context) => {
  const { otlpUrl, queryUrl } = realPart('jaeger', context);
  const prefix = `test-${randomBytes(4).toString('hex')}.`;
  const folder = await newFolder(context);
  const shell = shellIn(context, folder, {
    KAFKA_BROKERS: realPart('kafka', context).brokers.join(','),
    SCHEMA_REGISTRY_URL: realPart('registry', context).url,
    JAEGER_OTLP_URL: otlpUrl,
    JAEGER_QUERY_URL: queryUrl,
  });
  const { produce, sandbox, check, run, explain } = gettingStarted;

  await writeFile(join(folder, 'SeatBooked.avsc'), blockWith('"name": "SeatBooked"'));
  await expectDocumented(shell, produce, textOf(produce).replace(topic, prefix + topic));
  const powerspace = shell(`${textOf(sandbox).trim()} --listen 127.0.0.1:0`);
  const url = await until(
    () => /http:\S+\d/.exec(powerspace.written.stderr)?.[0],
    (found) => found !== undefined,
  );
  await writeFile(join(folder, 'connector.yaml'), configuration(prefix, String(url)));
  await expectDocumented(shell, check, textOf(check));

  const connector = shell(textOf(run));
  await until(
    async () => (await fetch(`${url}/sandbox`)).json(),
    (summary) => Reflect.get(Object(summary), 'orders') === 1,
  );
  connector.end();
  const { stdout, stderr } = await connector.ended;
  expect(logLines(stderr).filter(({ level }) => level !== 'info')).toEqual([]);
  expect(stdout).toMatch(/^records 2: delivered 1, .*\(no-user 1\)/);

  await expectDocumented(shell, explain, textOf(explain));
  const explained = await shell(textOf(explain)).ended;
  const traceId = /trace\/([0-9a-f]{32})$/m.exec(explained.stdout)?.[1] ?? '';
  const spans = await waitForTrace(queryUrl, traceId, (found) => found.length >= 3);
  expect(spans.map(({ name }) => name).toSorted()).toEqual([
    'GET /ord',
    'postback order',
    `process ${prefix}${topic}`,
  ]);
});

/** Where a person works: a checkout after `npm ci`, as far as the steps need it. */
async function newFolder(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'connector-started-'));
  context.onTestFinished(() => rm(folder, { recursive: true }));
  await installProgram(folder);
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'));
  const script = String(scripts.produce).replace('dev/', `${resolve('dev')}/`);
  await writeFile(join(folder, 'package.json'), JSON.stringify({ scripts: { produce: script } }));
  return folder;
}

/** The block of the README that has this in it. */
function blockWith(part: string): string {
  const block = fencedBlocks('README.md').find(({ text }) => text.includes(part));
  if (!block) throw new Error(`README.md has no block with ${part}`);
  return block.text;
}

/** The configuration of the README, with names and addresses of the test's own. */
function configuration(prefix: string, powerspaceUrl: string): string {
  return `${blockWith('event: SeatBooked')
    .replace(`topic: ${topic}`, `topic: ${prefix}${topic}`)
    .replace(/^kafka:$/m, `kafka:\n  group: ${prefix}powerspace-connector`)
    .replace(sandboxUrl, powerspaceUrl)}admin: { listen: "127.0.0.1:0" }\n`;
}
