import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createUserKeyHash } from '../../src/store/hashedClicks.ts';
import { testHashedKeys } from './hashedKeys.ts';

testHashedKeys('the SQLite store', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'powerspace-connector-hashed-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return {
    setting: `sqlite:${join(folder, 'connector.db')}`,
    async contents() {
      const files = await readdir(folder);
      const read = files.map((file) => readFile(join(folder, file), 'latin1'));
      return (await Promise.all(read)).join('');
    },
  };
});

test('a user key is hashed by HMAC-SHA-256 of its UTF-8, which other programs can do too', () => {
  // Test case 2 of RFC 4231, and what `openssl dgst -sha256 -hmac` prints of the other.
  expect(createUserKeyHash('Jefe')('what do ya want for nothing?')).toBe(
    Buffer.from('5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843', 'hex').toString(
      'base64url',
    ),
  );
  expect(createUserKeyHash('k'.repeat(100))('Zoë \u{1f600}')).toBe(
    'F3A9fPQsKawzSR9Hb9plw6Q5zhgwYPwH9UUXdRiAtcc',
  );
});
