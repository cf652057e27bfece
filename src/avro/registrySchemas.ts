import { recordsIn } from './avscType.ts';
import { UnreadableSchemaError } from './errors.ts';
import { checkReadable, parseAvro } from './foreignSchema.ts';
import {
  isNotFound,
  readAnswer,
  type SchemaAnswer,
  schemaAnswer,
  subjectsAnswer,
  versionAnswer,
} from './registryAnswer.ts';
import type { RegistryApi } from './registryClient.ts';
import { type AvroSchema, readableType } from './schema.ts';

/** A subject's latest schema. */
export interface SubjectSchema {
  readonly subject: string;
  readonly id: number;
  readonly version: number;
  readonly schema: AvroSchema;
}

/** Puts schemas together from the answers of Confluent's API. Throws as SchemaRegistry says. */
export class RegistrySchemas {
  readonly #api: RegistryApi;

  constructor(api: RegistryApi) {
    this.#api = api;
  }

  /** Undefined when the registry does not know the id. */
  byId(id: number): Promise<AvroSchema | undefined> {
    return this.#find(id, `/schemas/ids/${id}`);
  }

  /** Undefined when the registry does not know the GUID, which registries of Confluent 8.0 and later have. */
  byGuid(guid: string): Promise<AvroSchema | undefined> {
    return this.#find(guid, `/schemas/guids/${guid}`);
  }

  async #find(id: number | string, path: string): Promise<AvroSchema | undefined> {
    const answer = await this.#api.ask('GET', path);
    return isNotFound(answer) ? undefined : this.#toSchema(id, readAnswer(answer, schemaAnswer));
  }

  /** The latest schema of each subject that the values of a topic with these events may have. */
  async latest(topic: string, events: readonly string[]): Promise<readonly SubjectSchema[]> {
    const subjects = readAnswer(await this.#api.ask('GET', '/subjects'), subjectsAnswer);
    const found = await this.#latestOf(
      subjects.filter((name) => events.includes(name) || mayBeOf(topic, name)),
    );
    const own = found.filter((latest) => events.includes(latest.subject) || isOf(topic, latest));
    if (own.length > 0) return own;
    // Other topics may have events of the same short name, so it counts only where nothing else is found.
    return this.#latestOf(subjects.filter((name) => events.includes(shortNameOf(name))));
  }

  /** Leaves out a subject that was deleted since the subjects were listed. */
  async #latestOf(subjects: readonly string[]): Promise<SubjectSchema[]> {
    const latest = subjects.map(async (subject) => {
      const answer = await this.#api.ask('GET', versionPath(subject, 'latest'));
      if (isNotFound(answer)) return undefined;
      const found = readAnswer(answer, versionAnswer);
      const { id, version } = found;
      return { subject, id, version, schema: await this.#toSchema(id, found) };
    });
    return (await Promise.all(latest)).filter((found) => found !== undefined);
  }

  async #toSchema(id: number | string, answer: SchemaAnswer): Promise<AvroSchema> {
    const json = parseAvro(id, answer.schema, answer.schemaType);
    const references = await this.#references(id, answer, new Set());
    return checkReadable(id, { json, references });
  }

  /** The schemas that one refers to, each once and after those that it refers to itself. */
  async #references(
    id: number | string,
    answer: SchemaAnswer,
    seen: Set<string>,
  ): Promise<unknown[]> {
    const schemas: unknown[] = [];
    for (const { subject, version } of answer.references ?? []) {
      // An id outlives the soft deletion of its subject, and so do the records with it.
      const path = `${versionPath(subject, version)}?deleted=true`;
      if (seen.has(path)) continue;
      seen.add(path);
      const found = await this.#api.ask('GET', path);
      if (isNotFound(found)) {
        throw new UnreadableSchemaError(
          id,
          `version ${version} of its reference ${subject} is gone`,
        );
      }
      const referenced = readAnswer(found, versionAnswer);
      const own = parseAvro(id, referenced.schema, referenced.schemaType);
      schemas.push(...(await this.#references(id, referenced, seen)), own);
    }
    return schemas;
  }
}

function versionPath(subject: string, version: number | 'latest'): string {
  return `/subjects/${encodeURIComponent(subject)}/versions/${version}`;
}

const recordName = /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/;

/** What a name says alone: `orders-eu-value` is of another topic than orders, as eu-value is no record's name. */
function mayBeOf(topic: string, subject: string): boolean {
  const rest = subject.slice(topic.length + 1);
  return subject.startsWith(`${topic}-`) && rest !== 'key' && recordName.test(rest);
}

/** Beside `orders-value`, `orders-<name>` is of the topic orders if its record has this name. */
function isOf(topic: string, { subject, schema }: SubjectSchema): boolean {
  const names = recordsIn(readableType(schema)).map(({ name }) => name);
  return ['value', ...names].some((rest) => subject === `${topic}-${rest}`);
}

/** The last part of a record's name; empty for a subject that is named otherwise. */
function shortNameOf(subject: string): string {
  return recordName.test(subject) ? subject.slice(subject.lastIndexOf('.') + 1) : '';
}
