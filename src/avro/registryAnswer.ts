import { z } from 'zod';
import { ConfigurationError, UnavailableError } from '../errors.ts';

/** A registry's answer, read whole. */
export interface RegistryAnswer {
  /** `schema registry at http://localhost:8081`, for messages. */
  readonly part: string;
  /** `GET /schemas/ids/7`, for messages. */
  readonly request: string;
  readonly status: number;
  /** `application/json`, or empty. */
  readonly contentType: string;
  readonly body: string;
}

/** A schema's use of another one, by subject and version. */
const reference = z.object({ subject: z.string(), version: z.int() });

/** What `/schemas/ids/{id}` and `/schemas/guids/{guid}` answer, as far as it is used. */
export const schemaAnswer = z.object({
  schema: z.string(),
  schemaType: z.string().nullish(),
  references: z.array(reference).nullish(),
});

/** What `/subjects/{subject}/versions/{version}` answers. */
export const versionAnswer = schemaAnswer.extend({
  subject: z.string(),
  id: z.int(),
  version: z.int(),
});

export const subjectsAnswer = z.array(z.string());
export const registeredAnswer = z.object({ id: z.int() });

export type SchemaAnswer = z.infer<typeof schemaAnswer>;

/**
 * Whether the registry itself says that it has no such thing, by a code such as 40403. Another 404 comes from
 * a proxy, another server or a wrong path, which registries answer with the code 404.
 */
export function isNotFound({ status, body }: RegistryAnswer): boolean {
  const { data } = errorAnswer.safeParse(parseJson(body));
  return status === 404 && data !== undefined && Math.floor(data.error_code / 100) === 404;
}

/** What a registry says of an error: `{"error_code":40403,"message":"Schema not found"}`. */
const errorAnswer = z.object({ error_code: z.int(), message: z.string() });

/**
 * As {@link isNotFound}, for Apicurio's own API, which names its errors: ArtifactNotFoundException,
 * ContentNotFoundException. A path that it does not have is a plain NotFoundException.
 */
export function isNotFoundByApicurio({ status, body }: RegistryAnswer): boolean {
  const { data } = apicurioError.safeParse(parseJson(body));
  return status === 404 && data !== undefined && /^\w+NotFoundException$/.test(data.name);
}

/** `{"error_code":404,"name":"ContentNotFoundException","message":"No content with …"}`; 3.x says `status` and `title` as well. */
const apicurioError = z.object({ name: z.string() });

/**
 * The body of an answer that says yes. Throws ConfigurationError where the settings are what must change, and
 * UnavailableError for everything that may pass.
 */
export function readAnswer<Body>(answer: RegistryAnswer, body: z.ZodType<Body>): Body {
  const parsed = body.safeParse(parseJson(readText(answer)));
  if (parsed.success) return parsed.data;
  throw notARegistry(answer);
}

/** As {@link readAnswer}, for a body of any kind but a page for people, which is some proxy's. */
export function readText(answer: RegistryAnswer): string {
  if (answer.status < 200 || answer.status > 299) throw refusal(answer);
  if (answer.contentType.startsWith('text/html') && answer.body.trimStart().startsWith('<')) {
    throw notARegistry(answer);
  }
  return answer.body;
}

function notARegistry({ part, request, body }: RegistryAnswer): UnavailableError {
  return new UnavailableError(
    part,
    `the answer to ${request} is not what a registry says: ${excerpt(body)}`,
  );
}

function refusal(answer: RegistryAnswer): Error {
  const { part, status, request } = answer;
  const detail = `${status} to ${request}${saying(answer)}`;
  const misconfigured = (setting: string, advice: string) =>
    new ConfigurationError([
      { severity: 'error', setting, message: `${part} answered ${detail}; ${advice}` },
    ]);
  if (status === 401 || status === 403) {
    return misconfigured('registry.auth', 'set a username and password, or a token, that may read');
  }
  if (status >= 300 && status <= 399) {
    return misconfigured('registry.url', 'redirects are not followed: set the address it leads to');
  }
  if (status === 409 || status === 422) {
    return misconfigured('registry', 'it does not take this schema');
  }
  const hint = status === 404 ? '; does registry.url lead to the API of a registry?' : '';
  return new UnavailableError(part, `answered ${detail}${hint}`);
}

function saying({ body }: RegistryAnswer): string {
  const { success, data } = errorAnswer.safeParse(parseJson(body));
  return success ? ` (${excerpt(data.message)})` : '';
}

function excerpt(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

/** Undefined for what is no JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Whoever reads the answer finds that it has not the shape that it must have.
    return undefined;
  }
}
