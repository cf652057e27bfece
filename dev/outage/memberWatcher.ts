import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin, Kafka } from 'kafkajs';

const interval = 500;

/** What the group's coordinator said of its members. */
export interface MembersSeen {
  /** How often it was asked and answered. */
  readonly looks: number;
  /** Every member that there was at any look. */
  readonly memberIds: readonly string[];
  /** Looks at which not exactly one member was there, or the group was rebalancing. */
  readonly unsettledLooks: number;
}

/** Sees with a client of its own who is in a group, twice a second. */
export class MemberWatcher {
  readonly #admin: Admin;
  readonly #group: string;
  readonly #memberIds = new Set<string>();
  #looks = 0;
  #unsettledLooks = 0;
  #isOver = false;

  constructor(kafka: Kafka, group: string) {
    this.#admin = kafka.admin();
    this.#group = group;
  }

  /** Looks until `stop` is called; then says what it saw. */
  async run(): Promise<MembersSeen> {
    await this.#admin.connect();
    while (!this.#isOver) {
      const { groups } = await this.#admin.describeGroups([this.#group]);
      const { state, members = [] } = groups[0] ?? {};
      this.#looks += 1;
      for (const { memberId } of members) this.#memberIds.add(memberId);
      if (state !== 'Stable' || members.length !== 1) this.#unsettledLooks += 1;
      await sleep(interval);
    }
    const [looks, unsettledLooks] = [this.#looks, this.#unsettledLooks];
    return { looks, unsettledLooks, memberIds: [...this.#memberIds] };
  }

  stop(): void {
    this.#isOver = true;
  }

  async close(): Promise<void> {
    this.stop();
    await this.#admin.disconnect();
  }
}
