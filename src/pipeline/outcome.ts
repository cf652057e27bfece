/** The reasons for which nothing had to be sent for a record (design §5). */
export const skipReasons = [
  'unmapped',
  'tombstone',
  'condition',
  'no-user',
  'no-click',
  'click-expired',
  'not-positive',
  'currency',
  'recorded',
] as const;
/** Why nothing had to be sent for a record. */
export type SkipReason = (typeof skipReasons)[number];

/** The reasons for which records go to the dead letters (design §5). */
export const deadLetterReasons = [
  'undecodable',
  'invalid-field',
  'invalid-click-id',
  'rejected',
  'unknown-click',
  'undeliverable',
  'held',
] as const;
/** Why a record went to the dead letters. */
export type DeadLetterReason = (typeof deadLetterReasons)[number];

/** How a record ended: exactly one for each record that is read. */
export type Outcome =
  | { readonly outcome: 'delivered' }
  | { readonly outcome: 'duplicate' }
  | { readonly outcome: 'skipped'; readonly reason: SkipReason }
  | {
      readonly outcome: 'dead-lettered';
      readonly reason: DeadLetterReason;
      /** What a person needs to know to mend it. */
      readonly error: string;
    };

/** The word for an outcome. */
export type OutcomeName = Outcome['outcome'];

/** All of them, in the order of reports. */
export const outcomeNames: readonly OutcomeName[] = [
  'delivered',
  'duplicate',
  'skipped',
  'dead-lettered',
];

/** Powerspace has it. */
export const delivered: Outcome = { outcome: 'delivered' };
/** It was, or is being, reported for another record. */
export const duplicate: Outcome = { outcome: 'duplicate' };

const skips = new Map<SkipReason, Outcome>();

/** Nothing to send. One object a reason, since nearly every record ends here. */
export function skipped(reason: SkipReason): Outcome {
  const known = skips.get(reason);
  if (known) return known;
  const outcome: Outcome = { outcome: 'skipped', reason };
  skips.set(reason, outcome);
  return outcome;
}

/** It can't be sent, and goes to the dead letters with this error. */
export function deadLettered(reason: DeadLetterReason, error: string): Outcome {
  return { outcome: 'dead-lettered', reason, error };
}

/** The reason of an outcome that has one. */
export function reasonOf(outcome: Outcome): SkipReason | DeadLetterReason | undefined {
  return 'reason' in outcome ? outcome.reason : undefined;
}
