import { describe, expect, test } from 'vitest';
import { expectProblem, problemsOf, withMappings, withSetting } from './files.ts';

const duration = 'expected a span of time such as 500ms, 5s, 10m, 1h or 30d';
const address = 'expected an http:// or https:// address, found another text';
const bareAddress = 'an address without user, password, ? and # is needed here';
const store =
  'must be sqlite: and the name of a file, such as sqlite:connector.db, or postgres://user:password@host/database';
const postgresStore =
  'must be postgres://user:password@host:port/database; signs such as @, /, #, ? and % in user and password are written %40, %2F, %23, %3F and %25';
const noMysqlStore =
  'MySQL is not supported as a store; supported: sqlite:FILE and postgres://user:password@host/database (a table of yours with clicks can be in MySQL: clicks.table)';
const sslmode =
  'sslmode must be disable, require, verify-full; with TLS the certificate is always verified (sslrootcert=FILE names an authority of your own)';

describe('a value of the wrong kind', () => {
  test.each([
    ['powerspace: {concurrency: ▶abc}', 'powerspace.concurrency: expected a number, found "abc"'],
    [
      'powerspace: {concurrency: ▶1.5}',
      'powerspace.concurrency: expected a whole number, found 1.5',
    ],
    ['powerspace: {concurrency: ▶0}', 'powerspace.concurrency: expected 1 or more, found 0'],
    ['powerspace: {concurrency: ▶513}', 'powerspace.concurrency: expected 512 or less, found 513'],
    [
      'powerspace: {timeout: ▶6s}',
      'powerspace.timeout: expected 5s at most, as Powerspace asks, found "6s"',
    ],
    [
      'powerspace: {timeout: ▶0}',
      'powerspace.timeout: expected more than 0 and at most 1d, found 0',
    ],
    ['powerspace: {giveUpAfter: ▶soon}', `powerspace.giveUpAfter: ${duration}, found "soon"`],
    ['powerspace: {giveUpAfter: ▶-5}', `powerspace.giveUpAfter: ${duration}, found -5`],
    ['powerspace: {giveUpAfter: ▶[1h]}', `powerspace.giveUpAfter: ${duration}, found a list`],
    [
      'powerspace: {onAmbiguous: ▶resent}',
      'powerspace.onAmbiguous: expected resend or hold, found "resent"; did you mean resend?',
    ],
    ['powerspace: {url: ▶a.pwspace.com}', `powerspace.url: ${address}`],
    ['powerspace: {url: ▶"ftp://a.pwspace.com"}', `powerspace.url: ${address}`],
    [
      'powerspace: {url: ▶"https://a.pwspace.com/ord"}',
      'powerspace.url: an address without a path is needed here',
    ],
    ['powerspace: {url: ▶"https://a.pwspace.com/?x=1"}', `powerspace.url: ${bareAddress}`],
    ['powerspace: {url: ▶"https://u:p@a.pwspace.com"}', `powerspace.url: ${bareAddress}`],
    [
      'clicks: {window: ▶30}',
      'clicks.window: expected a minute at least, such as 30d; a plain number is of milliseconds, found 30',
    ],
    ['clicks: {window: ▶4000d}', 'clicks.window: expected ten years at most, found "4000d"'],
    [
      'log: {level: ▶warning}',
      'log.level: expected debug, info, warn or error, found "warning"; did you mean warn?',
    ],
    ['log: ▶debug', 'log: expected a group of settings (name: value), found text'],
    ['admin: {listen: ▶9464}', 'admin.listen: expected text, found a number; put it in quotes'],
    [
      'admin: {listen: ▶localhost}',
      'admin.listen: expected host:port, such as 127.0.0.1:9464, found another text',
    ],
    [
      'telemetry: {traceUrl: ▶"http://localhost:16686/trace/"}',
      'telemetry.traceUrl: needs {traceId} where the id of the trace goes, as in http://localhost:16686/trace/{traceId}',
    ],
    [
      'reconcile: {token: t, fields: {leads: a}, tolerance: ▶1}',
      'reconcile.tolerance: expected a percentage such as 1% or 0.5%, found 1',
    ],
    [
      'reconcile: {token: t, fields: {leads: a}, tolerance: ▶101%}',
      'reconcile.tolerance: expected 100% at most, found "101%"',
    ],
    [
      'reconcile: {token: t, fields: ▶{}}',
      'reconcile.fields: needs leads, orders or both: the fields of a row of the statistics that count them',
    ],
    ['telemetry: {traceUrl: ▶"localhost/{traceId}"}', `telemetry.traceUrl: ${address}`],
    ['store: ▶connector.db', `store: ${store}`],
    ['store: ▶"sqlite:"', `store: ${store}`],
    ['store: ▶"sqlite://connector.db"', `store: ${store}`],
    ['store: ▶"sqlite::memory:"', `store: ${store}`],
    ['store: ▶postgres://u@db', `store: ${postgresStore}`],
    ['store: ▶postgres://db/c', `store: ${postgresStore}`],
    ['store: ▶postgres://u:p#w@db/c', `store: ${postgresStore}`],
    ['store: ▶postgres://u:50%@db/c', `store: ${postgresStore}`],
    ['store: ▶postgres://u@db/c?sslmode=no-verify', `store: ${sslmode}`],
    ['store: ▶postgres://u@db/c?sslmode=prefer', `store: ${sslmode}`],
    [
      'store: ▶postgres://u@db/c?uselibpqcompat=true',
      'store: takes sslmode, sslrootcert, schema behind the ?, and nothing else',
    ],
    [
      'store: ▶postgres://u@db/c?schema=Mine',
      'store: schema must be 1 to 63 lower-case letters, digits and underscores',
    ],
    ['store: ▶mysql://u@db/c', `store: ${noMysqlStore}`],
  ])('%s', async (text, message) => {
    await expectProblem(withSetting('other', text), message);
  });
});

