import ms from 'ms';
import { z } from 'zod';
import { InvalidPathError, parseFieldPath } from '../avro/fieldPath.ts';
import { currencyExponent } from './currencies.ts';
import { isPostgresUrl, postgresUrlProblem } from './postgresUrl.ts';

/*
 * The kinds of value that settings have. A message that begins with `expected` is completed with what
 * was found instead (explain.ts); any other stands as it is. No message holds the value itself, which
 * can be a secret.
 */

const expectedDuration = 'expected a span of time such as 500ms, 5s, 10m, 1h or 30d';
const oneDay = 86_400_000;
const tenYears = 3_650 * oneDay;

/** A span of time: a number of milliseconds, or a text such as `500ms`, `5s`, `10m`, `1h`, `30d`. */
export const duration = z
  .union(
    [
      z
        .string()
        .regex(/^\d{1,12}(\.\d{1,3})?(ms|s|m|h|d)?$/, expectedDuration)
        .meta({ examples: ['500ms', '5s', '10m', '1h', '30d'] }),
      z
        .number(expectedDuration)
        .nonnegative(expectedDuration)
        .meta({ description: 'Milliseconds.' }),
    ],
    expectedDuration,
  )
  .transform((value) => Math.round(typeof value === 'number' ? value : ms(value as ms.StringValue)))
  .refine((value) => value <= tenYears, 'expected ten years at most');

/** How long to wait for something. A timer of Node's cannot be set to more than 24.8 days. */
export const timeout = duration.refine(
  (value) => value > 0 && value <= oneDay,
  'expected more than 0 and at most 1d',
);

const expectedPercentage = 'expected a percentage such as 1% or 0.5%';

/** A share, written as `1%` or `0.5%`, or 0; it comes out as 0.01 or 0.005. */
export const percentage = z
  .union(
    [
      z.string().regex(/^\d{1,3}(\.\d{1,3})?%$/, expectedPercentage),
      z.number().min(0, expectedPercentage).max(0, expectedPercentage),
    ],
    expectedPercentage,
  )
  .transform((value) => Number.parseFloat(String(value)) / 100)
  .refine((value) => value <= 1, 'expected 100% at most');

export const text = z.string().min(1);

/** Secrets are marked: no message shows what stands there. */
export const secret = text.meta({ secret: true });

/** A secret that travels in a header, too long to be guessed. */
export const token = secret
  .regex(/^[\x21-\x7e]{16,512}$/, 'expected 16 to 512 visible ASCII characters, no spaces')
  .meta({ secret: true });

const expectedUrl = 'expected an http:// or https:// address';

/** A secret that texts are hashed with: as long as the hash, and random. */
export const hashKey = secret
  .regex(
    /^[\x21-\x7e]{32,512}$/,
    'expected 32 to 512 visible ASCII characters, no spaces, such as openssl rand -hex 32 prints',
  )
  .meta({ secret: true });

/** An address to which paths are appended; user and password have settings of their own. */
export const httpUrl = z
  .url({ protocol: /^https?$/, error: expectedUrl, abort: true })
  .refine(
    (value) => ['username', 'password', 'search', 'hash'].every((part) => isWithout(value, part)),
    'an address without user, password, ? and # is needed here',
  );

function isWithout(url: string, part: string): boolean {
  return Reflect.get(new URL(url), part) === '';
}

/** One such address or several: a list, or a text with commas. */
export const httpUrls = z
  .union([text, z.array(text).min(1)], 'expected an http:// or https:// address or a list of them')
  .transform(splitList)
  .superRefine((list, context) => {
    const issues = z.array(httpUrl).min(1).safeParse(list).error?.issues ?? [];
    for (const { message } of issues) {
      const isOther = message !== expectedUrl && !message.startsWith('Too small');
      context.addIssue(isOther ? message : 'each must be an http:// or https:// address');
    }
  });

