import { displayValue } from '../avro/display.ts';
import { createUnframe, inflate } from '../avro/framing.ts';
import { type LoadedConfig, loadConfig } from '../config/load.ts';
import { toError } from '../errors.ts';
import { createAdminKafka } from '../kafka/client.ts';
import type { SourceRecord } from '../kafka/partition.ts';
import { recordName } from '../kafka/partitionName.ts';
import { DeadLetterReader, type StoredDeadLetter } from '../kafka/storedDeadLetter.ts';
import { readSchemas } from '../parts.ts';
import { createFormatOf } from '../pipeline/assemble.ts';
import { deadLetterReasons } from '../pipeline/outcome.ts';
import { whatToDo } from '../pipeline/whatToDo.ts';
import { openSources } from '../sources.ts';
import { createLog, type Logger, quietKafkaLog } from '../telemetry/log.ts';
import type { CommonOptions } from './options.ts';
import { UsageError } from './usageError.ts';

const shownBytes = 256;

/**
 * Prints one dead letter: what happened, what to do about it, and the record with all that is in it. 1 where there is
 * no such dead letter. Throws UsageError.
 */
export async function deadLettersShow(id: string, options: CommonOptions): Promise<number> {
  if (!/^\d{1,9}\/\d{1,15}$/.test(id)) {
    throw new UsageError(`"${id}" is no id of a dead letter, such as 0/12; list shows them`);
  }
  const loaded = await loadConfig(options.config, process.env);
  const log = createLog(loaded.config.log.level);
  const letter = await find(id, loaded, log);
  if (!letter) {
    process.stderr.write(`there is no dead letter ${id}; list shows those that there are\n`);
    return 1;
  }
  const described = await describe(letter, loaded, log);
  process.stdout.write(
    options.json ? `${JSON.stringify(described)}\n` : `${format(described).join('\n')}\n`,
  );
  return 0;
}

async function find(id: string, { config }: LoadedConfig, log: Logger) {
  const kafka = createAdminKafka(config.kafka, quietKafkaLog(log));
  const reader = await DeadLetterReader.open(kafka, config.kafka);
  try {
    return await reader.at(id);
  } finally {
    await reader.close();
  }
}

type Described = Awaited<ReturnType<typeof describe>>;

async function describe(letter: StoredDeadLetter, loaded: LoadedConfig, log: Logger) {
  const { id, record, kind, reason, error, attempts, at } = letter;
  const { topic, partition, offset, timestamp } = record;
  const knownReason = deadLetterReasons.find((known) => known === reason);
  return {
    ...{ id, at: new Date(at).toISOString(), reason, error, attempts, kind },
    ...{ topic, partition, offset, timestamp: new Date(timestamp).toISOString() },
    whatToDo: knownReason && whatToDo[knownReason],
    key: record.key?.toString(),
    headers: Object.fromEntries(
      Object.entries(record.headers ?? {}).map(([name, value]) => [name, String(value)]),
    ),
    value: await describeValue(letter, loaded, log).catch(
      (thrown) => `${inHex(record)}\n(not decoded: ${toError(thrown).message})`,
    ),
  };
}

/** As JSON; in hexadecimal what nobody could decode before. */
async function describeValue(
  { record, reason }: StoredDeadLetter,
  loaded: LoadedConfig,
  log: Logger,
): Promise<string> {
  const { config } = loaded;
  if (record.value === null) return 'null';
  if (reason === 'undecodable') return inHex(record);
  const format = createFormatOf(config.mappings, readSchemas(loaded))(record.topic);
  const frame = createUnframe(format)(record.value, record.headers);
  await using opened = new AsyncDisposableStack();
  const { source } = await openSources(config, { cache: undefined, log }, opened);
  const schema = format.schema ?? (frame.reference && (await source.schemaOf(frame.reference)));
  if (!schema) throw new Error('the registry does not have its schema');
  return displayValue(
    schema,
    frame.compression ? inflate(frame, record.value) : record.value.subarray(frame.start),
  );
}

function inHex({ value }: SourceRecord): string {
  if (value === null) return 'null';
  const more = value.length > shownBytes ? '…' : '';
  return `${value.length} bytes: ${value.toString('hex', 0, shownBytes)}${more}`;
}

function format(described: Described): readonly string[] {
  const { id, at, reason, error, attempts, kind } = described;
  const headers = Object.entries(described.headers).map(([name, value]) => `  ${name}: ${value}`);
  return [
    `dead letter ${id}, ${at}`,
    `reason      ${reason}: ${error}`,
    `what to do  ${described.whatToDo ?? 'this connector does not know the reason'}`,
    `record      ${recordName(described)}${kind === undefined ? '' : `, ${kind}`}, ${described.timestamp}`,
    `attempts    ${attempts}`,
    `key         ${described.key ?? 'none'}`,
    ...(headers.length === 0 ? ['headers     none'] : ['headers', ...headers]),
    'value',
    ...described.value.split('\n').map((line) => `  ${line}`),
  ];
}
