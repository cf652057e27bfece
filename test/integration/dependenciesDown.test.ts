import { rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, type TestContext, test } from 'vitest';
import { openStore } from '../../src/store/open.ts';
import { type RunningCommand, startCommand } from '../cli/commandLine.ts';
import { clientOf, deleteTopic, produceGarbage } from './kafkaClient.ts';
import { connectingAt, openOutageRun, problemsAre, readingAt } from './outageRun.ts';
import { ownBroker } from './ownBroker.ts';
import { createTopics, ownTopics, produceEvents, producePurchases } from './ownEvents.ts';
import { logLines } from './ownRun.ts';
import { parseMetrics } from './prometheus.ts';
import { fill, smallDisk } from './smallDisk.ts';
import { headersOf, readTopic } from './topicReader.ts';
import { until } from './until.ts';

/** A connector, with a broker of its own, that has delivered all there was. */
async function startDelivered(context: TestContext) {
  const broker = await ownBroker(context);
  const run = await openOutageRun(context, broker);
  const expected = [...(await produceEvents(run.platform))];
  const running = startCommand(['run'], { folder: run.folder });
  const adminUrl = await readingAt(running);
  await run.committed();
  return { broker, run, expected, running, adminUrl };
}

/** All is committed and was sent once, nothing is waited for, and it ends well when it is told to. */
async function expectAllDelivered(
  run: Awaited<ReturnType<typeof openOutageRun>>,
  expected: readonly string[],
  { running, adminUrl }: { readonly running: RunningCommand; readonly adminUrl: string },
): Promise<void> {
  await run.committed();
  await problemsAre(adminUrl, []);
  expect(run.powerspace.lines.toSorted()).toEqual(expected.toSorted());
  running.signal('SIGTERM');
  expect((await running.ended).exitCode).toBe(0);
}

describe('a start', { timeout: 300_000 }, () => {
  test('waits for broker, registry and store, and reads once all of them are there', async (context) => {
    const broker = await ownBroker(context);
    const run = await openOutageRun(context, broker);
    const expected = await produceEvents(run.platform);
    await broker.proxy.refuse();
    await run.registry.refuse();
    const store = await openStore(`sqlite:${join(run.folder, 'data', 'acme.db')}`);

    const running = startCommand(['run', '--json'], { folder: run.folder });
    const adminUrl = await connectingAt(running);
    const names = { store: 'another connector has it open', registry: 'registry', kafka: 'Kafka' };
    await problemsAre(adminUrl, Object.values(names));
    expect((await fetch(`${adminUrl}/health/live`)).status).toBe(200);
    const metrics = parseMetrics(await (await fetch(`${adminUrl}/metrics`)).text());
    expect(metrics).toContainEqual({ name: 'powerspace_ready', labels: {}, value: 0 });

    await run.registry.open();
    await problemsAre(adminUrl, [names.store, names.kafka]);
    await broker.proxy.open();
    await problemsAre(adminUrl, [names.store]);
    // Gone again before the first record is read.
    await broker.proxy.refuse();
    await store.close();
    await problemsAre(adminUrl, [names.kafka]);
    expect(run.powerspace.lines).toEqual([]);
    await broker.proxy.open();

    await expectAllDelivered(run, expected, { running, adminUrl });
  });

  test('ends at once when the broker refuses the login', async (context) => {
    const broker = await ownBroker(context);
    const run = await openOutageRun(context, { ...broker, password: 'wrong' });
    const running = startCommand(['run'], { folder: run.folder });
    const { exitCode, stderr } = await running.ended;
    expect(stderr).toContain('error: kafka.sasl: ');
    expect(stderr).toContain('does not take the login');
    expect(stderr).not.toContain('trying again');
    expect(exitCode).toBe(1);
  });
});

