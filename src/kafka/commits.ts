import type { EachBatchPayload } from 'kafkajs';
import type { Clock } from '../clock.ts';
import { toError } from '../errors.ts';
import type { BatchReader } from './batchReader.ts';
import type { KafkaLog } from './client.ts';
import { Committer } from './committer.ts';

/** What committing needs. */
export interface CommitsOptions {
  readonly reader: BatchReader;
  readonly clock: Clock;
  readonly log: KafkaLog;
}

/** Commits what is settled, and knows since when the group takes nothing. */
export class Commits {
  readonly #options: CommitsOptions;
  readonly #committer = new Committer();
  #isUnderWay = false;
  #refusedSince: number | undefined;

  constructor(options: CommitsOptions) {
    this.#options = options;
  }

  /** Commits through the function of this batch from now on. */
  use({ commitOffsetsIfNecessary }: EachBatchPayload): void {
    this.#committer.use(commitOffsetsIfNecessary);
  }

  /** Commits, unless the last commit still waits for its answer. */
  async next(): Promise<void> {
    if (this.#isUnderWay || this.#committer.isCommitting) return;
    this.#isUnderWay = true;
    await this.checked();
    this.#isUnderWay = false;
  }

  /** Commits, after a look at whether what was read still is what the group reads. */
  async checked(): Promise<void> {
    try {
      await this.#options.reader.restartWhatIsLost();
    } catch (thrown) {
      this.#options.log('warn', "the broker doesn't tell the group's offsets; trying again", {
        error: toError(thrown).message,
      });
      return;
    }
    await this.atOnce();
  }

  /** Commits; the request goes out before this returns. */
  async atOnce(): Promise<void> {
    const { reader, clock, log } = this.#options;
    try {
      await this.#committer.commit(reader.assignment.partitions);
      this.#refusedSince = undefined;
    } catch (thrown) {
      this.#refusedSince ??= clock.now();
      // The next time it is computed again: a watermark never goes back.
      log('warn', 'the offsets could not be committed; trying again', {
        error: toError(thrown).message,
      });
    }
  }

  /** Another member begins. */
  forget(): void {
    this.#refusedSince = undefined;
  }

  /** Whether no offset was taken for longer than `milliseconds`. */
  areRefusedFor(milliseconds: number): boolean {
    if (this.#refusedSince === undefined) return false;
    return this.#options.clock.now() - this.#refusedSince > milliseconds;
  }
}
