import { type Conversion, EventFactory } from '../chaos/events.ts';
import type { PersistentProducer } from '../chaos/producer.ts';

/** Events that are made at once: a million would fill this process's own memory. */
const madeAtOnce = 10_000;

/** Produces what waits for the end of the outage, and knows what has to become of it. */
export class OutageLoad {
  /** By the keys of their records. */
  readonly conversions = new Map<string, Conversion>();
  readonly #producer: PersistentProducer;
  readonly #events = new EventFactory();
  #journeys = 0;
  #others = 0;

  constructor(producer: PersistentProducer) {
    this.#producer = producer;
  }

  /** People with a click, three records each: all visits, then all sign-ups, then all orders. */
  async produceJourneys(count: number): Promise<void> {
    const journeys = Array.from({ length: count }, () => {
      this.#journeys += 1;
      return this.#events.journey(this.#journeys, '');
    });
    for (const conversion of journeys.flatMap(({ conversions }) => conversions)) {
      this.conversions.set(conversion.key, conversion);
    }
    for (const kind of ['visit', 'signUp', 'order'] as const) {
      await this.#producer.produce(journeys.map((journey) => journey[kind]));
    }
  }

  /** The common case: records of people who came without a click, one of twenty a visit. */
  async produceOthers(count: number): Promise<void> {
    for (let left = count; left > 0; left -= madeAtOnce) {
      const numbers = Array.from({ length: Math.min(left, madeAtOnce) }, () => {
        this.#others += 1;
        return this.#others;
      });
      const { visits = [], orders = [] } = Object.groupBy(numbers, (number) =>
        number % 20 === 0 ? 'visits' : 'orders',
      );
      await this.#producer.produce(visits.map((number) => this.#events.visitWithoutClick(number)));
      await this.#producer.produce(orders.map((number) => this.#events.orderWithoutClick(number)));
    }
  }
}
