import { z } from 'zod';
import { clickTable } from './clickTable.ts';
import { conditions } from './conditions.ts';
import { sasl, tlsFiles } from './login.ts';
import { reconcile } from './reconcile.ts';
import { topicSetting } from './topics.ts';
import {
  brokers,
  currencyCode,
  duration,
  groupName,
  hashKey,
  httpUrl,
  httpUrls,
  listenAddress,
  path,
  paths,
  rate,
  recordName,
  secret,
  store,
  text,
  timeout,
  token,
  traceUrl,
} from './values.ts';

const ssl = z.union([z.boolean(), tlsFiles], 'expected true, false or the files ca, cert and key');

/** The part `kafka`, on its own. */
export const kafkaSchema = z.strictObject({
  brokers: brokers.meta({
    description: 'Bootstrap brokers, host:port each; a text may hold several, with commas.',
  }),
  group: groupName.default('powerspace-connector').meta({
    description: 'The consumer group; dead letters go to the topic <group>.dead-letters.',
  }),
  ssl: ssl.optional().meta({ description: 'TLS to the brokers: true, or the files to use.' }),
  sasl: sasl.optional().meta({ description: 'How to log in to the brokers.' }),
  connectTimeout: timeout.prefault('10s').meta({ description: 'Time to connect to a broker.' }),
  sessionTimeout: timeout
    .prefault('30s')
    .meta({ description: 'Silence after which the group gives this member up.' }),
});

const registryAuth = z.union(
  [
    z.strictObject({
      username: text.meta({ description: 'The user at the registry.' }),
      password: secret.meta({ description: 'The password of that user.' }),
    }),
    z.strictObject({ token: secret.meta({ description: 'A bearer token.' }) }),
  ],
  'expected either username and password or token',
);

const registry = z.strictObject({
  url: httpUrls.meta({
    description:
      'Base address of the registry; of several, as a list or with commas, the next is asked when one fails.',
  }),
  auth: registryAuth.optional().meta({ description: 'Username and password, or a bearer token.' }),
  ssl: tlsFiles.optional().meta({ description: 'The files to use for https addresses.' }),
  timeout: timeout.prefault('5s').meta({ description: 'Time for a whole answer.' }),
  cache: text.optional().meta({
    description:
      'The folder where schemas are kept for times without a registry; by default, beside the store.',
  }),
});

const powerspace = z.strictObject({
  url: httpUrl
    .refine((value) => new URL(value).pathname === '/', 'an address without a path is needed here')
    .default('https://a.pwspace.com')
    .meta({ description: "Where postbacks go; a sandbox's address for a dry run." }),
  ssl: tlsFiles.optional().meta({ description: 'The files to use for an https address.' }),
  timeout: timeout
    .refine((value) => value <= 5_000, 'expected 5s at most, as Powerspace asks')
    .prefault('5s')
    .meta({ description: 'Time for a whole answer, 5s at most.' }),
  concurrency: z
    .int()
    .min(1)
    .max(512)
    .default(64)
    .meta({ description: 'Postbacks in flight at once.' }),
  giveUpAfter: duration.prefault('1h').meta({
    description:
      'Time after which a postback that keeps failing is given up, while others get through.',
  }),
  onAmbiguous: z.enum(['resend', 'hold']).default('resend').meta({
    description:
      'What to do with a postback that may or may not have arrived: resend, or dead-letter it.',
  }),
});

const minute = 60_000;

/** The part `clicks`, on its own. */
export const clicksSchema = z.strictObject({
  window: duration
    .refine(
      (value) => value >= minute,
      'expected a minute at least, such as 30d; a plain number is of milliseconds',
    )
    .prefault('30d')
    .meta({ description: 'How long a click counts.' }),
  attribution: z
    .enum(['last', 'first'])
    .default('last')
    .meta({ description: 'Which of several clicks of a person counts.' }),
  clockSkew: duration
    .prefault('5m')
    .meta({ description: 'How much later than the event a click may be dated.' }),
  maxWait: timeout.prefault('60s').meta({
    description:
      'How long a conversion waits for a partition of clicks or leads that stands still though it could be read.',
  }),
  table: clickTable.optional().meta({
    description: 'A table of your own with clicks, which is read beside those of the store.',
  }),
});

/** The part `privacy`, on its own. */
export const privacySchema = z.strictObject({
  hashKey: hashKey.optional().meta({
    description:
      'A key that user keys are hashed with (HMAC-SHA-256) before they are stored; without it, they are stored as they are.',
  }),
  ledgerRetention: duration.prefault('400d').meta({
    description:
      'How long it is known what was reported, so that a replay finds it: longer than Kafka and clicks.window go back.',
  }),
});

const formats = ['confluent', 'apicurio', 'apicurio-v2', 'glue', 'single-object', 'bare'] as const;

const source = {
  topic: topicSetting.meta({ description: 'The Kafka topic, or a /pattern/ of topics.' }),
  event: recordName.meta({ description: "The record's name, with or without its namespace." }),
  root: path.optional().meta({
    description:
      'The field of an envelope that holds the event: event names the record there, and fields count from it; a field that begins with / counts from the top.',
  }),
  at: path.optional().meta({
    description: 'The field that says when it happened; by default the Kafka timestamp.',
  }),
  when: conditions.optional().meta({
    description:
      'Fields and what must be true of each: its value, one of a list, or not, exists, above, atLeast, below, atMost.',
  }),
  format: z
    .enum(formats)
    .default('confluent')
    .meta({ description: 'How the Avro value is framed.' }),
  useId: z.enum(['contentId', 'globalId']).optional().meta({
    description:
      'The id that the serializers of Apicurio write; by default contentId, and globalId with apicurio-v2.',
  }),
  schema: text.optional().meta({
    description:
      'A schema file (.avsc), for the formats bare and single-object, and for glue without AWS.',
  }),
};

