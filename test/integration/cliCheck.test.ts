import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, type TestContext, test } from 'vitest';
import { runCommand } from '../cli/commandLine.ts';
import { ownConfiguration } from './ownConfiguration.ts';
import { ownTopics, produceEvents } from './ownEvents.ts';
import { openOwnRun, startRun } from './ownRun.ts';

describe('check, on real parts', () => {
  test('says of each part what it found there', async (context) => {
    const { platform, powerspace, folder } = await openOwnRun(context);
    await produceEvents(platform);
    const { exitCode, stdout, stderr } = await runCommand(['check'], { folder });
    const { prefix, brokers, registryUrl } = platform;
    expect(stdout.trimEnd().split('\n')).toEqual([
      'ok       configuration  connector.yaml: 3 mappings of 3 topics',
      `ok       Kafka          ${brokers.join(', ')}: 3 of 3 topics are there; dead letters go to ${prefix}connector.dead-letters, which run creates`,
      `ok       schemas        ${registryUrl}: 14 mapped fields looked up`,
      `ok       store          sqlite:${folder}/acme.db: not there yet, run creates it`,
      expect.stringMatching(`^ok       Powerspace     ${powerspace.url}: answers, in \\d+ ms$`),
      '',
      'connector.yaml is ready to run',
    ]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  });

  test('finds topics, events and fields that are not there, where they stand and what was meant', async (context) => {
    const { folder, prefix } = await openMistaken(context);
    const problems = [
      `connector.yaml:20:12: error: mappings[1].event: "CustomerRegistred" is no event of the topic "${prefix}crm.registrations", which has io.acme.crm.CustomerRegistered; did you mean "CustomerRegistered"?`,
      `connector.yaml:25:12: error: mappings[2].topic: the topic "${prefix}purchase" does not exist on this cluster; did you mean "${prefix}purchases"?`,
      'connector.yaml:16:12: error: mappings[0].click: "source.clickRf" is not a field of io.acme.web.v3.CampaignVisit: "source" has network, clickRef, parameters; did you mean "source.clickRef"?',
      'connector.yaml:17:21: error: mappings[0].user[1]: "visitor" is not a field of io.acme.web.v3.CampaignVisit: it has session, source, screen, visitedAt',
      'connector.yaml:43:7: error: mappings[3].when["source.netwrk"]: "source.netwrk" is not a field of io.acme.web.v3.CampaignVisit: "source" has network, clickRef, parameters; did you mean "source.network"?',
    ].toSorted();

    const checked = await runCommand(['check'], { folder });
    const found = checked.stdout.split('\n').filter((line) => line.includes(': error: '));
    expect(found.toSorted()).toEqual(problems);
    expect(checked).toMatchObject({ exitCode: 1, stderr: '' });

    const json = await runCommand(['check', '--json'], { folder });
    expect(JSON.parse(json.stdout)).toMatchObject({
      ok: false,
      parts: [
        { part: 'configuration', state: 'ok' },
        { part: 'Kafka', state: 'problem' },
        { part: 'schemas', state: 'problem' },
        { part: 'store', state: 'ok' },
        { part: 'Powerspace', state: 'ok' },
      ],
      problems: expect.arrayContaining([
        expect.objectContaining({ line: 17, column: 21, setting: 'mappings[0].user[1]' }),
      ]),
    });
    expect(json).toMatchObject({ exitCode: 1, stderr: '' });

    const run = await runCommand(['run'], { folder });
    const told = run.stderr.split('\n').filter((line) => line.includes(': error: '));
    expect(told.toSorted()).toEqual(problems);
    expect(run).toMatchObject({ exitCode: 1, stdout: '' });
  });

  test('warns of a topic whose schema nobody has registered yet', async (context) => {
    const { platform, folder } = await openOwnRun(context);
    for (const topic of Object.values(ownTopics(platform.prefix))) {
      await platform.createTopic(topic);
    }
    const { exitCode, stdout } = await runCommand(['check'], { folder });
    expect(stdout).toMatch(/^warning +schemas /m);
    expect(stdout).toContain(
      `connector.yaml:13:12: warning: mappings[0].topic: the registry has no schema for the topic "${platform.prefix}visits" yet`,
    );
    expect(stdout).toMatch(/^connector\.yaml is ready to run, with 3 warnings$/m);
    expect(exitCode).toBe(0);
  });

  test('may look at the configuration of a connector that runs', async (context) => {
    const { platform, folder } = await openOwnRun(context);
    await produceEvents(platform);
    await startRun(folder);
    const { exitCode, stdout } = await runCommand(['check'], { folder });
    expect(stdout).toMatch(/^warning +store +sqlite:.*: in use$/m);
    expect(stdout).toMatch(/^connector\.yaml is ready to run, with 1 warning$/m);
    expect(exitCode).toBe(0);
  });
});

/** A configuration with a mistake in each mapping. */
async function openMistaken(context: TestContext) {
  const { platform, powerspace, folder } = await openOwnRun(context);
  const { prefix } = platform;
  const topics = ownTopics(prefix);
  await produceEvents(platform);
  const text = ownConfiguration(platform, powerspace.url)
    .replace('source.clickRef', 'source.clickRf')
    .replace('user: session', 'user: [session, visitor]')
    .replace('CustomerRegistered', 'CustomerRegistred')
    .replace(`topic: ${topics.purchases}`, `topic: ${prefix}purchase`);
  const another = `  - topic: ${topics.visits}
    event: CampaignVisit
    record: lead
    user: session
    when:
      source.netwrk: PWS
`;
  await writeFile(join(folder, 'connector.yaml'), `${text}${another}`);
  return { folder, prefix };
}
