import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ClientCredentialsSettings } from '../../src/config/login.ts';
import { ConfigurationError, UnavailableError } from '../../src/errors.ts';
import { requestToken } from '../../src/kafka/tokenEndpoint.ts';
import { unusedAddress } from '../cli/commandLine.ts';
import { client, startTokenIssuer, type TokenIssuer } from '../tokenIssuer.ts';

let issuer: TokenIssuer;
beforeAll(async () => {
  issuer = await startTokenIssuer();
});
afterAll(() => issuer.close());

function ask(settings: Partial<ClientCredentialsSettings> = {}, timeout = 5_000) {
  issuer.answer = undefined;
  return requestToken(settingsWith(settings), timeout);
}

function settingsWith(settings: Partial<ClientCredentialsSettings>): ClientCredentialsSettings {
  const own = { tokenEndpoint: issuer.url, clientId: client.id, clientSecret: client.secret };
  return { mechanism: 'oauthbearer', ...own, ...settings };
}

/** How a request ends that is answered so. */
async function failureOf(answer: (response: ServerResponse) => void, timeout = 5_000) {
  issuer.answer = answer;
  const requests = issuer.requests.length;
  const failure = await requestToken(settingsWith({}), timeout).catch((thrown: Error) => thrown);
  expect(issuer.requests.length - requests, 'each request is made once').toBe(1);
  return failure as Error;
}

const json = (status: number, body: unknown) => (response: ServerResponse) => {
  response.writeHead(status).end(JSON.stringify(body));
};

describe('a token endpoint', () => {
  test('is asked by the grant client_credentials, with the encoding of RFC 6749', async () => {
    const given = await ask({ scope: 'a b', audience: 'kafka' });
    expect(given).toEqual({ value: issuer.tokens.at(-1), validFor: 3_600_000 });
    expect(issuer.requests.at(-1)).toMatchObject({
      method: 'POST',
      form: { grant_type: 'client_credentials', scope: 'a b', audience: 'kafka' },
    });
  });

  test('may say nothing of how long the token is valid', async () => {
    issuer.answer = json(200, { access_token: 'abc', token_type: 'bearer' });
    const given = await requestToken(settingsWith({}), 5_000);
    expect(given).toEqual({ value: 'abc', validFor: undefined });
  });

  test.each([
    ['500', json(500, {})],
    ['429', json(429, {})],
    ['the connection cut', (response: ServerResponse) => response.destroy()],
  ])('is away where it answers with %s', async (_, answer) => {
    expect(await failureOf(answer)).toBeInstanceOf(UnavailableError);
  });

  test('is away where its answer takes too long', async () => {
    const failure = await failureOf((response) => response.flushHeaders(), 300);
    expect(failure).toBeInstanceOf(UnavailableError);
    expect(failure.message).toContain('no whole answer within 300 ms');
  });

  test('is away where its answer does not end', async () => {
    const failure = await failureOf((response) => {
      const timer = setInterval(() => response.write('x'.repeat(65_536)), 1);
      response.on('close', () => clearInterval(timer));
    });
    expect(failure).toBeInstanceOf(UnavailableError);
  });

  test('is away where nobody listens', async () => {
    const tokenEndpoint = `http://${await unusedAddress()}/token`;
    await expect(ask({ tokenEndpoint })).rejects.toThrow(UnavailableError);
  });

  test.each([
    ['a token of another kind', json(200, { access_token: 'a', token_type: 'mac' })],
    ['a token that would add a line', json(200, { access_token: 'a\r\nb' })],
    ['a page', (response: ServerResponse) => response.end('<html>')],
    ['404', json(404, {})],
  ])('has the wrong address where it answers with %s', async (_, answer) => {
    const failure = await failureOf(answer);
    expect(failure).toBeInstanceOf(ConfigurationError);
    expect(failure.message).toMatch(/kafka\.sasl\.tokenEndpoint: .*is the address right\?/);
  });

  test('is not followed anywhere else', async () => {
    const failure = await failureOf((response) => {
      response.writeHead(307, { location: issuer.url }).end();
    });
    expect(failure).toBeInstanceOf(ConfigurationError);
    expect(failure.message).toContain('answers 307; name the address that it leads to');
  });

  test.each([
    ['invalid_client', 'clientId', 'look at kafka.sasl.clientId and clientSecret'],
    ['unauthorized_client', 'clientId', 'allow this client the grant client_credentials there'],
    ['invalid_scope', 'scope', 'look at kafka.sasl.scope'],
  ])('says %s, and we what to do', async (error, setting, advice) => {
    const { message } = await failureOf(json(400, { error, error_description: 'because' }));
    expect(message).toBe(
      `error: kafka.sasl.${setting}: token endpoint at ${issuer.url}: gives no token (400 ${error}: because); ${advice}`,
    );
  });

  test('that repeats the secret is not quoted', async () => {
    const description = `unknown secret ${client.secret}`;
    const failure = await failureOf(
      json(401, { error: 'invalid_client', error_description: description }),
    );
    expect(failure.message).toContain('(401 invalid_client)');
    expect(`${failure} ${JSON.stringify(failure)} ${failure.cause}`).not.toContain('qZ7canary');
  });
});