const broker = 'each broker must be host:port, such as localhost:9092';
const group =
  'expected 1 to 236 letters, digits, dots, underscores and hyphens, as it names the topic <group>.dead-letters, found another text';

describe('a value of the wrong kind in kafka', () => {
  test.each([
    ['brokers: ▶3', 'brokers: expected host:port or a list of them, found a number'],
    ['brokers: ▶localhost', `brokers: ${broker}`],
    ['brokers: ▶","', `brokers: ${broker}`],
    ['brokers: ▶[]', 'brokers: expected at least one item, found an empty list'],
    ['brokers: [a:1, ▶2]', 'brokers[1]: expected text, found a number; put it in quotes'],
    ['brokers: a:1, group: ▶my group', `group: ${group}`],
    [`brokers: a:1, group: ▶${'g'.repeat(237)}`, `group: ${group}`],
    [
      'brokers: a:1, ssl: ▶yes',
      'ssl: expected true, false or the files ca, cert and key, found "yes"',
    ],
    [
      'brokers: a:1, sasl: ▶{mechanism: plain, username: u}',
      'sasl.password: required, but missing: the password of that user',
    ],
    [
      'brokers: a:1, sasl: {mechanism: ▶PLAIN, username: u, password: p}',
      'sasl.mechanism: expected plain, scram-sha-256, scram-sha-512, oauthbearer or aws-msk-iam, found "PLAIN"; did you mean plain?',
    ],
    [
      'brokers: a:1, sasl: ▶{mechanism: oauthbearer, clientId: c, clientSecret: s}',
      'sasl.tokenEndpoint: required, but missing: where tokens are asked for, with the grant client_credentials',
    ],
    [
      'brokers: a:1, sasl: {mechanism: oauthbearer, clientId: c, clientSecret: s, tokenEndpoint: ▶"token"}',
      'sasl.tokenEndpoint: expected an http:// or https:// address, found another text',
    ],
    [
      'brokers: a:1, sasl: {mechanism: oauthbearer, clientId: c, clientSecret: s, tokenEndpoint: "https://t", ▶password: p}',
      'sasl: does not go with the other settings in kafka.sasl',
    ],
    [
      'brokers: a:1, sasl: {mechanism: oauthbearer, clientId: c, clientSecret: s, tokenEndpoint: "https://t", extensions: {▶auth: p}}',
      'sasl.extensions.auth: the name of an extension is letters, and not auth',
    ],
    [
      'brokers: a:1, sasl: {mechanism: oauthbearer, clientId: c, clientSecret: s, tokenEndpoint: "https://t", ssl: {cert: ▶c.pem}}',
      'sasl.ssl.cert: needs key beside it: a client certificate takes both files',
    ],
    [
      'brokers: a:1, ssl: true, sasl: {mechanism: aws-msk-iam, region: ▶Ireland}',
      'sasl.region: expected a region of AWS, such as eu-west-1, found another text',
    ],
    [
      'brokers: a:1, sasl: {mechanism: ▶aws-msk-iam}',
      'sasl.mechanism: needs ssl: true beside it (below kafka): AWS takes this login over TLS only',
    ],
    [
      'brokers: a:1, ssl: {▶rejectUnauthorized: false}',
      'ssl.rejectUnauthorized: unknown setting; known in kafka.ssl: ca, cert, key',
    ],
  ])('%s', async (text, message) => {
    await expectProblem(withSetting('kafka', `kafka: {${text}}`), `kafka.${message}`);
  });
});

