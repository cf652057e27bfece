import { isCertificateFault } from '../tls.ts';

/** How one attempt ended, as the wire saw it. */
export type AttemptResult =
  | {
      readonly type: 'answer';
      readonly status: number;
      /** The Retry-After header as it came. */
      readonly retryAfter: string | undefined;
    }
  | {
      readonly type: 'failure';
      /** Whether the request had begun to go out when it failed. */
      readonly stage: 'before-request' | 'after-request';
      /** The error's code, such as `ECONNREFUSED` or `UND_ERR_SOCKET`. */
      readonly code: string;
      readonly message: string;
    };

/**
 * What an attempt means: `delivered`, recorded by Powerspace; `rejected`, never to be accepted; `setup`,
 * something between us and Powerspace is set up wrongly; `transient`, not recorded, try again; `ambiguous`,
 * perhaps recorded.
 */
export type AttemptClass = 'delivered' | 'rejected' | 'setup' | 'transient' | 'ambiguous';

const rejected = new Set([400, 404, 410, 422]);
const transient = new Set([408, 425, 429]);

/** The one table of design §5, "What an answer means". A status that it doesn't name is taken for a setup fault: that loses nothing. */
export function classify(result: AttemptResult): AttemptClass {
  if (result.type === 'failure') {
    if (isCertificateFault(result.code)) return 'setup';
    return result.stage === 'before-request' ? 'transient' : 'ambiguous';
  }
  const { status } = result;
  if (status >= 200 && status < 300) return 'delivered';
  if (rejected.has(status)) return 'rejected';
  if (transient.has(status) || status >= 500) return 'transient';
  return 'setup';
}

/** An attempt in words for logs and dead letters: `Powerspace answered 503`, or `connect ECONNREFUSED 127.0.0.1:1`. */
export function describeAttempt(result: AttemptResult): string {
  if (result.type === 'answer') return `Powerspace answered ${result.status}`;
  const { code, message } = result;
  return message.includes(code) ? message : `${code}: ${message}`;
}
