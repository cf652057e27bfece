import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { withFile } from './files.ts';

const canary = 'qZ7canary';

const literal = `kafka:
  brokers: localhost:9092
  sasl: {mechanism: plain, username: user, password: ${canary}}
registry:
  url: http://localhost:8081
  auth:
    token: ${canary}
store: sqlite:connector.db
mappings:
  - {topic: t, event: E, record: lead, user: u}
`;

const token = `kafka:
  brokers: localhost:9092
  sasl:
    mechanism: oauthbearer
    tokenEndpoint: https://localhost/token
    clientId: c
    clientSecret: ${canary}
registry: {url: "http://localhost:8081"}
mappings:
  - {topic: t, event: E, record: lead, user: u}
`;

/** What loading a text says, all of it, but for the random name of its folder; nothing when it loads. */
async function saysOf(content: string): Promise<string> {
  return withFile(content, async (file, folder) => {
    await writeFile(join(folder, 'canary'), canary);
    return loadConfig(file, { CANARY: canary }).then(
      () => '',
      (error: Error) =>
        `${error.message} ${JSON.stringify(error)} ${error.cause}`.replaceAll(folder, ''),
    );
  });
}

/** The text with something put in place of one of its characters, on lines with a secret. */
function* slips(content: string): Generator<string> {
  const secretLines = [...content.matchAll(/^.*canary.*$/gm)];
  for (const line of secretLines)
    for (let offset = line.index; offset <= line.index + line[0].length; offset += 1)
      for (const sign of ['', ' ', '"', ': ', ' #', '{', '!', '\n'])
        yield content.slice(0, offset) + sign + content.slice(offset + (sign === '' ? 1 : 0));
}

describe('no message holds a secret', () => {
  test.each([
    ['passwords and tokens', literal, 300],
    ['a client secret', token, 60],
  ])('whatever slip is made on its line: %s', async (_, written, expected) => {
    let failures = 0;
    for (const content of slips(written)) {
      const said = await saysOf(content);
      failures += said === '' ? 0 : 1;
      // The first letters go as well when a sign is put between them.
      expect(said, content).not.toMatch(/qZ7|canary/);
    }
    expect(failures).toBeGreaterThan(expected);
  });

  test.each(['&', '*', '!', '@', '%', '`', '"', "'", '{', '[', '|', '>', '- ', '? ', ': ', '#'])(
    'which begins with %s and has no quotes',
    async (sign) => {
      const said = await saysOf(literal.replaceAll(canary, `${sign}${canary}`));
      expect(said).toContain('connector.yaml:');
      expect(said).not.toContain(canary);
    },
  );

  test.each([
    'kafka: {brokers: "localhost:9092", sasl: VALUE}',
    'kafka: {brokers: "localhost:9092", sasl: {mechanism: plain, username: u, password: [VALUE]}}',
    'kafka: {brokers: "localhost:9092", sasl: {mechanism: plain, username: u, password:VALUE}}',
    'kafka: {brokers: "localhost:9092", password: VALUE}',
    'kafka: {brokers: "localhost:9092", sasl: {mechanism: oauthbearer, clientId: c, clientSecret: [VALUE]}}',
    'kafka: {brokers: "localhost:9092", sasl: {mechanism: oauthbearer, clientSecret:VALUE}}',
    'kafka: {brokers: "localhost:9092", sasl: {mechanism: oauthbearer, tokenEndpoint: "https://u:VALUE@t"}}',
    'kafka: {brokers: "localhost:9092", sasl: {mechanism: aws-msk-iam, region: VALUE}}',
    'registry: {url: "http://u:VALUE@localhost", auth: VALUE}',
    'privacy: {hashKey: VALUE}',
    'privacy: {hashkey: VALUE}',
    'privacy: {hashKey:VALUE}',
    'privacy: VALUE',
    'registry: {url: "VALUE", auth: {token VALUE}}',
    'registry: {url: "http://r", auth: {VALUE}}',
    'registry: {url: "http://r", auth: {username: {a: VALUE}, pass: VALUE}}',
    'store: postgres://user:VALUE@host/database',
    'reconcile: {token: [VALUE]}',
    'reconcile: {token:VALUE}',
    'reconcile: {url: "https://statistics/?token=VALUE"}',
    'powerspace: {url: "https://user:VALUE@a.pwspace.com"}',
  ])('that stands in a wrong place: %s', async (text) => {
    const said = await saysOf(text.replaceAll('VALUE', canary));
    expect(said).toContain('connector.yaml:1:');
    expect(said).not.toContain(canary);
  });

  test.each([
    ['a variable', `\${CANARY}`],
    ['a file', `\${file:canary}`],
  ])('that %s put in place of any value', async (_, reference) => {
    for (const whole of [full, fullWithTokens]) {
      const lines = whole.split('\n');
      for (const [index, line] of lines.entries()) {
        const changed = line.replace(
          /^(\s*(?:- )?[\w]+:) .*$/,
          (_whole, name) => `${name} ${reference}`,
        );
        expect(await saysOf(lines.with(index, changed).join('\n')), changed).not.toContain(canary);
        const part = lines.with(index, `${line}${reference}`).join('\n');
        expect(await saysOf(part), line).not.toContain(canary);
      }
    }
  });

  test('and yet secrets are read as they are', async () => {
    await withFile(literal, async (file) => {
      const { config } = await loadConfig(file, {});
      expect(config.kafka.sasl).toMatchObject({ password: canary });
      expect(config.registry?.auth).toEqual({ token: canary });
    });
  });
});

const full = `kafka:
  brokers: localhost:9092
  group: g
  ssl: true
  connectTimeout: 5s
  sessionTimeout: 5s
  sasl:
    mechanism: plain
    username: u
    password: p
registry:
  url: http://localhost:8081
  auth:
    username: u
    password: p
  timeout: 5s
store: sqlite:connector.db
powerspace:
  url: https://a.pwspace.com
  timeout: 5s
  concurrency: 64
  giveUpAfter: 1h
  onAmbiguous: resend
clicks:
  window: 30d
  attribution: last
  clockSkew: 5m
  maxWait: 60s
privacy:
  hashKey: 0123456789abcdef0123456789abcdef
mappings:
  - topic: orders
    event: OrderPlaced
    record: order
    user: customerId
    click: clickId
    id: orderId
    at: placedAt
    format: confluent
    value:
      amount: total.amount
      unit: major
      currency: total.currency
      accept: [EUR]
    when: {status: PAID}
admin:
  listen: 127.0.0.1:9464
log:
  level: info`;

const fullWithTokens = full.replace(
  /mechanism: plain\n.*\n.*/,
  `mechanism: oauthbearer
    tokenEndpoint: https://localhost/token
    clientId: c
    clientSecret: s
    scope: s
    audience: a
    extensions: {logicalCluster: lkc-1}
    ssl:
      ca: ca.pem`,
);
