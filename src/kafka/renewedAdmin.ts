import type { Admin, Kafka } from 'kafkajs';

/**
 * kafkajs's admin, replaced when a topic that it was asked about is gone: from then on it asks for that topic with
 * everything else, and fails.
 */
export class RenewedAdmin {
  readonly #kafka: Kafka;
  #admin: Admin;
  #connected: Promise<void> | undefined;

  constructor(kafka: Kafka) {
    this.#kafka = kafka;
    this.#admin = kafka.admin();
  }

  /** What `work` resolves with; rejects as it does. */
  async ask<Answer>(work: (admin: Admin) => Promise<Answer>): Promise<Answer> {
    const admin = this.#admin;
    this.#connected ??= admin.connect();
    try {
      await this.#connected;
      return await work(admin);
    } catch (thrown) {
      if (admin === this.#admin && isUnknownTopic(thrown)) await this.#renew();
      throw thrown;
    }
  }

  async close(): Promise<void> {
    await this.#admin.disconnect();
  }

  async #renew(): Promise<void> {
    const old = this.#admin;
    this.#admin = this.#kafka.admin();
    this.#connected = undefined;
    await old.disconnect();
  }
}

/** kafkajs wraps what the broker said, once for each of its layers. */
function isUnknownTopic(thrown: unknown): boolean {
  const { type, cause } = thrown as { type?: unknown; cause?: unknown };
  if (type === 'UNKNOWN_TOPIC_OR_PARTITION') return true;
  return cause instanceof Error && isUnknownTopic(cause);
}
