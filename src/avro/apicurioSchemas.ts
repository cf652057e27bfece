import { z } from 'zod';
import { UnreadableSchemaError } from './errors.ts';
import { checkReadable, parseAvro } from './foreignSchema.ts';
import { isNotFoundByApicurio, readAnswer, readText } from './registryAnswer.ts';
import type { RegistryApi } from './registryClient.ts';
import type { AvroSchema } from './schema.ts';

/** What Apicurio's own API says of the artifacts that one uses; without a group they are in `default`. */
const referencesAnswer = z.array(
  z.object({
    groupId: z.string().nullish(),
    artifactId: z.string(),
    version: z.string().nullish(),
  }),
);

type Reference = z.infer<typeof referencesAnswer>[number];

/** Which of Apicurio's ids, and the id. */
export interface ApicurioId {
  readonly kind: 'globalId' | 'contentId';
  readonly value: number;
}

/** The versions of Apicurio's own API: 2 is that of Apicurio 2, which Apicurio 3 has as well, for now. */
export type ApicurioVersion = 2 | 3;

/** Puts schemas together from the answers of Apicurio's own API. */
export class ApicurioSchemas {
  readonly #apiOf: (version: ApicurioVersion) => RegistryApi;
  #version: ApicurioVersion | undefined;

  /** `version` is what the server has, if that is known; else it is found out by the first request. */
  constructor(
    apiOf: (version: ApicurioVersion) => RegistryApi,
    version: ApicurioVersion | undefined,
  ) {
    this.#apiOf = apiOf;
    this.#version = version;
  }

  /** Undefined when the registry does not know the id. Throws as SchemaRegistry says. */
  async byId({ kind, value }: ApicurioId): Promise<AvroSchema | undefined> {
    const name = `${kind} ${value}`;
    const version = await this.#findVersion();
    const api = this.#apiOf(version);
    const path = `/ids/${kind}s/${value}`;
    const answer = await api.ask('GET', path);
    if (isNotFoundByApicurio(answer)) return undefined;
    const json = parseAvro(name, readText(answer), undefined);
    const reader = new ReferenceReader(name, api, version);
    return checkReadable(name, { json, references: await reader.read(path) });
  }

  async #findVersion(): Promise<ApicurioVersion> {
    if (this.#version !== undefined) return this.#version;
    const { status } = await this.#apiOf(3).ask('GET', '/system/info');
    const version = status === 404 ? 2 : 3;
    // What does not come from the registry itself, such as 401 or 503, says nothing of its version.
    if (status === 200 || status === 404) this.#version = version;
    return version;
  }
}

/** Reads what one schema refers to, each once and after what it refers to itself. */
class ReferenceReader {
  readonly #name: string;
  readonly #api: RegistryApi;
  readonly #version: ApicurioVersion;
  readonly #seen = new Set<string>();

  constructor(name: string, api: RegistryApi, version: ApicurioVersion) {
    this.#name = name;
    this.#api = api;
    this.#version = version;
  }

  async read(path: string): Promise<unknown[]> {
    const schemas: unknown[] = [];
    const answer = await this.#api.ask('GET', `${path}/references`);
    for (const reference of readAnswer(answer, referencesAnswer)) {
      const referencePath = pathOf(reference);
      if (this.#seen.has(referencePath)) continue;
      this.#seen.add(referencePath);
      const own = await this.#content(reference, referencePath);
      schemas.push(...(await this.read(referencePath)), own);
    }
    return schemas;
  }

  async #content({ artifactId, version }: Reference, path: string): Promise<unknown> {
    const answer = await this.#api.ask('GET', this.#version === 3 ? `${path}/content` : path);
    if (!isNotFoundByApicurio(answer)) return parseAvro(this.#name, readText(answer), undefined);
    const reason = `version ${version} of its reference ${artifactId} is gone`;
    throw new UnreadableSchemaError(this.#name, reason);
  }
}

function pathOf({ groupId, artifactId, version }: Reference): string {
  const [group, artifact, number] = [groupId ?? 'default', artifactId, version ?? 'latest'].map(
    encodeURIComponent,
  );
  return `/groups/${group}/artifacts/${artifact}/versions/${number}`;
}
