import { toError } from '../errors.ts';
import { recordsIn } from './avscType.ts';
import { UnreadableSchemaError } from './errors.ts';
import {
  isNotFound,
  type RegistryAnswer,
  readAnswer,
  type SchemaAnswer,
  schemaAnswer,
  subjectsAnswer,
  versionAnswer,
} from './registryAnswer.ts';
import { type AvroSchema, readableType } from './schema.ts';

/** A subject's latest schema. */
export interface SubjectSchema {
  readonly subject: string;
  readonly id: number;
  readonly version: number;
  readonly schema: AvroSchema;
}

/** What is needed of a client: a request and its whole answer. */
interface Client {
  ask(method: 'GET', path: string): Promise<RegistryAnswer>;
}

/** Puts schemas together from a registry's answers. Throws as SchemaRegistry says. */
export class RegistrySchemas {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  /** Undefined when the registry does not know the id. */
  async byId(id: number): Promise<AvroSchema | undefined> {
    const answer = await this.#client.ask('GET', `/schemas/ids/${id}`);
    return isNotFound(answer) ? undefined : this.#toSchema(id, readAnswer(answer, schemaAnswer));
  }

  /** The latest schema of each subject that the values of a topic with these events may have. */
  async latest(topic: string, events: readonly string[]): Promise<readonly SubjectSchema[]> {
    const subjects = readAnswer(await this.#client.ask('GET', '/subjects'), subjectsAnswer);
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
      const answer = await this.#client.ask('GET', versionPath(subject, 'latest'));
      if (isNotFound(answer)) return undefined;
      const found = readAnswer(answer, versionAnswer);
      const { id, version } = found;
      return { subject, id, version, schema: await this.#toSchema(id, found) };
    });
    return (await Promise.all(latest)).filter((found) => found !== undefined);
  }

  async #toSchema(id: number, answer: SchemaAnswer): Promise<AvroSchema> {
    const json = parseAvro(id, answer);
    const schema = { json, references: await this.#references(id, answer, new Set()) };
    try {
      readableType(schema);
    } catch (thrown) {
      throw new UnreadableSchemaError(id, toError(thrown).message, { cause: thrown });
    }
    return schema;
  }

  /** The schemas that one refers to, each once and after those that it refers to itself. */
  async #references(id: number, answer: SchemaAnswer, seen: Set<string>): Promise<unknown[]> {
    const schemas: unknown[] = [];
    for (const { subject, version } of answer.references ?? []) {
      const path = versionPath(subject, version);
      if (seen.has(path)) continue;
      seen.add(path);
      const found = await this.#client.ask('GET', path);
      if (isNotFound(found)) {
        throw new UnreadableSchemaError(
          id,
          `version ${version} of its reference ${subject} is gone`,
        );
      }
      const referenced = readAnswer(found, versionAnswer);
      schemas.push(...(await this.#references(id, referenced, seen)), parseAvro(id, referenced));
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

function parseAvro(id: number, { schema, schemaType }: SchemaAnswer): unknown {
  if (schemaType != null && schemaType !== 'AVRO') {
    throw new UnreadableSchemaError(id, `it is of type ${schemaType}, and only AVRO is read`);
  }
  try {
    return JSON.parse(schema);
  } catch (thrown) {
    throw new UnreadableSchemaError(id, `it is no JSON: ${toError(thrown).message}`, {
      cause: thrown,
    });
  }
}
