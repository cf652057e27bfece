import { UnavailableError } from '../errors.ts';
import type { DeadLetter, DeadLetters } from '../kafka/deadLetters.ts';
import { recordName } from '../kafka/partitionName.ts';
import type { UntilAvailable } from './availability.ts';
import { groupWrites } from './group.ts';

/**
 * Produces dead letters, those that come together at once. Resolves for each once it is in the topic; one that is too
 * large for it waits, alone, until somebody lets the topic take it.
 */
export function createProduce(
  deadLetters: Pick<DeadLetters, 'send'>,
  untilAvailable: UntilAvailable,
): (letter: DeadLetter) => Promise<void> {
  const left = new WeakSet<DeadLetter>();
  const produceTogether = groupWrites<DeadLetter>(async (letters) => {
    for (const letter of await untilAvailable(() => deadLetters.send(letters))) left.add(letter);
  });
  const produceAlone = async (letter: DeadLetter) => {
    if ((await deadLetters.send([letter])).length > 0) throw tooLarge(letter);
  };
  return async function produce(letter) {
    await produceTogether(letter);
    if (left.has(letter)) await untilAvailable(() => produceAlone(letter));
  };
}

function tooLarge({ record }: DeadLetter): UnavailableError {
  return new UnavailableError(
    `the dead letter of ${recordName(record)}`,
    `with ${record.size} bytes it is larger than the topic of the dead letters takes; raise max.message.bytes of that topic`,
  );
}
