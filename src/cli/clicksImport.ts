import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { type ClickFileFormat, readClickFile } from '../clicks/clickFile.ts';
import { loadConfig } from '../config/load.ts';
import { toError } from '../errors.ts';
import { openClickImport } from '../store/open.ts';
import type { Click, ClickImport } from '../store/store.ts';
import type { CommonOptions } from './options.ts';
import { startProgress } from './progress.ts';
import { waitForSignal } from './signals.ts';
import { UsageError } from './usageError.ts';

/** Options of `clicks import`. */
export interface ClicksImportOptions extends CommonOptions {
  readonly format?: string;
  readonly delimiter: string;
  readonly user: string;
  readonly click: string;
  readonly at: string;
  readonly skip: string;
}

/** What has been read and stored so far. */
interface Tally {
  /** The last line of which everything is stored. */
  line: number;
  stored: number;
  leftOut: number;
}

/**
 * Stores the clicks of a file, or of stdin. Lines that can't be stored are told on stderr, with their numbers, and
 * left out; 1 then, 0 when there were none. Cut short, it says from where to go on. Throws UsageError.
 */
export async function clicksImport(file: string, options: ClicksImportOptions): Promise<number> {
  const format = readFormat(file, options);
  const skip = Number(/^\d{1,15}$/.test(options.skip) ? options.skip : Number.NaN);
  if (Number.isNaN(skip)) throw new UsageError(`--skip "${options.skip}" is not a number of lines`);
  const { config } = await loadConfig(options.config, process.env);
  const size = file === '-' ? undefined : (await stat(file)).size;
  const input = file === '-' ? process.stdin : createReadStream(file, { highWaterMark: 1_048_576 });
  const tally: Tally = { line: skip, stored: 0, leftOut: 0 };
  const clicks = await openClickImport(config.store, config.privacy.hashKey);
  void waitForSignal().then((signal) => input.destroy(new Error(`stopped by ${signal}`)));
  const stopProgress = startProgress(() => describeProgress(tally, input, size));
  try {
    await storeAll({ name: file, input, format, clicks, tally });
  } catch (thrown) {
    throw new Error(`${file}: ${toError(thrown).message}${whereToGoOn(tally, skip)}`);
  } finally {
    stopProgress();
    input.destroy();
    await clicks.close();
  }
  const { stored, leftOut } = tally;
  process.stdout.write(
    options.json
      ? `${JSON.stringify({ stored, leftOut })}\n`
      : `stored the clicks of ${stored} lines, left out ${leftOut}\n`,
  );
  return leftOut === 0 ? 0 : 1;
}

function readFormat(file: string, options: ClicksImportOptions): ClickFileFormat {
  const byName = /\.(csv|ndjson|jsonl)$/i.exec(file)?.[1]?.toLowerCase();
  const format = options.format ?? (byName === 'jsonl' ? 'ndjson' : byName);
  if (format !== 'csv' && format !== 'ndjson') {
    throw new UsageError(
      options.format === undefined
        ? `--format csv or --format ndjson is needed: "${file}" ends with neither .csv nor .ndjson`
        : `--format is csv or ndjson, not "${options.format}"`,
    );
  }
  const delimiter = options.delimiter === '\\t' ? '\t' : options.delimiter;
  if (delimiter.length !== 1) throw new UsageError('--delimiter is one character, or \\t');
  const user = options.user.split(',').filter((name) => name !== '');
  return { ...{ format, delimiter, user }, clickId: options.click, at: options.at };
}

interface Importing {
  readonly name: string;
  readonly input: Readable;
  readonly format: ClickFileFormat;
  readonly clicks: ClickImport;
  readonly tally: Tally;
}

/** Reads while there is something, and stores a batch at a time: memory holds no more than one. */
async function storeAll({ name, input, format, clicks, tally }: Importing): Promise<void> {
  const skip = tally.line;
  let rows: Click[] = [];
  let lines = 0;
  let last = skip;
  const flush = async () => {
    await clicks.save(rows);
    tally.stored += lines;
    tally.line = last;
    rows = [];
    lines = 0;
  };
  for await (const each of readClickFile(input, format)) {
    if (each.line <= skip) continue;
    last = each.line;
    if ('fault' in each) {
      tally.leftOut += 1;
      process.stderr.write(`${name}:${each.line}: ${each.fault}\n`);
      continue;
    }
    for (const click of each.clicks) rows.push(click);
    lines += 1;
    if (rows.length >= clicks.batch) await flush();
  }
  await flush();
}

function whereToGoOn({ line }: Tally, skip: number): string {
  return line > skip ? `; all up to line ${line} is stored: go on with --skip ${line}` : '';
}

function describeProgress({ stored }: Tally, input: Readable, size: number | undefined): string {
  const read = 'bytesRead' in input ? Number(input.bytesRead) : 0;
  const share = size ? `, ${Math.floor((100 * read) / size)} %` : '';
  return `${stored.toLocaleString('en')} lines stored${share}`;
}
