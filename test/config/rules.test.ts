import { describe, expect, test } from 'vitest';
import { expectProblem, minimal, problemsOf, withMappings } from './files.ts';

const order = 'topic: orders, event: OrderPlaced, record: order, user: customerId';

describe('settings that do not go together', () => {
  test.each([
    [`${order}, format: ▶bare`, '.format: the format bare needs schema: FILE.avsc beside it'],
    [
      `${order}, format: ▶single-object`,
      '.format: the format single-object needs schema: FILE.avsc beside it',
    ],
    [
      `${order}, ▶schema: o.avsc`,
      '.schema: a schema file goes with the formats bare, single-object and glue; with confluent, the schema comes from the registry',
    ],
    [
      `${order}, ▶useId: globalId`,
      '.useId: goes with the formats apicurio and apicurio-v2, not with confluent',
    ],
    [
      `${order}, value: {amount: a, accept: ▶[EUR]}`,
      '.value.accept: needs currency beside it: the field with the ISO 4217 code, or constant: and that code',
    ],
    [
      `${order}, value: {amount: a, unit: ▶minor}`,
      '.value.unit: needs currency beside it: the field with the ISO 4217 code, or constant: and that code, which says how many decimals minor units have',
    ],
    [
      'topic: ▶powerspace-connector.dead-letters, event: E, record: lead, user: u',
      '.topic: this is the topic that dead letters are written to; it cannot be read as well',
    ],
  ])('%s', async (text, message) => {
    await expectProblem(withMappings(text), `mappings[0]${message}`);
  });

  test('a wait for a partition that ends before a replica that was killed has lost it', async () => {
    const expected =
      'clicks.maxWait: expected more than kafka.sessionTimeout (30s): for so long a replica that was killed keeps its partitions';
    await expectProblem(`${minimal}\nclicks: {maxWait: ▶30s}\n`, expected);
    expect(await problemsOf(`${minimal}\nclicks: {maxWait: 31s}\n`)).toEqual([]);
  });

  test('a client certificate without its key', async () => {
    await expectProblem(
      minimal.replace('9092', '9092, ssl: {cert: ▶c.pem}'),
      'kafka.ssl.cert: needs key beside it: a client certificate takes both files',
    );
  });

  test('a client certificate of the registry without its certificate', async () => {
    await expectProblem(
      minimal.replace('8081', '8081, ssl: {key: ▶c.key}'),
      'registry.ssl.key: needs cert beside it: a client certificate takes both files',
    );
  });

  test.each(['confluent', 'apicurio', 'apicurio-v2'])(
    'a mapping of the format %s without a registry',
    async (format) => {
      await expectProblem(
        `▶${withMappings(`${order}, format: ${format}`)
          .replace(/registry.*/, '')
          .trim()}`,
        `registry: required, but missing: mappings[0] has the format ${format}, whose schemas come from a registry (registry.url)`,
      );
    },
  );

  test.each(['bare, schema: o.avsc', 'glue', 'glue, schema: o.avsc'])(
    'but the format %s needs no registry',
    async (format) => {
      const content = withMappings(`${order}, format: ${format}`).replace(/registry.*/, '');
      expect(await problemsOf(content)).toEqual([]);
    },
  );

  test.each([
    ['shop.OrderPlaced', 'OrderPlaced'],
    ['OrderPlaced', 'shop.OrderPlaced'],
    ['OrderPlaced', 'OrderPlaced'],
  ])('the same topic, event and record twice: %s and %s', async (one, other) => {
    const mappings = [one, other].map((name) => order.replace('OrderPlaced', name));
    expect(await problemsOf(withMappings(...mappings))).toEqual([
      'connector.yaml:3:5: error: mappings[1]: has the topic, event and record of mappings[0], which leaves it no event; keep one of them, or give that one another when',
    ]);
  });

  test('mappings of a topic with different formats or schema files', async () => {
    const content = withMappings(
      order,
      'topic: orders, event: A, record: lead, user: u, format: bare, schema: a.avsc',
      'topic: orders, event: B, record: lead, user: u, format: bare, schema: b.avsc',
    );
    const message =
      'all mappings of a topic must have the same format, useId and schema; mappings[0] has others';
    expect(await problemsOf(content)).toEqual([
      `connector.yaml:3:13: error: mappings[1].topic: ${message}`,
      `connector.yaml:4:13: error: mappings[2].topic: ${message}`,
    ]);
  });
});

test('one event can be a click and an order, and namespaces tell events apart', async () => {
  const content = withMappings(
    'topic: t, event: a.E, record: order, user: u',
    'topic: t, event: b.E, record: order, user: u',
    'topic: t, event: a.E, record: click, click: c, user: u',
  );
  expect(await problemsOf(content)).toEqual([]);
});

test('all problems are told at once, from the top of the file down', async () => {
  const lines = await problemsOf(`kafka:
  brokers: localhost:9092
  groop: x
mappings:
  - topic: a
    event: E
    record: lead
  - topic: b
    event: E
    record: order
    user: u
    format: bare
    at: 3
  - topic: c
    event: E
    record: click
    click: c
    user: u
log: {level: \${LEVEL}}
`);
  expect(lines.map((line) => line.split(': ').slice(0, 3).join(': '))).toEqual([
    'connector.yaml:1:1: error: registry',
    'connector.yaml:3:3: error: kafka.groop',
    'connector.yaml:13:9: error: mappings[1].at',
    'connector.yaml:19:14: error: log.level',
  ]);
});

describe('privacy.ledgerRetention', () => {
  const message =
    'privacy.ledgerRetention must be longer than clicks.window and 2d, or a replay would report conversions once more';

  test.each([
    ['privacy: {ledgerRetention: ▶32d}', 'privacy.ledgerRetention'],
    ['clicks: {window: ▶398d}', 'clicks.window'],
    ['privacy: {ledgerRetention: ▶20d}\nclicks: {window: 18d}', 'privacy.ledgerRetention'],
  ])('that knows less than clicks do is refused: %s', (text, setting) =>
    expectProblem(`${text}${minimal}`, `${setting}: ${message}`),
  );

  test.each(['privacy: {ledgerRetention: 33d}', 'clicks: {window: 397d}'])(
    'that knows more is taken: %s',
    async (text) => expect(await problemsOf(`${text}${minimal}`)).toEqual([]),
  );
});