/** `${KAFKA_BROKERS}` and its like may hold several, separated by commas. */
function splitList(value: string | string[]): string[] {
  return [value]
    .flat()
    .flatMap((entry) => entry.split(','))
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}

/** An address in which the id of a trace is put in the place of `{traceId}`. */
export const traceUrl = z
  .url({ protocol: /^https?$/, error: expectedUrl, abort: true })
  .refine(
    (value) => value.includes('{traceId}'),
    'needs {traceId} where the id of the trace goes, as in http://localhost:16686/trace/{traceId}',
  );

const hostAndPort = /^([^\s:/@,]+|\[[0-9a-fA-F:.]+\]):\d{1,5}$/;

/** One text or a list of them. */
export const brokers = z
  .union([text, z.array(text).min(1)], 'expected host:port or a list of them')
  .transform(splitList)
  .refine(
    (list) => list.length > 0 && list.every((broker) => hostAndPort.test(broker)),
    'each broker must be host:port, such as localhost:9092',
  );

/** An address to listen on. */
export const listenAddress = z
  .string()
  .regex(hostAndPort, 'expected host:port, such as 127.0.0.1:9464');

/** A consumer group that leaves room for the suffix of its topic of dead letters. */
export const groupName = z
  .string()
  .regex(
    /^[a-zA-Z0-9._-]{1,236}$/,
    'expected 1 to 236 letters, digits, dots, underscores and hyphens, as it names the topic <group>.dead-letters',
  );

/** The name of an Avro record, with or without its namespace. */
export const recordName = z
  .string()
  .regex(/^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/, "expected an Avro record's name");

/** A field of the event, by its path. */
export const path = text
  .superRefine((value, context) => {
    if (value === '') return;
    try {
      parseFieldPath(value);
    } catch (thrown) {
      if (!(thrown instanceof InvalidPathError)) throw thrown;
      context.addIssue({ code: 'custom', message: thrown.message });
    }
  })
  .meta({
    description:
      "A field of the event, as a path: total.amount, items[0].sku, items[*].price, attributes['a.key'].",
  });

/** One field or several. */
export const paths = z
  .union([path, z.array(path).min(1)], 'expected a field or a list of fields')
  .transform((value) => [value].flat());

/** An ISO 4217 code. */
export const currencyCode = z
  .string()
  .regex(/^[A-Z]{3}$/, {
    error: 'expected an ISO 4217 code in capitals, such as EUR',
    abort: true,
  })
  .refine(
    (value) => currencyExponent(value) !== undefined,
    'expected an ISO 4217 code in capitals, such as EUR',
  );

const expectedRate = 'expected a rate above 0, such as 0.92';

/** What one unit of a currency is in another; in quotes, exact to the last digit. */
export const rate = z
  .union([z.number(), z.string().regex(/^\d+(\.\d+)?$/, expectedRate)], expectedRate)
  .refine((value) => Number(value) > 0, expectedRate);

const sqliteFile = /^sqlite:(?!\/\/[^/])(?!:memory:)./;

/** The file of an SQLite database, as `sqlite:FILE`, or a Postgres database, as `postgres://user:password@host/database`. */
export const store = z
  .string()
  .regex(/^(sqlite|postgres|postgresql):./, {
    error: (issue) => storeProblem(String(issue.input)) ?? '',
    abort: true,
  })
  .superRefine((value, { addIssue }) => {
    const message = storeProblem(value);
    if (message !== undefined) addIssue({ code: 'custom', message });
  });

function storeProblem(value: string): string | undefined {
  if (isPostgresUrl(value)) return postgresUrlProblem(value);
  if (/^(mysql|mariadb):/.test(value)) {
    return 'MySQL is not supported as a store; supported: sqlite:FILE and postgres://user:password@host/database (a table of yours with clicks can be in MySQL: clicks.table)';
  }
  return sqliteFile.test(value)
    ? undefined
    : 'must be sqlite: and the name of a file, such as sqlite:connector.db, or postgres://user:password@host/database';
}
