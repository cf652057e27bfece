import { z } from 'zod';
import type { ClientCredentialsSettings } from '../config/login.ts';
import { ConfigurationError, UnavailableError } from '../errors.ts';
import { ask, createDispatcher, describeFailure, type WholeAnswer } from '../http.ts';
import { explainTlsFailure, readTlsFiles } from '../tls.ts';
import type { IssuedToken } from './bearerTokens.ts';

/** Far beyond any token. */
const bodyLimit = 256 * 1024;
const setting = 'kafka.sasl';

const tokenAnswer = z.object({
  // RFC 6750, section 2.1: what can stand behind `Bearer `.
  access_token: z.string().regex(/^[\w.~+/-]+=*$/),
  token_type: z
    .string()
    .regex(/^bearer$/i)
    .optional(),
  expires_in: z.coerce.number().positive().optional(),
});

const refusalAnswer = z.object({
  error: z.string().regex(/^[\w-]{1,60}$/),
  error_description: z.string().optional(),
});

/**
 * Asks a token endpoint for a token, once: the grant client_credentials of RFC 6749, section 4.4, within `timeout`
 * milliseconds. Throws UnavailableError where it can't serve now, and ConfigurationError where it refuses.
 */
export async function requestToken(
  settings: ClientCredentialsSettings,
  timeout: number,
): Promise<IssuedToken> {
  const { origin, pathname } = new URL(settings.tokenEndpoint);
  const tls = readTlsFiles(settings.ssl ?? {}, `${setting}.ssl`);
  // Tokens are asked for a few times an hour: a connection is not worth keeping.
  const dispatcher = createDispatcher({ origin, connections: 1, timeout, tls, bodyLimit });
  const request = {
    ...{ origin, path: pathname, method: 'POST' as const },
    headers: {
      accept: 'application/json',
      authorization: basicAuthorization(settings),
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: formOf(settings),
  };
  try {
    return readToken(await ask(dispatcher, request, timeout), settings);
  } catch (thrown) {
    throw explainFailure(thrown, settings);
  } finally {
    await dispatcher.destroy();
  }
}

/** RFC 6749, section 2.3.1: both parts encoded as in a form, then as in HTTP's Basic. */
function basicAuthorization({ clientId, clientSecret }: ClientCredentialsSettings): string {
  const [id, secret] = [clientId, clientSecret].map((part) =>
    new URLSearchParams({ '': part }).toString().slice(1),
  );
  return `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
}

function formOf({ scope, audience }: ClientCredentialsSettings): string {
  return new URLSearchParams({
    grant_type: 'client_credentials',
    ...(scope !== undefined && { scope }),
    ...(audience !== undefined && { audience }),
  }).toString();
}

function readToken(answer: WholeAnswer, settings: ClientCredentialsSettings): IssuedToken {
  const { status, body } = answer;
  if (status === 408 || status === 429 || status >= 500) {
    throw new UnavailableError(partOf(settings), `answered ${status}`);
  }
  if (status !== 200) throw refusal(answer, settings);
  const parsed = tokenAnswer.safeParse(parseJson(body));
  if (!parsed.success) {
    throw wrong(settings, 'tokenEndpoint', 'answers without a bearer token; is the address right?');
  }
  const { access_token: value, expires_in: seconds } = parsed.data;
  return { value, validFor: seconds === undefined ? undefined : seconds * 1_000 };
}

function refusal(
  { status, body }: WholeAnswer,
  settings: ClientCredentialsSettings,
): ConfigurationError {
  if (status < 400) {
    const message = `answers ${status}; name the address that it leads to, since redirects are not followed`;
    return wrong(settings, 'tokenEndpoint', message);
  }
  const said = refusalAnswer.safeParse(parseJson(body)).data;
  if (said === undefined) {
    return wrong(settings, 'tokenEndpoint', `answers ${status}; is the address right?`);
  }
  const { error, error_description: description } = said;
  // A server may repeat what it was given.
  const isShowable = description !== undefined && !description.includes(settings.clientSecret);
  const reason = isShowable ? `${error}: ${description.slice(0, 300)}` : error;
  const [name, advice] = advices[error] ?? ['tokenEndpoint', 'look at kafka.sasl'];
  return wrong(settings, name, `gives no token (${status} ${reason}); ${advice}`);
}

/** What RFC 6749, section 5.2, has as errors, and what to look at. */
const advices: Readonly<Record<string, readonly [string, string]>> = {
  invalid_client: ['clientId', 'look at kafka.sasl.clientId and clientSecret'],
  unauthorized_client: ['clientId', 'allow this client the grant client_credentials there'],
  invalid_scope: ['scope', 'look at kafka.sasl.scope'],
};

function explainFailure(thrown: unknown, settings: ClientCredentialsSettings): Error {
  if (thrown instanceof ConfigurationError || thrown instanceof UnavailableError) return thrown;
  const tlsFailure = explainTlsFailure(thrown, `${setting}.ssl`);
  if (tlsFailure !== undefined) return wrong(settings, 'tokenEndpoint', tlsFailure);
  return new UnavailableError(partOf(settings), describeFailure(thrown), { cause: thrown });
}

function partOf({ tokenEndpoint }: ClientCredentialsSettings): string {
  return `token endpoint at ${tokenEndpoint}`;
}

function wrong(
  settings: ClientCredentialsSettings,
  name: string,
  detail: string,
): ConfigurationError {
  const message = `${partOf(settings)}: ${detail}`;
  return new ConfigurationError([{ severity: 'error', setting: `${setting}.${name}`, message }]);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A page instead of an answer; the shape tells.
    return undefined;
  }
}
