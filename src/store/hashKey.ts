import { createHmac } from 'node:crypto';
import { ConfigurationError } from '../errors.ts';

/** What a store notes of the key that its user keys are hashed with. */
export interface HashKeyNote {
  /** The fingerprint of that key; undefined where user keys are plain. */
  read(): Promise<string | undefined>;
  /** Notes a fingerprint, unless one is noted already. */
  write(fingerprint: string): Promise<void>;
  /** Whether the store has any click. */
  hasClicks(): Promise<boolean>;
}

/**
 * Throws ConfigurationError, naming the setting `privacy.hashKey`, when clicks in the store would not be found, because
 * their user keys are hashed with another key or not at all.
 */
export async function checkHashKey(note: HashKeyNote, hashKey: string | undefined): Promise<void> {
  const noted = await note.read();
  if (hashKey === undefined) {
    if (noted === undefined) return;
    throw hashKeyProblem(
      `it is not set, but the store's user keys are hashed: set the key that they are hashed with (its fingerprint is ${noted})`,
    );
  }
  const fingerprint = fingerprintOf(hashKey);
  if (noted === undefined) {
    if (!(await note.hasClicks())) return;
    throw hashKeyProblem(
      'the store has clicks under plain user keys, which would stay as they are and not be found: set it for a new store, or once you have emptied the table user_attribution',
    );
  }
  if (noted === fingerprint) return;
  throw hashKeyProblem(
    `the store's user keys are hashed with another key (its fingerprint is ${noted}, that of this one ${fingerprint}): set that one, or name a new store`,
  );
}

/** Checks likewise, and from then on that key alone is taken. Of several processes that do so at once the first counts. */
export async function claimHashKey(note: HashKeyNote, hashKey: string | undefined): Promise<void> {
  await checkHashKey(note, hashKey);
  if (hashKey === undefined || (await note.read()) !== undefined) return;
  await note.write(fingerprintOf(hashKey));
  await checkHashKey(note, hashKey);
}

/** Tells keys apart and nothing about them. No user key has a NUL, so it is part of no user key's hash. */
function fingerprintOf(hashKey: string): string {
  return createHmac('sha256', hashKey).update('\0fingerprint').digest('hex').slice(0, 12);
}

function hashKeyProblem(message: string): ConfigurationError {
  return new ConfigurationError([{ severity: 'error', setting: 'privacy.hashKey', message }]);
}
