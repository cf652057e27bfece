import { describe, expect, test } from 'vitest';
import { expectProblem, problemsOf, withMappings, withSetting } from './files.ts';

describe('an unknown setting', () => {
  test.each([
    ['powerspace: {▶concurency: 5}', 'powerspace.concurency', 'did you mean concurrency?'],
    ['powerspace: {▶give-up-after: 1h}', 'powerspace.give-up-after', 'did you mean giveUpAfter?'],
    ['clicks: {▶attrib: last}', 'clicks.attrib', 'did you mean attribution?'],
    ['▶mapping: []', 'mapping', 'did you mean mappings?'],
    [
      '▶frobnicate: 1',
      'frobnicate',
      'known at the top: kafka, registry, store, powerspace, clicks, privacy, mappings, reconcile, admin, log, telemetry',
    ],
    ['log: {▶colour: red}', 'log.colour', 'known in log: level'],
  ])('%s: the nearest name, or those that there are', async (text, setting, hint) => {
    await expectProblem(withSetting('other', text), `${setting}: unknown setting; ${hint}`);
  });

  test.each([
    ['▶concurrency: 5', 'concurrency', 'powerspace.concurrency'],
    ['log: {▶listen: "a:1"}', 'log.listen', 'admin.listen'],
    ['clicks: {▶currency: c}', 'clicks.currency', 'mappings[].value.currency'],
    [
      'clicks: {▶timeout: 5s}',
      'clicks.timeout',
      'registry.timeout or powerspace.timeout or reconcile.timeout',
    ],
  ])('%s: where a known name belongs', async (text, setting, place) => {
    await expectProblem(
      withSetting('other', text),
      `${setting}: unknown setting here; it belongs at ${place}`,
    );
  });

  test.each([
    ['topic: a, event: E, record: lead, user: u, ▶value: {amount: x}', 'value', 'order'],
    ['topic: b, event: E, record: click, click: c, user: u, ▶id: i', 'id', 'lead or order'],
  ])('%s: the kind of mapping that has it', async (mapping, name, kinds) => {
    await expectProblem(
      withMappings(mapping),
      `mappings[0].${name}: only a mapping with record: ${kinds} has this setting`,
    );
  });

  test('the nearest name in a mapping is one of its kind', async () => {
    await expectProblem(
      withMappings('topic: a, event: E, record: lead, user: u, ▶vlaue: x'),
      'mappings[0].vlaue: unknown setting; known in mappings[0]: topic, event, root, at, when, format, useId, schema, user, click, clickUrl, id, record',
    );
  });

  test('the names that every object of JavaScript has are nothing special', async () => {
    const content = withSetting('other', 'constructor: {}\n__proto__: {store: x}');
    expect(await problemsOf(content)).toEqual([
      expect.stringContaining('connector.yaml:1:1: error: constructor: unknown setting'),
      expect.stringContaining('connector.yaml:2:1: error: __proto__: unknown setting'),
    ]);
  });
});

describe('a setting that is missing', () => {
  test('at the top', async () => {
    expect(await problemsOf('store: sqlite:x')).toEqual([
      'connector.yaml:1:1: error: kafka: required, but missing: the brokers and the consumer group',
      'connector.yaml:1:1: error: mappings: required, but missing: which event on which topic is a click, a lead or an order',
    ]);
  });

  test('in a group, which gives the place', async () => {
    expect(await problemsOf(withMappings('record: click', 'topic: t'))).toEqual([
      'connector.yaml:2:5: error: mappings[0].topic: required, but missing: the Kafka topic, or a /pattern/ of topics',
      "connector.yaml:2:5: error: mappings[0].event: required, but missing: the record's name, with or without its namespace",
      'connector.yaml:3:5: error: mappings[1].record: required, but missing: what the event means: click, lead or order',
    ]);
  });

  test('a name without a value does not stand for a default', async () => {
    await expectProblem(
      withSetting('other', 'powerspace:▶\n  # timeout: 3s\n'),
      'powerspace: expected a group of settings (name: value), found nothing (a text that begins with #, & or ! must be in quotes)',
    );
  });
});
