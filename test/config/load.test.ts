import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createEditorSchema } from '../../src/config/jsonSchema.ts';
import { loadConfig } from '../../src/config/load.ts';
import { load, minimal, withFile, withSetting } from './files.ts';

const full = `
kafka:
  brokers: [localhost:9092]
  group: powerspace-connector
registry:
  url: http://localhost:8081          # Confluent API
store: sqlite:connector.db
powerspace:
  url: https://a.pwspace.com          # the sandbox for a dry run
mappings:
  - topic: web.landing
    event: LandingPageVisited         # the record's name
    record: click
    click: clickId
    user: [userId, visitorId]
    at: occurredAt
  - topic: accounts
    event: UserSignedUp
    record: lead
    user: [userId, visitorId]
    id: userId
    at: signedUpAt
  - topic: orders
    event: OrderPlaced
    record: order
    user: customerId
    id: orderId
    at: placedAt
    value: {amount: total.amount, unit: major, minus: [shipping.amount], currency: total.currency, accept: [EUR]}
    when: {status: [PAID, SHIPPED], consent.marketing: true}
    format: confluent
`;

const fullMappings = [
  {
    topic: 'web.landing',
    event: 'LandingPageVisited',
    record: 'click',
    click: 'clickId',
    user: ['userId', 'visitorId'],
    at: 'occurredAt',
    format: 'confluent',
  },
  {
    topic: 'accounts',
    event: 'UserSignedUp',
    record: 'lead',
    user: ['userId', 'visitorId'],
    id: 'userId',
    at: 'signedUpAt',
    format: 'confluent',
  },
  {
    topic: 'orders',
    event: 'OrderPlaced',
    record: 'order',
    user: ['customerId'],
    id: 'orderId',
    at: 'placedAt',
    value: {
      amount: 'total.amount',
      unit: 'major',
      minus: ['shipping.amount'],
      currency: 'total.currency',
      accept: ['EUR'],
    },
    when: { status: ['PAID', 'SHIPPED'], 'consent.marketing': true },
    format: 'confluent',
  },
];

