import { expect, test } from 'vitest';
import { problemsOf, withSetting } from './files.ts';

const token =
  'mechanism: oauthbearer, clientId: c, clientSecret: s, tokenEndpoint: "https://t", ssl';

test.each([
  ['kafka', 'kafka: {brokers: "a:1", ssl: {', '}}'],
  ['kafka', `kafka: {brokers: "a:1", sasl: {${token}: {`, '}}}'],
  ['registry', 'registry: {url: "https://r", ssl: {', '}}'],
  ['other', 'powerspace: {ssl: {', '}}'],
] as const)(
  'no setting keeps a certificate from being verified (%s: %s…)',
  async (part, before, after) => {
    expect(await problemsOf(withSetting(part, `${before}ca: ca.pem${after}`))).toEqual([]);
    for (const name of ['rejectUnauthorized', 'checkServerIdentity', 'insecure']) {
      expect(await problemsOf(withSetting(part, `${before}${name}: false${after}`))).toEqual([
        expect.stringMatching(/unknown setting/),
      ]);
    }
  },
);
