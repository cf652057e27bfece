import type { IncomingPostback } from './postback.ts';

/** What the sandbox answers a postback with. */
export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** How many click ids that start with `flaky-` are remembered; the oldest is forgotten first. */
const FLAKY_REMEMBERED = 100_000;

/**
 * Answers postbacks as Powerspace's document says: 200 recorded, 400 for a missing or malformed click
 * id (or order value), 404 for a click that is unknown or expired. Like test card numbers, two
 * beginnings of a click id ask for an answer by hand:
 *
 * - `expired-…` is answered 404,
 * - `flaky-…` is answered 503 the first time it is seen and 200 from then on.
 */
export class Answers {
  readonly #flaky = new Set<string>();

  /** The answer to a postback; asking counts as seeing its click id. */
  answer({ clickId, fault }: IncomingPostback): Answer {
    if (fault !== undefined) return { status: 400, body: `${fault}\n` };
    if (clickId.startsWith('expired-')) {
      return { status: 404, body: 'the click is unknown or has expired\n' };
    }
    if (clickId.startsWith('flaky-') && this.#isNew(clickId)) {
      return { status: 503, body: 'not now; the same request again is answered 200\n' };
    }
    return { status: 200, body: 'recorded\n' };
  }

  /** Forgets which click ids were seen. */
  clear(): void {
    this.#flaky.clear();
  }

  #isNew(clickId: string): boolean {
    if (this.#flaky.has(clickId)) return false;
    if (this.#flaky.size >= FLAKY_REMEMBERED) {
      for (const oldest of this.#flaky) {
        this.#flaky.delete(oldest);
        break;
      }
    }
    this.#flaky.add(clickId);
    return true;
  }
}
