import { describe, expect, test } from 'vitest';
import { type AttemptResult, classify, describeAttempt } from '../../src/powerspace/answer.ts';

const answer = (status: number): AttemptResult => ({
  type: 'answer',
  status,
  retryAfter: undefined,
});
const failure = (stage: 'before-request' | 'after-request', code: string): AttemptResult => ({
  type: 'failure',
  stage,
  code,
  message: 'of the test',
});

/** Node's documentation, "X509 certificate error codes", and what Node gives for faults that it has no code for. */
const certificateCodes = [
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_CRL',
  'UNABLE_TO_DECRYPT_CERT_SIGNATURE',
  'UNABLE_TO_DECRYPT_CRL_SIGNATURE',
  'UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY',
  'CERT_SIGNATURE_FAILURE',
  'CRL_SIGNATURE_FAILURE',
  'CERT_NOT_YET_VALID',
  'CERT_HAS_EXPIRED',
  'CRL_NOT_YET_VALID',
  'CRL_HAS_EXPIRED',
  'ERROR_IN_CERT_NOT_BEFORE_FIELD',
  'ERROR_IN_CERT_NOT_AFTER_FIELD',
  'ERROR_IN_CRL_LAST_UPDATE_FIELD',
  'ERROR_IN_CRL_NEXT_UPDATE_FIELD',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_CHAIN_TOO_LONG',
  'CERT_REVOKED',
  'INVALID_CA',
  'PATH_LENGTH_EXCEEDED',
  'INVALID_PURPOSE',
  'CERT_UNTRUSTED',
  'CERT_REJECTED',
  'HOSTNAME_MISMATCH',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'UNSPECIFIED',
];

describe('what an answer means', () => {
  test.each([200, 201, 202, 204, 206, 299])('%i: delivered', (status) => {
    expect(classify(answer(status))).toBe('delivered');
  });

  test.each([400, 404, 410, 422])('%i: rejected', (status) => {
    expect(classify(answer(status))).toBe('rejected');
  });

  test.each([300, 301, 302, 303, 304, 307, 308, 401, 403, 405, 407, 421, 451])(
    '%i: something is set up wrongly',
    (status) => {
      expect(classify(answer(status))).toBe('setup');
    },
  );

  test.each([402, 406, 409, 411, 413, 414, 415, 418, 431])(
    '%i, which no rule names: taken for a fault of the set-up, which loses nothing',
    (status) => {
      expect(classify(answer(status))).toBe('setup');
    },
  );

  test.each([408, 425, 429, 500, 501, 502, 503, 504, 520, 599])('%i: try again later', (status) => {
    expect(classify(answer(status))).toBe('transient');
  });
});

describe('what a failure means', () => {
  test.each(['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED', 'UND_ERR_CONNECT_TIMEOUT', 'EPROTO'])(
    '%s before the request went out: try again later',
    (code) => {
      expect(classify(failure('before-request', code))).toBe('transient');
    },
  );

  test.each(['ETIMEDOUT', 'ECONNRESET', 'UND_ERR_SOCKET', 'HPE_INVALID_CONSTANT'])(
    '%s after the request was written: perhaps recorded',
    (code) => {
      expect(classify(failure('after-request', code))).toBe('ambiguous');
    },
  );

  test.each(certificateCodes)('%s: the certificate is no fault of the event', (code) => {
    expect(classify(failure('before-request', code))).toBe('setup');
  });
});

test('an attempt is described by its status, or by the code and message of its error', () => {
  expect(describeAttempt(answer(503))).toBe('Powerspace answered 503');
  expect(describeAttempt(failure('after-request', 'ECONNRESET'))).toBe('ECONNRESET: of the test');
});