describe('a configuration that is right', () => {
  test('the settings that the design shows are read as they are meant', async () => {
    const { config } = await load(full);
    expect(config.kafka.brokers).toEqual(['localhost:9092']);
    expect(config.registry?.url).toEqual(['http://localhost:8081']);
    expect(config.mappings).toEqual(fullMappings);
  });

  test('what is left out gets its default, durations in milliseconds', async () => {
    await withFile(minimal, async (file, folder) => {
      const { config } = await loadConfig(file, {});
      expect(config).toEqual({
        kafka: {
          brokers: ['localhost:9092'],
          group: 'powerspace-connector',
          connectTimeout: 10_000,
          sessionTimeout: 30_000,
        },
        registry: { url: ['http://localhost:8081'], timeout: 5_000 },
        store: `sqlite:${join(folder, 'connector.db')}`,
        powerspace: {
          url: 'https://a.pwspace.com',
          timeout: 5_000,
          concurrency: 64,
          giveUpAfter: 3_600_000,
          onAmbiguous: 'resend',
        },
        clicks: {
          window: 2_592_000_000,
          attribution: 'last',
          clockSkew: 300_000,
          maxWait: 60_000,
        },
        privacy: { ledgerRetention: 34_560_000_000 },
        mappings: [
          {
            topic: 'orders',
            event: 'OrderPlaced',
            record: 'order',
            user: ['customerId'],
            format: 'confluent',
          },
        ],
        admin: { listen: '127.0.0.1:9464' },
        log: { level: 'info' },
        telemetry: {},
      });
    });
  });

  test('the addresses of a registry are a list, or a text with commas', async () => {
    for (const url of ['[http://a:1, "http://b:2/api"]', '"http://a:1, http://b:2/api"']) {
      const { config } = await load(withSetting('registry', `registry: {url: ${url}}`));
      expect(config.registry?.url).toEqual(['http://a:1', 'http://b:2/api']);
    }
  });

  test.each([
    ['500ms', 500],
    ['1.5s', 1_500],
    ['10m', 600_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
    ['250', 250],
  ])('giveUpAfter: %s is %d milliseconds', async (written, milliseconds) => {
    const { config } = await load(withSetting('other', `powerspace: {giveUpAfter: ${written}}`));
    expect(config.powerspace.giveUpAfter).toBe(milliseconds);
  });

  test('one text can name several brokers', async () => {
    const { config } = await load(withSetting('kafka', 'kafka: {brokers: "a:9092, [::1]:9093"}'));
    expect(config.kafka.brokers).toEqual(['a:9092', '[::1]:9093']);
  });

  test('mappings with schema files need no registry', async () => {
    const { config } = await load(`
kafka: {brokers: localhost:9092}
mappings: [{topic: t, event: E, record: lead, click: clickId, format: bare, schema: e.avsc}]`);
    expect(config.registry).toBeUndefined();
  });

  test('a mapping written once can serve twice, by anchor and alias', async () => {
    const { config } = await load(`
kafka: {brokers: localhost:9092}
registry: {url: http://localhost:8081}
mappings:
  - {topic: a, event: A, record: click, click: c, user: &person [userId, visitorId]}
  - {topic: b, event: B, record: lead, user: *person}`);
    expect(config.mappings[1]?.user).toEqual(['userId', 'visitorId']);
  });

  test('relative names of files count from the folder of the configuration file', async () => {
    const content = `
kafka: {brokers: "localhost:9092", ssl: {ca: tls/ca.pem, cert: /etc/client.pem, key: ../client.key}}
store: sqlite:data/connector.db
mappings: [{topic: t, event: E, record: lead, user: u, format: single-object, schema: schemas/e.avsc}]`;
    await withFile('', async (_, folder) => {
      const inner = join(folder, 'inner');
      await mkdir(inner);
      await writeFile(join(inner, 'other.yaml'), content);
      const { config } = await loadConfig(join(inner, 'other.yaml'), {});
      expect(config.kafka.ssl).toEqual({
        ca: join(inner, 'tls/ca.pem'),
        cert: '/etc/client.pem',
        key: join(folder, 'client.key'),
      });
      expect(config.store).toBe(`sqlite:${join(inner, 'data/connector.db')}`);
      expect(config.mappings[0]?.schema).toBe(join(inner, 'schemas/e.avsc'));
    });
  });

  test('the file keeps the name that it was called by', async () => {
    await withFile(minimal, async (file) => {
      expect((await loadConfig(file, {})).file).toBe(file);
    });
  });
});

describe('the place of a setting', () => {
  test.each([
    [['mappings', 2, 'value', 'amount'], 'total.amount'],
    [['mappings', 2, 'value', 'minus', 0], 'shipping.amount'],
    [['mappings', 0, 'user', 1], 'visitorId'],
    [['mappings', 2, 'user', 0], 'customerId'],
    [['kafka', 'group'], 'powerspace-connector'],
  ])('%j is where its value begins', async (path, text) => {
    const place = (await load(full)).locate(path);
    expect(textAt(full, place)).toMatch(new RegExp(`^${text}`));
  });

  test('a field of when is found by its name', async () => {
    const loaded = await load(full);
    const place = loaded.locateName(['mappings', 2, 'when', 'consent.marketing']);
    expect(textAt(full, place)).toMatch(/^consent\.marketing: true/);
  });

  test('a setting that the file leaves to its default has no place', async () => {
    const { locate } = await load(full);
    expect(locate(['kafka', 'connectTimeout'])).toBeUndefined();
    expect(locate(['log', 'level'])).toBeUndefined();
    expect(locate(['mappings', 3])).toBeUndefined();
  });
});

describe('connector.example.yaml', () => {
  const example = new URL('../../connector.example.yaml', import.meta.url).pathname;

  test('loads, and means what the design shows', async () => {
    const { config } = await loadConfig(example, {});
    expect(config.mappings).toEqual(fullMappings);
  });

  test('names every setting', async () => {
    const text = await readFile(example, 'utf8');
    const names = [...propertyNames(createEditorSchema())];
    expect(names.length).toBeGreaterThan(30);
    expect(names.filter((name) => !new RegExp(`\\b${name}:`).test(text))).toEqual([]);
  });

  test('loads with every optional setting taken in, and shows their defaults', async () => {
    const text = await readFile(example, 'utf8');
    const optional = text
      .replaceAll(/^( *)# ( *[a-zA-Z]+:(?: \S+)?(?: +#.*)?)$/gm, '$1$2')
      .replaceAll(/^ +(schema|useId): .*$/gm, '');
    const environment = {
      KAFKA_USERNAME: 'u',
      KAFKA_PASSWORD: 'p',
      REGISTRY_USERNAME: 'u',
      REGISTRY_PASSWORD: 'p',
      POWERSPACE_TOKEN: 'p',
      CLICKS_TOKEN: 'sesame-sesame-sesame',
      SHOP_DB_PASSWORD: 'p',
      PRIVACY_HASH_KEY: '0123456789abcdef0123456789abcdef',
    };
    const { config } = await load(optional, environment);
    const { config: defaults } = await load(text, {});
    expect(config.kafka.sasl).toEqual({ mechanism: 'scram-sha-512', username: 'u', password: 'p' });
    expect(config.kafka.ssl).toHaveProperty('key');
    expect(config.registry?.auth).toEqual({ username: 'u', password: 'p' });
    expect(config.kafka).toMatchObject({
      connectTimeout: defaults.kafka.connectTimeout,
      sessionTimeout: defaults.kafka.sessionTimeout,
    });
    expect(config.admin).toEqual({ ...defaults.admin, token: environment.CLICKS_TOKEN });
    const { table, ...clicks } = config.clicks;
    expect(clicks).toEqual(defaults.clicks);
    expect(table).toEqual({
      url: 'mysql://connector:p@db.internal/shop',
      name: 'user_attribution',
      columns: { user: 'user_id', click: 'click_id', at: 'created_at' },
    });
    expect(config.reconcile).toEqual({
      ...{ url: 'https://api.powerspace.com/v4/advertiser', token: 'p', tolerance: 0.01 },
      ...{ timeout: 30_000, fields: { leads: 'leads', orders: 'orders' } },
    });
    const hashKey = environment.PRIVACY_HASH_KEY;
    expect(config.privacy).toEqual({ ...defaults.privacy, hashKey });
    for (const part of ['powerspace', 'log'] as const) expect(config[part]).toEqual(defaults[part]);
  });
});

function* propertyNames(schema: unknown): Generator<string> {
  if (typeof schema !== 'object' || schema === null) return;
  for (const [name, value] of Object.entries(schema)) {
    if (name === 'properties') yield* Object.keys(value);
    yield* propertyNames(value);
  }
}

function textAt(content: string, place: { line: number; column: number } | undefined): string {
  return content.split('\n')[(place?.line ?? 0) - 1]?.slice((place?.column ?? 0) - 1) ?? '';
}
