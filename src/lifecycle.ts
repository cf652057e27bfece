/** Time to end what is in flight when asked to stop; an answer of Powerspace takes 5 s at most. */
const drainDeadline = 25_000;

/** The end of a connector, as its parts see it. */
export class Lifecycle {
  readonly #stopping = new AbortController();
  readonly #deadline = new AbortController();
  readonly #failure = Promise.withResolvers<never>();

  constructor() {
    // Whoever started the connector hears of it through `failed`, now or later.
    this.#failure.promise.catch(() => undefined);
  }

  /** Aborts when the connector is to stop: what only prepares a postback ends. */
  get stopping(): AbortSignal {
    return this.#stopping.signal;
  }

  /** Aborts when no time is left for what makes an outcome durable. */
  get deadline(): AbortSignal {
    return this.#deadline.signal;
  }

  /** Rejects with the first failure that no retry mends. */
  get failed(): Promise<never> {
    return this.#failure.promise;
  }

  /** Notes such a failure. What is cut short because the connector stops is none. */
  readonly fail = (thrown: unknown): void => {
    if (!this.stopping.aborted) this.#failure.reject(thrown);
  };

  /** Says that the connector is to stop, and runs `drain` with the time that is left for it. */
  async stop(drain: () => Promise<void>): Promise<void> {
    this.#stopping.abort(new Error('stopping'));
    const timer = setTimeout(() => this.#deadline.abort(new Error('no time left')), drainDeadline);
    try {
      await drain();
    } finally {
      clearTimeout(timer);
    }
  }
}
