import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, type TestContext, test } from 'vitest';
import type { OwnPlatform } from './ownPlatform.ts';
import { openOwnRun, startRun } from './ownRun.ts';
import { until } from './until.ts';

const schema = {
  type: 'record',
  name: 'FirstOrder',
  namespace: 'io.acme.shop',
  fields: [
    { name: 'order', type: 'string' },
    { name: 'customer', type: 'string' },
    { name: 'isNew', type: 'boolean' },
    { name: 'click', type: ['null', 'string'], default: null },
    { name: 'sum', type: 'string' },
  ],
};

/** An order of a person; a lead as well, where the person is new. */
const event = (order: string, customer: string, isNew: boolean, sum: string) => ({
  key: customer,
  value: { order, customer, isNew, click: `click-${customer}`, sum },
});

const mappings = (topic: string) => `mappings:
  - topic: ${topic}
    event: FirstOrder
    record: lead
    user: customer
    click: click
    id: customer
    when: {isNew: true}
  - topic: ${topic}
    event: FirstOrder
    record: order
    user: customer
    click: click
    id: order
    value: {amount: sum, currency: {constant: USD}, convert: {to: EUR, rates: {USD: 0.92}}}
`;

/** A run that maps these events, from the topics that `setting` takes. */
async function openRun(context: TestContext, settingOf: (prefix: string) => string) {
  const { platform, powerspace, folder } = await openOwnRun(context);
  const { prefix, brokers, registryUrl } = platform;
  const text = `kafka: {brokers: '${brokers.join(',')}', group: ${prefix}connector}
registry: {url: '${registryUrl}'}
powerspace: {url: '${powerspace.url}'}
admin: {listen: '127.0.0.1:0'}
${mappings(settingOf(prefix))}`;
  await writeFile(join(folder, 'connector.yaml'), text);
  return { platform, powerspace, folder };
}

const isCommitted = (platform: OwnPlatform, topics: readonly string[]) =>
  until(
    () => platform.offsets(topics),
    (partitions) => partitions.every(({ committed, end }) => committed === end),
  );

test('an order that is also a lead is told as both, each once, and its record has one outcome', async (context) => {
  const { platform, powerspace, folder } = await openRun(context, (prefix) => `${prefix}orders`);
  const topic = `${platform.prefix}orders`;
  await platform.createTopic(topic);
  await platform.produce(topic, schema, [
    event('o-1', 'ann', true, '100'),
    event('o-2', 'ann', false, '50.00'),
    event('o-3', 'bob', true, 'a lot'),
    event('o-1', 'ann', true, '100'),
  ]);
  const running = await startRun(folder, ['--json']);
  await isCommitted(platform, [topic]);
  running.signal('SIGTERM');
  const { exitCode, stdout } = await running.ended;
  expect(powerspace.lines.toSorted()).toEqual([
    'GET /ld?qci=click-ann HTTP/1.1',
    'GET /ld?qci=click-bob HTTP/1.1',
    'GET /ord?qci=click-ann&ov=46 HTTP/1.1',
    'GET /ord?qci=click-ann&ov=92 HTTP/1.1',
  ]);
  expect(powerspace.lines.indexOf('GET /ld?qci=click-ann HTTP/1.1')).toBeLessThan(
    powerspace.lines.findIndex((line) => line.startsWith('GET /ord')),
  );
  expect(JSON.parse(stdout)).toEqual({
    records: 4,
    outcomes: { delivered: 2, duplicate: 1, skipped: 0, 'dead-lettered': 1 },
    reasons: { 'dead-lettered invalid-field': 1 },
  });
  expect(exitCode).toBe(0);
});

test('topics of a pattern are read, and those that come up later too', async (context) => {
  const { platform, powerspace, folder } = await openRun(
    context,
    (prefix) => `/^${prefix}shop-.*\\.orders$/`,
  );
  const topics = ['fr', 'de'].map((country) => `${platform.prefix}shop-${country}.orders`);
  const [first = '', second = ''] = topics;
  await platform.createTopic(first);
  await platform.produce(first, schema, [event('o-1', 'ann', false, '100')]);
  const running = await startRun(folder);
  await isCommitted(platform, [first]);
  await platform.createTopic(second);
  await platform.produce(second, schema, [event('o-2', 'bob', false, '100')]);
  // The cluster is asked from time to time.
  await until(
    () => powerspace.lines,
    (lines) => lines.some((line) => line.includes('click-bob')),
    100_000,
  );
  await isCommitted(platform, topics);
  running.signal('SIGTERM');
  expect((await running.ended).exitCode).toBe(0);
  expect(powerspace.lines).toHaveLength(2);
});
