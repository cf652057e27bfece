import { readFileSync } from 'node:fs';
import {
  createServer as createPlainServer,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { createServer } from 'node:https';
import { text } from 'node:stream/consumers';
import type { Certificates } from './certificates.ts';
import { listen } from './listen.ts';

/** One request as a token endpoint got it. */
interface TokenRequest {
  readonly method: string | undefined;
  readonly authorization: string | undefined;
  readonly form: Readonly<Record<string, string>>;
}

/** A token endpoint of a test's own. */
export interface TokenIssuer {
  readonly url: string;
  readonly requests: readonly TokenRequest[];
  /** The tokens that it gave. */
  readonly tokens: readonly string[];
  /** Seconds for which a token is valid. */
  validFor: number;
  /** Answers in the place of a token. */
  answer: ((response: ServerResponse) => void) | undefined;
  close(): Promise<void>;
}

/** The client that it knows. Its secret has signs that RFC 6749 wants encoded. */
export const client = { id: 'connector', secret: 'qZ7canary/+=% token' };

/** Starts one; over TLS with the certificate `server` of those given. */
export async function startTokenIssuer(certificates?: Certificates): Promise<TokenIssuer> {
  const requests: TokenRequest[] = [];
  const tokens: string[] = [];
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const form = Object.fromEntries(new URLSearchParams(await text(request)));
    const { method, headers } = request;
    requests.push({ method, authorization: headers.authorization, form });
    if (issuer.answer) return issuer.answer(response);
    if (headers.authorization !== `Basic ${btoa('connector:qZ7canary%2F%2B%3D%25+token')}`) {
      const refusal = { error: 'invalid_client', error_description: 'no such client or secret' };
      response.writeHead(401).end(JSON.stringify(refusal));
      return;
    }
    const token = unsignedToken(form['scope'] ?? '', issuer.validFor, tokens.length);
    tokens.push(token);
    const answer = { access_token: token, token_type: 'Bearer', expires_in: issuer.validFor };
    response.end(JSON.stringify(answer));
  };
  const onRequest = (request: IncomingMessage, response: ServerResponse) =>
    void handle(request, response);
  const server = certificates
    ? createServer(
        {
          key: readFileSync(certificates.file('server.key')),
          cert: readFileSync(certificates.file('server.pem')),
        },
        onRequest,
      )
    : createPlainServer(onRequest);
  const port = await listen(server);
  const issuer: TokenIssuer = {
    url: `${certificates ? 'https' : 'http'}://127.0.0.1:${port}/oauth2/token`,
    ...{ requests, tokens, validFor: 3_600, answer: undefined },
    async close() {
      server.closeAllConnections();
      await server[Symbol.asyncDispose]();
    },
  };
  return issuer;
}

/** An unsecured JWT, RFC 7519, section 6, each another. */
function unsignedToken(scope: string, validFor: number, number: number): string {
  const now = Date.now() / 1_000;
  const claims = { sub: 'connector', scope, iat: now, exp: now + validFor, jti: `token-${number}` };
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part(claims)}.`;
}
