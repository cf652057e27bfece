import type { DeadLetterReason } from './outcome.ts';

/** The one thing to do about a dead letter, by its reason. */
export const whatToDo: Readonly<Record<DeadLetterReason, string>> = {
  undecodable:
    "its bytes don't follow the schema that they name: look at the mapping's format, and whether the registry has that schema; then replay it, or have the producer send it again",
  'invalid-field':
    'a mapped field is missing or holds something else: correct the mapping (check --sample tries it), then replay it',
  'invalid-click-id':
    "what stands in the field is no click id: have it filled from the landing URL's clickId; such a record can't be replayed as it is",
  rejected:
    'Powerspace takes the click id for malformed: look for a field that holds something else than click ids; replay it once that is mended',
  'unknown-click':
    'Powerspace does not know the click, or its 30 days are over: nothing is to be done for a few; for many, look at where the click ids come from',
  undeliverable: 'Powerspace could not be reached for it within powerspace.giveUpAfter: replay it',
  held: 'nobody knows whether Powerspace has it, and powerspace.onAmbiguous is hold: ask Powerspace, and replay it if it is missing',
};