const login = 'auth: expected either username and password or token';

describe('a value of the wrong kind in registry', () => {
  test.each([
    ['url: ▶3', 'url: expected an http:// or https:// address or a list of them, found a number'],
    ['url: ▶"http://r, ftp://s"', 'url: each must be an http:// or https:// address'],
    ['url: ▶[]', 'url: expected at least one item, found an empty list'],
    ['url: ▶" , "', 'url: each must be an http:// or https:// address'],
    [
      'url: ▶["http://r", "http://me:secret@s"]',
      'url: an address without user, password, ? and # is needed here',
    ],
    [
      'url: "http://r", ssl: ▶true',
      'ssl: expected a group of settings (name: value), found true or false',
    ],
    ['url: "http://r", auth: ▶{}', login],
    ['url: "http://r", auth: ▶basic', `${login}, found text`],
    [
      'url: "http://r", auth: ▶{username: u}',
      'auth.password: required, but missing: the password of that user',
    ],
    [
      'url: "http://r", auth: {▶username: u, token: t}',
      'auth: does not go with the other settings in registry.auth',
    ],
  ])('%s', async (text, message) => {
    await expectProblem(withSetting('registry', `registry: {${text}}`), `registry.${message}`);
  });

  test('names that no login has', async () => {
    const text = 'registry: {url: "http://r", auth: {user: u, pass: p}}';
    expect(await problemsOf(withSetting('registry', text))).toEqual([
      `connector.yaml:1:35: error: registry.${login}`,
      'connector.yaml:1:36: error: registry.auth: unknown setting; did you mean username?',
      'connector.yaml:1:45: error: registry.auth: unknown setting; did you mean password?',
    ]);
  });
});

const order = 'topic: orders, event: OrderPlaced, record: order, user: customerId';
const formats = 'confluent, apicurio, apicurio-v2, glue, single-object or bare';