describe('what runs', { timeout: 300_000 }, () => {
  test('waits for registry and store together, and sends nothing meanwhile', async (context) => {
    const run = await openOutageRun(context);
    await createTopics(run.platform);
    const running = startCommand(['run'], { folder: run.folder });
    const adminUrl = await readingAt(running);
    await run.registry.refuse();
    using locked = new DatabaseSync(join(run.folder, 'data', 'acme.db'));
    locked.exec('BEGIN IMMEDIATE');
    const expected = await produceEvents(run.platform);

    await problemsAre(adminUrl, ['schema registry at ']);
    await run.registry.open();
    await problemsAre(adminUrl, ['database is locked']);
    expect(run.powerspace.lines).toEqual([]);
    expect(await run.uncommitted()).toBeGreaterThan(0);

    locked.exec('ROLLBACK');
    await expectAllDelivered(run, expected, { running, adminUrl });
  });

  test('says so when its login is refused from some time on, and goes on once it is taken again', async (context) => {
    const { broker, run, expected, running, adminUrl } = await startDelivered(context);

    await broker.changePassword('another');
    await problemsAre(adminUrl, ['the consumer is not in its group']);
    await until(
      () => running.written.stderr,
      (log) => log.includes('SASL PLAIN authentication failed'),
    );
    expected.push(...(await producePurchases(run.platform, ['Q-1', 'Q-2'])));
    await broker.changePassword('right');

    await expectAllDelivered(run, expected, { running, adminUrl });
  });

  test('comes back to Kafka after an outage that outlasts its client, and says that it is out', async (context) => {
    const { broker, run, expected, running, adminUrl } = await startDelivered(context);

    await broker.proxy.refuse();
    await problemsAre(adminUrl, ['the consumer is not in its group']);
    // Until the client has given up, which is when the connector starts another.
    await until(
      () => running.written.stderr,
      (log) => log.includes('the Kafka consumer ended; starting another'),
    );
    expected.push(...(await producePurchases(run.platform, ['Q-1', 'Q-2'])));
    await broker.proxy.open();

    await expectAllDelivered(run, expected, { running, adminUrl });
  });

  test.for(['refuse', 'hang'] as const)(
    'ends in time, and loses nothing, when told to while everything is away (Kafka: %s)',
    async (outage, context) => {
      const broker = await ownBroker(context);
      const run = await openOutageRun(context, broker);
      await createTopics(run.platform);
      const first = startCommand(['run'], { folder: run.folder });
      const adminUrl = await readingAt(first);
      await run.registry.refuse();
      using locked = new DatabaseSync(join(run.folder, 'data', 'acme.db'));
      locked.exec('BEGIN IMMEDIATE');
      const expected = await produceEvents(run.platform);
      await problemsAre(adminUrl, ['schema registry at ']);
      await broker.proxy[outage]();
      await problemsAre(adminUrl, ['schema registry at ', 'the consumer is not in its group']);

      const askedAt = performance.now();
      first.signal('SIGTERM');
      await first.ended;
      expect(performance.now() - askedAt).toBeLessThan(29_000);
      locked.exec('ROLLBACK');
      await Promise.all([broker.proxy.open(), run.registry.open()]);
      expect(run.powerspace.lines).toEqual([]);

      const second = startCommand(['run'], { folder: run.folder });
      await readingAt(second);
      await run.committed();
      expect(run.powerspace.lines.toSorted()).toEqual(expected.toSorted());
      second.signal('SIGTERM');
      expect((await second.ended).exitCode).toBe(0);
    },
  );

  test('sends nothing without a durable claim while the disk is full', async (context) => {
    const run = await openOutageRun(context);
    const through = await smallDisk(context, join(run.folder, 'data'));
    const first = await produceEvents(run.platform);
    const running = startCommand(['run'], { folder: run.folder, through });
    const adminUrl = await readingAt(running);
    await run.committed();

    // The disk of the process is seen from outside through its root.
    const filler = join(`/proc/${running.processId}/root`, run.folder, 'data', 'filler');
    let size = await fill(filler);
    const ids = Array.from({ length: 1_000 }, (_, index) => `Q-${index}`);
    const second = await producePurchases(run.platform, ids);
    const failures = () =>
      logLines(running.written.stderr).filter(({ msg }) => msg.includes('disk is full'));
    // Smaller writes than the claims succeed with a little more space; what fails again and again is the claims.
    for (let seen = 0; failures().at(-1)?.['failures'] !== 4; ) {
      seen = await until(
        () => failures().length,
        (count) => count > seen,
      );
      size -= 12_288;
      await truncate(filler, size);
    }
    await problemsAre(adminUrl, ['database or disk is full']);
    expect(run.powerspace.lines).toHaveLength(first.length);
    expect(await readLedger(adminUrl)).toBe(first.length);

    await rm(filler);
    await run.committed();
    await problemsAre(adminUrl, []);
    expect(run.powerspace.lines.toSorted()).toEqual([...first, ...second].toSorted());
    expect(await readLedger(adminUrl)).toBe(run.powerspace.lines.length);
    running.signal('SIGTERM');
    expect((await running.ended).exitCode).toBe(0);
  });

  test('commits no record whose dead letter has nowhere to go; the next run produces it', async (context) => {
    const run = await openOutageRun(context);
    const kafka = clientOf(context);
    await produceEvents(run.platform);
    const first = startCommand(['run'], { folder: run.folder });
    const adminUrl = await readingAt(first);
    await run.committed();

    const letters = `${run.platform.prefix}connector.dead-letters`;
    await deleteTopic(kafka, letters);
    await produceGarbage(kafka, ownTopics(run.platform.prefix).purchases);
    await problemsAre(adminUrl, [letters]);
    const askedAt = performance.now();
    first.signal('SIGTERM');
    expect((await first.ended).exitCode).toBe(0);
    expect(performance.now() - askedAt).toBeLessThan(29_000);
    expect(await run.uncommitted()).toBe(1);

    const second = startCommand(['run'], { folder: run.folder });
    await readingAt(second);
    await run.committed();
    const [letter] = await readTopic(kafka, letters, 1);
    expect(letter && headersOf(letter)['dead-letter-reason']).toBe('undecodable');
    second.signal('SIGTERM');
    expect((await second.ended).exitCode).toBe(0);
  });
});

/** How many conversions the ledger holds. */
async function readLedger(adminUrl: string): Promise<number | undefined> {
  const samples = parseMetrics(await (await fetch(`${adminUrl}/metrics`)).text());
  return samples.find(({ name }) => name === 'powerspace_store_ledger')?.value;
}
