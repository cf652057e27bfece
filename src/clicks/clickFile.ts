import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { CsvError, type Options, parse } from 'csv-parse/sync';
import { isWordForNothing } from '../powerspace/clickId.ts';
import type { Click } from '../store/store.ts';
import { InvalidClickError, readReportedClick } from './reportedClick.ts';

/** How a file with clicks is written. */
export interface ClickFileFormat {
  readonly format: 'csv' | 'ndjson';
  /** What separates the fields of CSV. */
  readonly delimiter: string;
  /** The columns with user keys, the click id and the time of the click. */
  readonly user: readonly string[];
  readonly clickId: string;
  readonly at: string;
}

/** What a line says: rows for the store, or what is wrong with it. Lines count from 1. */
export type ClickLine = { readonly line: number } & (
  | { readonly clicks: readonly Click[] }
  | { readonly fault: string }
);

/** A file is none of the format that it is said to have. */
class ClickFileError extends Error {}

/** Reads clicks line by line, as a stream; what is wrong with a line is told in its place. Throws ClickFileError. */
export function readClickFile(input: Readable, format: ClickFileFormat): AsyncIterable<ClickLine> {
  return format.format === 'csv' ? readCsv(input, format) : readNdjson(input, format);
}

type ReadField = (name: string) => unknown;

function readLine(line: number, format: ClickFileFormat, field: ReadField): ClickLine {
  // Many an export writes NULL where there is nothing.
  const userKeys = format.user.map(field).filter((key) => isGiven(key) && !isWord(key));
  const [clickId, at] = [field(format.clickId), field(format.at)];
  if (userKeys.some(isMutilated)) return { line, fault: notUtf8 };
  if (userKeys.length === 0) return { line, fault: `${format.user.join(', ')}: ${missing}` };
  if (!isGiven(clickId)) return { line, fault: `${format.clickId}: ${missing}` };
  if (!isGiven(at)) return { line, fault: `${format.at}: ${missing}` };
  try {
    const user = userKeys.length === 1 ? userKeys[0] : userKeys;
    return { line, clicks: readReportedClick({ clickId, user, at }, 0) };
  } catch (thrown) {
    if (!(thrown instanceof InvalidClickError)) throw thrown;
    return { line, fault: thrown.message };
  }
}

const missing = 'required, but missing';
const notUtf8 = 'it is not text in UTF-8; save the file as such';

/** Whether it has what stands for bytes that are no UTF-8: no event has such a user key. */
function isMutilated(value: unknown): boolean {
  return typeof value === 'string' && value.includes('\ufffd');
}

function isWord(value: unknown): boolean {
  return typeof value === 'string' && isWordForNothing(value);
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '';
}

const csvOptions: Options = { record_delimiter: '\n', relax_column_count: true };

/** Lines that are parsed at once. */
const blockSize = 1_000;

async function* readCsv(input: Readable, format: ClickFileFormat): AsyncGenerator<ClickLine> {
  let places: ReadonlyMap<string, number> | undefined;
  let line = 0;
  for await (const lines of readBlocks(input)) {
    for (const record of parseLines(lines, format.delimiter)) {
      line += 1;
      if (places === undefined) places = placesOf(record ?? [], format);
      else if (record === undefined) yield { line, fault: 'its quotes are not those of CSV' };
      else if (record.length > 1 || record[0] !== '') {
        const own = places;
        yield readLine(line, format, (name) => record[own.get(name) ?? -1]);
      }
    }
  }
  if (places === undefined)
    throw new ClickFileError('it has no line with the names of its columns');
}

/** The fields of each line, undefined for one with wrong quotes: a quote that is never closed spoils its own line alone. */
function* parseLines(
  lines: readonly string[],
  delimiter: string,
): Generator<readonly string[] | undefined> {
  const text = lines.join('\n');
  // Most files have no quotes, and splitting takes a fifth of the parser's time.
  if (!text.includes('"')) {
    for (const line of lines) yield line.split(delimiter);
    return;
  }
  const records = parseRecords(text, { ...csvOptions, delimiter });
  // A record of several lines makes them fewer; nothing makes them more.
  if (records?.length === lines.length) yield* records;
  else if (lines.length === 1) yield undefined;
  else for (const line of lines) yield* parseLines([line], delimiter);
}

function parseRecords(text: string, options: Options): readonly string[][] | undefined {
  if (text === '') return [['']];
  try {
    return parse(text, options);
  } catch (thrown) {
    if (thrown instanceof CsvError) return undefined;
    throw thrown;
  }
}

async function* readBlocks(input: Readable): AsyncGenerator<readonly string[]> {
  let block: string[] = [];
  for await (const line of readLines(input)) {
    block.push(line);
    if (block.length < blockSize) continue;
    yield block;
    block = [];
  }
  if (block.length > 0) yield block;
}

async function* readLines(input: Readable): AsyncGenerator<string> {
  let isFirst = true;
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    yield isFirst ? line.replace(/^\ufeff/, '') : line;
    isFirst = false;
  }
}

function placesOf(header: readonly string[], { user, clickId, at }: ClickFileFormat) {
  const places = new Map(header.map((name, index) => [name.trim(), index]));
  const lacking = [...user, clickId, at].filter((name) => !places.has(name));
  if (lacking.length === 0) return places;
  // The names that are there instead may be a person's data, where the file has no such line.
  throw new ClickFileError(
    `its first line does not name ${lacking.join(', ')}; --user, --click and --at say how the columns are named, --delimiter what separates them`,
  );
}

async function* readNdjson(input: Readable, format: ClickFileFormat): AsyncGenerator<ClickLine> {
  let line = 0;
  for await (const text of readLines(input)) {
    line += 1;
    if (text.trim() === '') continue;
    const row = parseObject(text);
    if (row === undefined) yield { line, fault: 'it is no JSON object' };
    else yield readLine(line, format, (name) => row[name]);
  }
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    // The error's message quotes the line.
    return undefined;
  }
}
