import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type AvroSchema, readableType } from './schema.ts';
import { keyOf, type SchemaReference } from './schemaReference.ts';

/** What a file holds; `reference` as {@link keyOf} writes it. */
const fileContent = z.object({
  reference: z.string(),
  schema: z.unknown().refine((schema) => schema !== undefined),
  references: z.array(z.unknown()),
});

/**
 * Schemas that a registry gave, kept in a folder, a file each, so that the connector can be restarted while the
 * registry is away. A file appears whole or not at all; one that holds anything else than a schema counts as
 * not there.
 */
export class SavedSchemas {
  readonly #folder: string;

  /** `owner` is whose references these are: those of another registry mean something else. */
  constructor(folder: string, owner: string) {
    this.#folder = join(folder, createHash('sha256').update(owner).digest('hex').slice(0, 16));
  }

  /** Whether anything was ever kept. */
  async any(): Promise<boolean> {
    try {
      return (await readdir(this.#folder)).some((name) => name.endsWith('.json'));
    } catch {
      // No folder, or none that can be read: nothing is kept there.
      return false;
    }
  }

  /** Undefined for a schema that is not kept, or not whole. */
  async read(reference: SchemaReference): Promise<AvroSchema | undefined> {
    try {
      const content = fileContent.parse(JSON.parse(await readFile(this.#file(reference), 'utf8')));
      if (content.reference !== keyOf(reference)) return undefined;
      const schema = { json: content.schema, references: content.references };
      readableType(schema);
      return schema;
    } catch {
      // Not there or no longer whole: the registry has it.
      return undefined;
    }
  }

  /** Throws the file system's errors. */
  async write(reference: SchemaReference, { json, references }: AvroSchema): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    const partial = join(this.#folder, `${randomUUID()}.partial`);
    try {
      const content = { reference: keyOf(reference), schema: json, references };
      await writeFile(partial, JSON.stringify(content));
      await rename(partial, this.#file(reference));
    } finally {
      await rm(partial, { force: true });
    }
  }

  #file(reference: SchemaReference): string {
    return join(this.#folder, `${reference.kind}-${reference.value}.json`);
  }
}
