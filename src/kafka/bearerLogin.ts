import kafkajs, { type Mechanism, type SaslAuthenticationResponse } from 'kafkajs';
import type { BearerTokens } from './bearerTokens.ts';

/** A broker does not take a token. */
export class TokenRefusedError extends kafkajs.KafkaJSNonRetriableError {
  override readonly name = 'TokenRefusedError';
}

/**
 * The login OAUTHBEARER, RFC 7628. Not kafkajs's own, which takes a refusal for a success, since brokers send it in
 * the answer of the mechanism; then they cut the connection at the next request, and nobody knows why.
 */
export function bearerLogin(
  tokens: BearerTokens,
  extensions: Readonly<Record<string, string>> = {},
): Mechanism {
  return {
    mechanism: 'oauthbearer',
    authenticationProvider: ({ saslAuthenticate }) => ({
      async authenticate() {
        const token = await tokens.token();
        const request = { encode: () => withLength(initialResponse(token, extensions)) };
        const refusal = await saslAuthenticate({ request, response }).catch((thrown) => {
          tokens.refused(token);
          throw thrown;
        });
        if (!refusal) return;
        tokens.refused(token);
        throw new TokenRefusedError(`the broker refuses the token (${refusal})`);
      },
    }),
  };
}

/** RFC 7628, section 3.1. */
function initialResponse(token: string, extensions: Readonly<Record<string, string>>): string {
  const pairs = Object.entries({ auth: `Bearer ${token}`, ...extensions });
  return `n,,\u0001${pairs.map(([name, value]) => `${name}=${value}\u0001`).join('')}\u0001`;
}

/** kafkajs wants the bytes of a mechanism with their length before them, and gives those of the answer so. */
function withLength(message: string): Buffer {
  const bytes = Buffer.from(message);
  const length = Buffer.alloc(4);
  length.writeInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

const status = /"status"\s*:\s*"([\w -]{1,60})"/;

/** An empty text where the login has worked; else the status of the refusal, RFC 7628, section 3.2.2. */
const response: SaslAuthenticationResponse<string> = {
  decode: (bytes) => bytes.subarray(4),
  parse: (bytes) =>
    bytes.length === 0 ? '' : (status.exec(bytes.toString())?.[1] ?? 'without a reason'),
};