describe('a value of the wrong kind in a mapping', () => {
  test.each([
    [
      'topic: a, event: E, record: ▶purchase',
      'record: expected click, lead or order, found "purchase"',
    ],
    [
      'topic: a, event: E, record: ▶leads',
      'record: expected click, lead or order, found "leads"; did you mean lead?',
    ],
    [`${order}, format: ▶avro`, `format: expected ${formats}, found "avro"`],
    [
      `${order}, format: ▶apicurio-v3`,
      `format: expected ${formats}, found "apicurio-v3"; did you mean apicurio-v2?`,
    ],
    [`${order}, useId: ▶id`, 'useId: expected contentId or globalId, found "id"'],
    [`${order}, at: ▶true`, 'at: expected text, found true or false; put it in quotes'],
    [`${order}, value: ▶total`, 'value: expected a group of settings (name: value), found text'],
    [
      `${order}, value: ▶{unit: major}`,
      'value.amount: required, but missing: the field with the amount',
    ],
    [
      `${order}, value: {amount: a, currency: c, accept: ▶EUR}`,
      'value.accept: expected a list, found text',
    ],
    [
      `${order}, value: {amount: a, currency: c, accept: [▶eur]}`,
      'value.accept[0]: expected an ISO 4217 code in capitals, such as EUR, found another text',
    ],
    [
      `${order}, when: {status: {▶is: PAID}}`,
      'when.status.is: unknown setting; known in mappings[0].when.status: not, exists, above, atLeast, below, atMost',
    ],
    [
      `${order}, when: {status: ▶{}}`,
      'when.status: expected one or more of not, exists, above, atLeast, below and atMost',
    ],
    [
      `${order}, when: {total: {above: ▶much}}`,
      'when.total.above: expected a number, or a date such as 2026-01-31 or 2026-01-31T12:00:00Z, found "much"',
    ],
    [
      `${order}, when: {placedAt: {atLeast: ▶2026-02-30T08:00:00}}`,
      'when.placedAt.atLeast: expected a number, or a date such as 2026-01-31 or 2026-01-31T12:00:00Z, found "2026-02-30T08:00:00"',
    ],
    [
      `${order}, when: {id: ▶9007199254740993}`,
      'when.id: a whole number as long as this one is exact only in quotes',
    ],
    [
      `${order}, value: {amount: a, currency: {constant: ▶euro}}`,
      'value.currency.constant: expected an ISO 4217 code in capitals, such as EUR, found another text',
    ],
    [
      `${order}, value: {amount: a, currency: c, convert: {to: EUR, rates: {▶USX: 1}}}`,
      'value.convert.rates.USX: expected an ISO 4217 code in capitals, such as EUR',
    ],
    [
      `${order}, value: {amount: a, currency: c, convert: {to: EUR, rates: {USD: ▶0}}}`,
      'value.convert.rates.USD: expected a rate above 0, such as 0.92, found 0',
    ],
    [
      'topic: ▶"/a(/", event: E, record: lead, user: u',
      'topic: the /pattern/ is no regular expression',
    ],
    [`${order}, when: {a.b: ▶[]}`, 'when["a.b"]: expected at least one item, found an empty list'],
    [
      `${order}, when: {▶"items[0": 1}`,
      'when["items[0"]: "items[0" is no path: at its column 8, expected ], but it ends',
    ],
    [
      `${order}, value: {amount: ▶items..price}`,
      'value.amount: "items..price" is no path: at its column 7, expected a name, found ".price"',
    ],
    [
      `${order}, id: ▶"order id"`,
      'id: "order id" is no path: at its column 6, expected a dot or [, found " id"',
    ],
    [`${order}, when: {▶"": 1}`, 'when[""]: the name of a field cannot be empty'],
    [
      'topic: ▶my orders, event: E, record: lead, user: u',
      'topic: expected 1 to 249 letters, digits, dots, underscores and hyphens, or a /pattern/, found another text',
    ],
    [
      'topic: a, event: ▶Order Placed, record: lead, user: u',
      "event: expected an Avro record's name, found another text",
    ],
    [
      'topic: a, event: E, record: lead, user: ▶[]',
      'user: expected at least one item, found an empty list',
    ],
  ])('%s', async (text, message) => {
    await expectProblem(withMappings(text), `mappings[0].${message}`);
  });
});
