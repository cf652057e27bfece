import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runCommand } from '../cli/commandLine.ts';
import { ownConfiguration } from './ownConfiguration.ts';
import { ownTopics, produceEvents } from './ownEvents.ts';
import { openOwnRun, startRun } from './ownRun.ts';
import { insertClicks, ownPostgresTable } from './ownTable.ts';
import { realPart } from './services.ts';

describe('check --sample, on real parts', () => {
  test('shows what the last records would become, and leaves no trace', async (context) => {
    const { platform, powerspace, folder } = await openOwnRun(context);
    await produceEvents(platform);
    const { exitCode, stdout, stderr } = await runCommand(['check', '--sample', '20'], { folder });
    const lines = stdout.split('\n').map((line) => line.replaceAll(platform.prefix, ''));
    const purchases = lines.filter((line) => line.startsWith('purchases/'));
    expect(purchases.map((line) => line.replace(/^\S+ +/, '').replaceAll(/ {2,}/g, ' | '))).toEqual(
      expect.arrayContaining([
        'order | would be sent | /ord?qci=***&ov=49.99',
        'order | duplicate',
        'order | would be sent | /ord?qci=***&ov=120',
        'skipped | condition',
        'order | skipped | currency',
        'order | skipped | no-click',
      ]),
    );
    expect(lines).toContain('visits: 2 skipped (recorded), 1 skipped (no-click)');
    expect(stdout).not.toContain('pws-Ab1_');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });

    expect(powerspace.lines).toEqual(['GET / HTTP/1.1']);
    expect(stdout).toContain('acme.db: not there yet, run creates it');
    const offsets = await platform.offsets(Object.values(ownTopics(platform.prefix)));
    expect(offsets.filter(({ committed }) => committed > 0)).toEqual([]);
  });

  test('knows the clicks in the store of a connector that runs, and gives each record as JSON', async (context) => {
    const { platform, powerspace, folder, committed } = await openOwnRun(context);
    await produceEvents(platform);
    await startRun(folder);
    await committed();
    const purchases = ownTopics(platform.prefix).purchases;
    const text = ownConfiguration(platform, powerspace.url);
    const start = text.indexOf('  - topic: ');
    const onlyOrders = text.slice(0, start) + text.slice(text.indexOf(`  - topic: ${purchases}`));
    await writeFile(join(folder, 'orders.yaml'), onlyOrders);
    const options = ['--config', 'orders.yaml', '--sample', '20', '--json'];
    const { exitCode, stdout } = await runCommand(['check', ...options], { folder });
    const { sample } = JSON.parse(stdout);
    expect(sample).toHaveLength(6);
    expect(sample).toContainEqual({
      ...{ topic: purchases, partition: expect.any(Number), offset: expect.any(Number) },
      ...{ record: 'order', outcome: 'would be sent', request: '/ord?qci=***&ov=49.99' },
    });
    expect(exitCode).toBe(0);
  });

  test("knows the clicks in a user's own table", async (context) => {
    const table = await ownPostgresTable(realPart('postgres', context).url);
    const { platform, folder } = await openOwnRun(context);
    await produceEvents(platform);
    await table.query(
      `CREATE TABLE ${table.name} (user_id text, click_id text, created_at timestamptz)`,
    );
    const { url, name } = table.settings;
    await appendFile(
      join(folder, 'connector.yaml'),
      `clicks:\n  table:\n    url: ${url}\n    name: ${name}\n`,
    );
    const countOf = async (outcome: string) => {
      const { stdout } = await runCommand(['check', '--sample', '20', '--json'], { folder });
      const sample: readonly { readonly outcome: string; readonly record?: string }[] =
        JSON.parse(stdout).sample;
      return sample.filter((each) => each.outcome === outcome && each.record === 'order').length;
    };
    const before = await countOf('would be sent');
    const at = Date.now() - 86_400_000;
    await insertClicks(table, [{ userKey: '1003', clickId: 'of-the-table', at }]);
    expect(await countOf('would be sent')).toBe(before + 1);
  });

  test('takes the topics of a pattern, and says which they are', async (context) => {
    const { platform, powerspace, folder } = await openOwnRun(context);
    await produceEvents(platform);
    const { prefix } = platform;
    const topics = ownTopics(prefix);
    const text = ownConfiguration(platform, powerspace.url)
      .replace(`topic: ${topics.purchases}`, `topic: /^${prefix}p.*s$/`)
      .replace(`topic: ${topics.visits}`, `topic: /^${prefix}visit-s$/`);
    await writeFile(join(folder, 'connector.yaml'), text);
    const { exitCode, stdout } = await runCommand(['check', '--sample', '5'], { folder });
    expect(stdout).toContain(`mappings[2] takes the topics ${topics.purchases}\n`);
    expect(stdout).toMatch(
      new RegExp(
        `connector.yaml:13:12: error: mappings\\[0\\].topic: the pattern /\\^${prefix}visit-s\\$/ takes no topic of this cluster, which has `,
      ),
    );
    expect(stdout).toContain(`${topics.purchases}: `);
    expect(exitCode).toBe(1);
  });
});
