import { z } from 'zod';
import {
  brokers,
  currencyCode,
  duration,
  groupName,
  httpUrl,
  listenAddress,
  notYet,
  path,
  paths,
  recordName,
  secret,
  store,
  text,
  timeout,
  topicName,
} from './values.ts';

const ssl = z.union(
  [
    z.boolean(),
    z.strictObject({
      ca: text.optional().meta({ description: 'A file with the certificate authorities (PEM).' }),
      cert: text.optional().meta({ description: 'A file with the client certificate (PEM).' }),
      key: text.optional().meta({ description: 'A file with the client key (PEM).' }),
    }),
  ],
  'expected true, false or the files ca, cert and key',
);

const mechanisms = ['plain', 'scram-sha-256', 'scram-sha-512'] as const;
const mechanismNotYet = notYet(['oauthbearer', 'aws', 'aws-msk-iam'], mechanisms);

const sasl = z.discriminatedUnion(
  'mechanism',
  [
    z.strictObject({
      mechanism: z.enum(mechanisms).meta({ description: 'How the password is proved.' }),
      username: text.meta({ description: 'The user at the brokers.' }),
      password: secret.meta({ description: 'The password of that user.' }),
    }),
  ],
  { error: (issue) => mechanismNotYet(Object(issue.input).mechanism) },
);

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
  url: httpUrl.meta({ description: 'Base address of the Confluent-compatible API.' }),
  auth: registryAuth.optional().meta({ description: 'Username and password, or a bearer token.' }),
  timeout: timeout.prefault('5s').meta({ description: 'Time for a whole answer.' }),
});

const powerspace = z.strictObject({
  url: httpUrl
    .refine((value) => new URL(value).pathname === '/', 'an address without a path is needed here')
    .default('https://a.pwspace.com')
    .meta({ description: "Where postbacks go; a sandbox's address for a dry run." }),
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

const clicks = z.strictObject({
  window: duration.prefault('30d').meta({ description: 'How long a click counts.' }),
  attribution: z
    .enum(['last', 'first'])
    .default('last')
    .meta({ description: 'Which of several clicks of a person counts.' }),
  clockSkew: duration
    .prefault('5m')
    .meta({ description: 'How much later than the event a click may be dated.' }),
});

const constant = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const constants = z.union(
  [constant, z.array(constant).min(1)],
  'expected a value or a list of values',
);

const formats = ['confluent', 'single-object', 'bare'] as const;
const formatNotYet = notYet(['apicurio', 'glue'], formats);

const source = {
  topic: topicName.meta({ description: 'The Kafka topic.' }),
  event: recordName.meta({ description: "The record's name, with or without its namespace." }),
  at: path.optional().meta({
    description: 'The field that says when it happened; by default the Kafka timestamp.',
  }),
  when: z.record(path, constants).optional().meta({
    description: 'Fields and the value (or the list of values) that each must have.',
  }),
  format: z
    .enum(formats, { error: (issue) => formatNotYet(issue.input) })
    .default('confluent')
    .meta({ description: 'How the Avro value is framed.' }),
  schema: text.optional().meta({
    description: 'A schema file (.avsc), for the formats bare and single-object.',
  }),
};

const user = paths.meta({ description: 'The fields that identify the person, best first.' });
const click = path.meta({ description: 'The field with the click id.' });
const record = { description: 'What the event means: click, lead or order.' };

const conversion = {
  ...source,
  user: user.optional(),
  click: click.optional(),
  id: path.optional().meta({
    description: 'The field that identifies the conversion, so that a duplicate is sent once.',
  }),
};

const value = z.strictObject({
  amount: path.meta({ description: 'The field with the amount.' }),
  unit: z
    .enum(['major', 'minor'])
    .default('major')
    .meta({ description: 'major: 49.99; minor: 4999, scaled by the exponent of the currency.' }),
  minus: paths.optional().meta({ description: 'Fields to subtract, such as shipping.' }),
  currency: path.optional().meta({ description: 'The field with the ISO 4217 code.' }),
  accept: z
    .array(currencyCode)
    .min(1)
    .optional()
    .meta({ description: 'The currencies that are reported; others are skipped.' }),
});

/** One mapping, on its own. */
export const mappingSchema = z.discriminatedUnion('record', [
  z.strictObject({ ...source, record: z.literal('click').meta(record), click, user }),
  z.strictObject({ ...conversion, record: z.literal('lead').meta(record) }),
  z.strictObject({
    ...conversion,
    record: z.literal('order').meta(record),
    value: value.optional().meta({ description: 'How the value of an order is read.' }),
  }),
]);

const admin = z.strictObject({
  listen: listenAddress.default('127.0.0.1:9464').meta({
    description: 'host:port of /health/live, /health/ready and /metrics; port 0 picks one.',
  }),
});

const log = z.strictObject({
  level: z
    .enum(['debug', 'info', 'warn', 'error'])
    .default('info')
    .meta({ description: 'The least important lines to write.' }),
});

/** Every setting, declared once: type, default, description. Durations come out in milliseconds. */
export const configSchema = z.strictObject({
  kafka: kafkaSchema.meta({ description: 'The brokers and the consumer group.' }),
  registry: registry
    .optional()
    .meta({ description: 'The schema registry, for mappings of the format confluent.' }),
  store: store.default('sqlite:connector.db').meta({
    description:
      'Where clicks and the ledger are kept: sqlite:FILE, or, for several replicas, postgres://user:password@host/database.',
  }),
  powerspace: powerspace.prefault({}).meta({ description: 'How postbacks are sent.' }),
  clicks: clicks.prefault({}).meta({ description: 'Which click a conversion belongs to.' }),
  mappings: z
    .array(mappingSchema)
    .min(1)
    .meta({ description: 'Which event on which topic is a click, a lead or an order.' }),
  admin: admin.prefault({}).meta({ description: 'The server for health checks and metrics.' }),
  log: log.prefault({}).meta({ description: 'The log, JSON lines on stderr.' }),
});

/** The whole configuration, checked, with its defaults filled in. */
export type Config = z.infer<typeof configSchema>;
/** Which event on which topic means what. */
export type Mapping = Config['mappings'][number];
/** What a record can be: a click to store, or a conversion to report. */
export type RecordKind = Mapping['record'];
/** How the value of an order is read. */
export type ValueMapping = z.infer<typeof value>;