const user = paths.meta({ description: 'The fields that identify the person, best first.' });
const click = path.meta({ description: 'The field with the click id.' });
const clickUrl = path.meta({
  description:
    "The field with the landing page's URL: its clickId counts when its utm_source is powerspace.",
});
const record = { description: 'What the event means: click, lead or order.' };

const conversion = {
  ...source,
  user: user.optional(),
  click: click.optional(),
  clickUrl: clickUrl.optional(),
  id: path.optional().meta({
    description: 'The field that identifies the conversion, so that a duplicate is sent once.',
  }),
};

const fixedCurrency = z.strictObject({
  constant: currencyCode.meta({ description: 'The currency of all amounts.' }),
});

const conversionTable = z.strictObject({
  to: currencyCode.meta({ description: 'The currency to report in.' }),
  rates: z.record(currencyCode, rate).meta({
    description: 'For each other currency, what one unit of it is in that: USD: 0.92.',
  }),
});

const value = z.strictObject({
  amount: path.meta({ description: 'The field with the amount.' }),
  unit: z
    .enum(['major', 'minor'])
    .default('major')
    .meta({ description: 'major: 49.99; minor: 4999, scaled by the exponent of the currency.' }),
  minus: paths.optional().meta({ description: 'Fields to subtract, such as shipping.' }),
  currency: z
    .union([path, fixedCurrency], 'expected a field, or constant: and an ISO 4217 code')
    .optional()
    .meta({ description: 'The field with the ISO 4217 code, or {constant: EUR}.' }),
  accept: z
    .array(currencyCode)
    .min(1)
    .optional()
    .meta({ description: 'The currencies that are reported; others are skipped.' }),
  convert: conversionTable.optional().meta({
    description:
      'Reports the value in one currency; amounts in a currency without a rate are skipped.',
  }),
});

/** One mapping, on its own. */
export const mappingSchema = z.discriminatedUnion('record', [
  z.strictObject({
    ...{ ...source, record: z.literal('click').meta(record) },
    ...{ click: click.optional(), clickUrl: clickUrl.optional(), user: user.optional() },
  }),
  z.strictObject({ ...conversion, record: z.literal('lead').meta(record) }),
  z.strictObject({
    ...conversion,
    record: z.literal('order').meta(record),
    value: value.optional().meta({ description: 'How the value of an order is read.' }),
  }),
]);

const admin = z.strictObject({
  listen: listenAddress.default('127.0.0.1:9464').meta({
    description:
      'host:port of /health/live, /health/ready, /metrics and POST /clicks; port 0 picks one.',
  }),
  token: token.optional().meta({
    description:
      'What callers of POST /clicks send as a bearer token; without it, no clicks are taken there.',
  }),
});

const log = z.strictObject({
  level: z
    .enum(['debug', 'info', 'warn', 'error'])
    .default('info')
    .meta({ description: 'The least important lines to write.' }),
});

const telemetry = z.strictObject({
  traceUrl: traceUrl.optional().meta({
    description:
      'Where a person sees a trace, with {traceId} in it, as in http://localhost:16686/trace/{traceId}; explain links to it.',
  }),
});

/** Every setting, declared once: type, default, description. Durations come out in milliseconds. */
export const configSchema = z.strictObject({
  kafka: kafkaSchema.meta({ description: 'The brokers and the consumer group.' }),
  registry: registry.optional().meta({
    description: 'The schema registry, for mappings of the formats confluent and apicurio.',
  }),
  store: store.default('sqlite:connector.db').meta({
    description:
      'Where clicks and the ledger are kept: sqlite:FILE, or, for several replicas, postgres://user:password@host/database.',
  }),
  powerspace: powerspace.prefault({}).meta({ description: 'How postbacks are sent.' }),
  clicks: clicksSchema.prefault({}).meta({ description: 'Which click a conversion belongs to.' }),
  privacy: privacySchema.prefault({}).meta({ description: 'How people are kept unknown.' }),
  mappings: z
    .array(mappingSchema)
    .min(1)
    .meta({ description: 'Which event on which topic is a click, a lead or an order.' }),
  reconcile: reconcile
    .optional()
    .meta({ description: 'What the command reconcile needs; nothing else does.' }),
  admin: admin
    .prefault({})
    .meta({ description: 'The server for health checks, metrics and clicks.' }),
  log: log.prefault({}).meta({ description: 'The log, JSON lines on stderr.' }),
  telemetry: telemetry
    .prefault({})
    .meta({ description: 'Links to traces; where these go, the OTEL_* variables say.' }),
});

/** The whole configuration, checked, with its defaults filled in. */
export type Config = z.infer<typeof configSchema>;
/** Which event on which topic means what. */
export type Mapping = Config['mappings'][number];
/** What a record can be: a click to store, or a conversion to report. */
export type RecordKind = Mapping['record'];
/** How the value of an order is read. */
export type ValueMapping = z.infer<typeof value>;
