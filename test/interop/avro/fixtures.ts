import { readFileSync } from 'node:fs';
import { Big } from 'big.js';
import { Instant } from '../../../src/avro/instant.ts';
import type { FieldValue } from '../../../src/avro/reader.ts';

/** What Java wrote with one schema, and what it reads there itself; see README.md. */
export interface Fixture {
  readonly name: string;
  readonly schema: unknown;
  readonly bytes: string;
  /** By path. */
  readonly values: Readonly<Record<string, unknown>>;
}

export function readFixtures(): readonly Fixture[] {
  const text = readFileSync(new URL('fixtures.jsonl', import.meta.url), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

const tags: Readonly<Record<string, (text: string) => FieldValue>> = {
  $long: (text) => (Number.isSafeInteger(Number(text)) ? Number(text) : BigInt(text)),
  $decimal: (text) => new Big(text),
  $bytes: (text) => Buffer.from(text, 'hex'),
  $date: (text) => new Instant(Date.parse(text)),
};

/** The value that the JSON of a fixture stands for. */
export function fromJson(json: unknown): FieldValue {
  if (Array.isArray(json)) return json.map(fromJson);
  if (typeof json !== 'object' || json === null) return json as FieldValue;
  const [[name, text] = ['', ''], ...others] = Object.entries(json);
  const convert = others.length === 0 ? tags[name] : undefined;
  if (convert) return convert(text);
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, fromJson(value)]));
}
