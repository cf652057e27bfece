import { withDeadline } from '../deadline.ts';
import { toError } from '../errors.ts';
import { type KafkaLog, kafkaUnavailable } from './client.ts';
import type { Fetching } from './flowControl.ts';
import { GroupMember, type MemberListener, type MemberOptions } from './member.ts';
import type { TopicStages } from './stageOrder.ts';

const longestRestartDelay = 30_000;
const leaveDeadline = 5_000;

/** Hears what its members meet, one after the other. */
export interface MembershipListener extends Omit<MemberListener, 'crashed'> {
  /** A member is started that reads these topics. */
  started(topics: readonly TopicStages[]): void;
  /** The member is given up, and what it owned with it. */
  ended(): void;
}

/** What a membership needs. */
export interface MembershipOptions extends Omit<MemberOptions, 'topics' | 'listener'> {
  readonly log: KafkaLog;
  /** The topics to join for now. */
  readonly findTopics: () => Promise<readonly TopicStages[]>;
  readonly listener: MembershipListener;
}

/**
 * A place in the group, kept by one member of kafkajs after the other: one that has crashed, or is of no use any more,
 * is replaced.
 */
export class Membership {
  readonly #options: MembershipOptions;
  /** What the member there is fetches; without one, nothing. */
  readonly fetching: Fetching = {
    pause: (partition) => this.#member?.pause(partition),
    resume: (partition) => this.#member?.resume(partition),
    restart: (partition) => this.#member?.restart(partition),
  };
  #member: GroupMember | undefined;
  #cancelRestart: (() => void) | undefined;
  #crashes = 0;
  /** Tells a start that is under way that it has been overtaken. */
  #starts = 0;
  #isMember = false;
  #isEnding = false;

  constructor(options: MembershipOptions) {
    this.#options = options;
  }

  /** Whether it is in its group now, be it without a partition. */
  get isMember(): boolean {
    return this.#isMember && this.#member?.isSilent === false;
  }

  /** Whether no other member can have its partitions by now, so that it may act for them. */
  get isWithinSession(): boolean {
    return this.#member?.isWithinSession ?? false;
  }

  /** Whether no member is started any more. */
  get isEnding(): boolean {
    return this.#isEnding;
  }

  /** Why the member is of no use any more; undefined while it may be. */
  get uselessness(): string | undefined {
    if (this.#member?.isForgotten) return 'the group does not know this member any more';
    if (this.#member?.isStalled) return 'it reads nothing any more';
    return undefined;
  }

  /**
   * Joins. Throws as connectAdmin when no broker can be reached, and leaves nothing behind: it may be called again.
   * Once it is told to end it starts nothing any more.
   */
  async start(): Promise<void> {
    try {
      await this.#run();
    } catch (thrown) {
      this.#member?.abandon();
      await this.leave();
      throw kafkaUnavailable(this.#options.settings, thrown);
    }
  }

  /** Ends with a member that is of no use any more, and starts another. */
  replace(error: Error): void {
    if (this.#isEnding) return;
    this.#giveUp();
    const delay = Math.min(1_000 * 2 ** this.#crashes, longestRestartDelay);
    this.#crashes += 1;
    this.#options.log('error', 'the Kafka consumer ended; starting another', {
      error: error.message,
      delay,
    });
    this.#startAfter(delay);
  }

  /** Joins again, for the topics that there are now: this one has come. */
  joinAgain(topic: string): void {
    if (this.#isEnding || this.#member === undefined) return;
    this.#options.log('info', 'a topic has come; joining the group again', { topic });
    this.#giveUp();
    this.#startAfter(0);
  }

  /** The member there is stays until it leaves, and no other comes after it. */
  end(): void {
    this.#isEnding = true;
    this.#cancelRestart?.();
  }

  /** Leaves. kafkajs can wait without end for a broker that is gone; then the group gives the member up by itself. */
  async leave(): Promise<void> {
    const left = this.#member?.leave();
    this.#member = undefined;
    try {
      await withDeadline(left ?? Promise.resolve(), leaveDeadline);
    } catch (thrown) {
      this.#options.log('warn', 'left without a word to the group', {
        error: toError(thrown).message,
      });
    }
  }

  async #run(): Promise<void> {
    const start = this.#starts;
    const stages = await this.#options.findTopics();
    if (start !== this.#starts || this.#isEnding) return;
    this.#options.listener.started(stages);
    const topics = stages.map(({ topic }) => topic);
    this.#member = new GroupMember({ ...this.#options, topics, listener: this.#listener() });
    await this.#member.run();
  }

  #listener(): MemberListener {
    const { listener } = this.#options;
    return {
      ...listener,
      joined: (partitions) => {
        this.#crashes = 0;
        this.#isMember = true;
        listener.joined(partitions);
      },
      crashed: (error) => this.replace(error),
    };
  }

  #giveUp(): void {
    this.#starts += 1;
    this.#cancelRestart?.();
    this.#isMember = false;
    this.#member?.abandon();
    void this.leave();
    this.#options.listener.ended();
  }

  #startAfter(delay: number): void {
    this.#cancelRestart = this.#options.clock.schedule(delay, () => {
      this.#run().catch((thrown) => this.replace(toError(thrown)));
    });
  }
}
