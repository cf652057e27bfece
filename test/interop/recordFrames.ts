import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createUnframe } from '../../src/avro/framing.ts';
import { createRegistry } from '../../src/avro/registry.ts';
import type { AvroSchema } from '../../src/avro/schema.ts';
import type { SchemaReference } from '../../src/avro/schemaReference.ts';
import { buildSerializers, runSerializers, type Serializers, wireOf } from './serializers.ts';

/** One frame as a program printed it, and the schema that the registry had for it. */
export interface RecordedFrame {
  readonly serializers: Serializers;
  readonly way: string;
  /** Bytes in hex. */
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly reference: SchemaReference;
  readonly schema: AvroSchema;
}

/** Where the recorded frames are kept. */
export const framesFile = join(import.meta.dirname, 'frames.json');

/** The headers of a frame as Kafka gives them. */
export function headersOf(frame: Pick<RecordedFrame, 'headers'>): Record<string, Buffer> {
  const entries = Object.entries(frame.headers);
  return Object.fromEntries(entries.map(([name, hex]) => [name, Buffer.from(hex, 'hex')]));
}

/**
 * Has each program write its frames anew. Run by `SCHEMA_REGISTRY_URL=… node test/interop/recordFrames.ts`, with
 * an Apicurio Registry.
 */
async function recordFrames(registryUrl: string): Promise<readonly RecordedFrame[]> {
  const problem = await buildSerializers();
  if (problem !== undefined) throw new Error(problem);
  const registry = createRegistry({ url: registryUrl, timeout: 10_000 });
  const folder = join(import.meta.dirname, 'serializers');
  const json: unknown = JSON.parse(await readFile(join(folder, 'ShopOrder.avsc'), 'utf8'));
  const frames: RecordedFrame[] = [];
  for (const serializers of ['apicurio2', 'apicurio3', 'glue'] as const) {
    const url = registryUrl.replace(/\/apis\/.*/, '/apis/registry/v2');
    const words = serializers === 'glue' ? [] : [url, `interop-${serializers}`];
    const printed = await runSerializers(serializers, ...words);
    for (const line of printed.trim().split('\n').toSorted()) {
      const frame = JSON.parse(line) as RecordedFrame;
      const wire = wireOf(serializers, frame.way);
      const { reference } = createUnframe(wire)(Buffer.from(frame.value, 'hex'), headersOf(frame));
      if (reference === undefined) throw new Error(`no reference in ${line}`);
      const found =
        serializers === 'glue' ? { json, references: [] } : await registry.schemaOf(reference);
      if (found === undefined) throw new Error(`no schema for ${line}`);
      frames.push({ ...frame, serializers, reference, schema: found });
    }
  }
  await registry.close();
  return frames;
}

if (import.meta.main) {
  const frames = await recordFrames(process.env['SCHEMA_REGISTRY_URL'] ?? 'http://localhost:8081');
  await writeFile(framesFile, `${JSON.stringify(frames, null, 2)}\n`);
}
