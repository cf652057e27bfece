import { expect, test } from 'vitest';
import { ConfigurationError, UnavailableError } from '../../src/errors.ts';
import { BearerTokens, type IssuedToken } from '../../src/kafka/bearerTokens.ts';
import { ManualClock } from '../manualClock.ts';

const minute = 60_000;

/** Tokens that are numbered as they are issued. */
function issuing(validFor: number | undefined) {
  const clock = new ManualClock();
  const issuer = { issued: 0, failure: undefined as Error | undefined };
  const issue = async (): Promise<IssuedToken> => {
    if (issuer.failure) throw issuer.failure;
    issuer.issued += 1;
    return { value: `token-${issuer.issued}`, validFor };
  };
  return { clock, issuer, tokens: new BearerTokens(issue, clock) };
}

test('a token is used for four fifths of its life, and renewed before it ends', async () => {
  const { clock, tokens } = issuing(60 * minute);
  expect(await tokens.token()).toBe('token-1');
  await clock.advance(47 * minute);
  expect(await tokens.token()).toBe('token-1');
  await clock.advance(1 * minute);
  expect(await tokens.token()).toBe('token-2');
});

test('one that lives for a minute is renewed half a minute before its end', async () => {
  const { clock, tokens } = issuing(minute);
  expect(await tokens.token()).toBe('token-1');
  await clock.advance(29_000);
  expect(await tokens.token()).toBe('token-1');
  await clock.advance(1_000);
  expect(await tokens.token()).toBe('token-2');
});

test('logins at the same time ask for one token', async () => {
  const { tokens } = issuing(60 * minute);
  const given = await Promise.all([tokens.token(), tokens.token(), tokens.token()]);
  expect(given).toEqual(['token-1', 'token-1', 'token-1']);
});

test('each login gets another where nobody says how long one is valid', async () => {
  const { tokens } = issuing(undefined);
  expect(await tokens.token()).toBe('token-1');
  expect(await tokens.token()).toBe('token-2');
});

test('a token that was refused is not used again; another that has come meanwhile is', async () => {
  const { tokens } = issuing(60 * minute);
  tokens.refused(await tokens.token());
  expect(await tokens.token()).toBe('token-2');
  tokens.refused('token-1');
  expect(await tokens.token()).toBe('token-2');
});

test('while its issuer is away, a token is used to its end, and no longer', async () => {
  const { clock, issuer, tokens } = issuing(10 * minute);
  await tokens.token();
  issuer.failure = new UnavailableError('token endpoint', 'away');
  await clock.advance(9 * minute);
  expect(await tokens.token()).toBe('token-1');
  await clock.advance(1 * minute);
  await expect(tokens.token()).rejects.toBe(issuer.failure);
  issuer.failure = undefined;
  expect(await tokens.token()).toBe('token-2');
});

test('one that was refused is not used while its issuer is away either', async () => {
  const { issuer, tokens } = issuing(10 * minute);
  tokens.refused(await tokens.token());
  issuer.failure = new UnavailableError('token endpoint', 'away');
  await expect(tokens.token()).rejects.toBe(issuer.failure);
});

test('that the issuer refuses is told, though a token is left', async () => {
  const { clock, issuer, tokens } = issuing(10 * minute);
  await tokens.token();
  issuer.failure = new ConfigurationError([]);
  await clock.advance(9 * minute);
  await expect(tokens.token()).rejects.toBe(issuer.failure);
});
