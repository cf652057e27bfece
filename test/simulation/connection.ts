import type { Owner, Scheduler } from './scheduler.ts';

/** Ends a request: with its answer, or with the error that whoever asked gets. */
export type Answer<Result> = (result: Result | Error) => void;

interface Request {
  readonly serve: (answer: Answer<unknown>) => void;
  readonly settle: Answer<unknown>;
}

/**
 * A connection of a process to a server. Requests and answers keep their order, and the server takes the next
 * request once it has answered the last, as a Kafka broker does. What was written may still arrive when the
 * process has died.
 */
export class Connection {
  readonly #scheduler: Scheduler;
  readonly #owner: Owner;
  readonly #arrived: Request[] = [];
  #lastArrival = 0;
  #lastAnswer = 0;
  #isServing = false;

  constructor(scheduler: Scheduler, owner: Owner) {
    this.#scheduler = scheduler;
    this.#owner = owner;
  }

  /** Sends a request, and resolves with what the server makes of it: `serve` runs when it takes the request. */
  request<Result>(serve: (answer: Answer<Result>) => void): Promise<Result> {
    const scheduler = this.#scheduler;
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    const request = {
      serve,
      settle: (result: Result | Error) =>
        result instanceof Error ? reject(result) : resolve(result),
    };
    this.#lastArrival = Math.max(this.#lastArrival, scheduler.now + scheduler.delay());
    scheduler.schedule(this.#lastArrival - scheduler.now, undefined, () => {
      if (!this.#owner.isAlive && scheduler.happens(0.5)) return;
      this.#arrived.push(request as Request);
      this.#serveNext();
    });
    return promise;
  }

  #serveNext(): void {
    const request = this.#isServing ? undefined : this.#arrived.shift();
    if (!request) return;
    this.#isServing = true;
    request.serve((result) => {
      const { now } = this.#scheduler;
      this.#isServing = false;
      this.#lastAnswer = Math.max(this.#lastAnswer, now + this.#scheduler.delay());
      this.#scheduler.schedule(this.#lastAnswer - now, this.#owner, () => request.settle(result));
      this.#serveNext();
    });
  }
}
