import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { createUnframe, inflate, type Wire } from '../../src/avro/framing.ts';
import type { Headers } from '../../src/avro/headers.ts';
import type { FieldValue } from '../../src/avro/reader.ts';
import type { AvroSchema } from '../../src/avro/schema.ts';
import type { SchemaReference } from '../../src/avro/schemaReference.ts';
import { compileReader } from '../avro/schemas.ts';

const run = promisify(execFile);
const folder = join(import.meta.dirname, 'serializers');

/** The producers' programs, each with the serializers of one release. */
export type Serializers = 'apicurio2' | 'apicurio3' | 'glue';

/** Builds the programs where they aren't built yet; undefined when that has worked, else why it can't be done. */
export async function buildSerializers(): Promise<string | undefined> {
  const modules: readonly Serializers[] = ['apicurio2', 'apicurio3', 'glue'];
  const isBuilt = modules.every((name) => existsSync(join(folder, name, 'target', 'lib')));
  try {
    await run('java', ['-version']);
    if (!isBuilt) await run('mvn', ['--quiet', '--batch-mode', 'package'], { cwd: folder });
    return undefined;
  } catch (thrown) {
    return `the Java serializers can't be built: ${String(thrown).slice(0, 300)}`;
  }
}

/** Runs the serializers with their arguments after the folder of the event, and gives what they printed. */
export function runSerializers(name: Serializers, ...words: string[]): Promise<string> {
  return runProgram(name, name === 'glue' ? 'GlueFrames' : 'ApicurioFrames', [folder, ...words]);
}

/** Has Kafka's own client write records of 2,000 letters in one batch. */
export async function writeCompressed(
  brokers: readonly string[],
  topic: string,
  codec: string,
  count: number,
): Promise<void> {
  const words = [brokers.join(','), topic, codec, String(count)];
  await runProgram('apicurio2', 'CompressedBatches', words);
}

async function runProgram(module: Serializers, program: string, words: string[]): Promise<string> {
  const target = join(folder, module, 'target');
  const classPath = [join(target, 'classes'), join(target, 'lib', '*')].join(delimiter);
  return (await run('java', ['-cp', classPath, program, ...words], { timeout: 60_000 })).stdout;
}

/** How the connector is set up for a way in which a program wrote. */
export function wireOf(name: Serializers, way: string): Wire {
  if (name === 'glue') return { format: 'glue' };
  const format = name === 'apicurio2' ? 'apicurio-v2' : 'apicurio';
  if (way === 'payload-globalId') return { format, useId: 'globalId' };
  return way === 'payload-contentId' ? { format, useId: 'contentId' } : { format };
}

const paths = ['orderId', 'customerId', 'total.amount', 'total.currency', 'note'];

/** What the event in ShopOrder.json says in these fields. */
export const expectedFields = [
  '0198a4f2-7c1e-7b43-9a51-3d2f6e8c1b07',
  'customer-7',
  '49.99',
  'EUR',
  `zwei Stück, größer als nötig: ${'é'.repeat(45)}`,
];

/** What the connector reads in a record's frame, as texts. */
export async function readFields(
  wire: Wire,
  value: Buffer,
  headers: Headers | undefined,
  schemaOf: (reference: SchemaReference) => Promise<AvroSchema | undefined>,
): Promise<string[]> {
  const frame = createUnframe(wire)(value, headers);
  const schema = frame.reference && (await schemaOf(frame.reference));
  if (schema === undefined) throw new Error(`no schema for ${JSON.stringify(frame.reference)}`);
  const reader = compileReader(schema, paths);
  const fields: FieldValue[] = frame.compression
    ? reader.read(inflate(frame, value))
    : reader.read(value, frame.start);
  return fields.map(String);
}
