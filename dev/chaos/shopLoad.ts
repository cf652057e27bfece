import { setTimeout as sleep } from 'node:timers/promises';
import type { Dice } from '../shop/dice.ts';
import type { ShopEvent } from '../shop/event.ts';
import { type Conversion, EventFactory, type Journey } from './events.ts';
import { JourneyStages, type Pace } from './journeyStages.ts';
import type { OffsetWatcher } from './offsetWatcher.ts';
import type { PersistentProducer } from './producer.ts';

const tick = 200;
/** Journeys come in bursts, so that many postbacks are in flight at once. */
const ticksBetweenBursts = 8;
/** A journey makes three records: three of a hundred people come by a click. */
const journeysPerRecord = 0.03;
/** Of so many conversions the last are those that a producer may repeat. */
const remembered = 10_000;

/** A record that nobody can read, and its key. */
const unreadable = (number: number) => ({ key: `bad-${number}`, value: Buffer.from('{"no": 1}') });

/** What the load is made of. */
export interface ShopLoadOptions {
  readonly producer: PersistentProducer;
  readonly watcher: OffsetWatcher;
  readonly dice: Dice;
  /** Records a second. */
  readonly rate: number;
  readonly pace: Pace;
}

/** Produces the events of a shop at a steady rate, and knows what has to become of them. */
export class ShopLoad {
  /** By the keys of their records. */
  readonly conversions = new Map<string, Conversion>();
  /** Keys of records that must be dead-lettered as undecodable. */
  readonly unreadableKeys: string[] = [];
  /** Records, with those that the shop itself repeats. */
  duplicates = 0;
  readonly #events = new EventFactory();
  readonly #producer: PersistentProducer;
  readonly #dice: Dice;
  readonly #rate: number;
  readonly #recent: ShopEvent[] = [];
  #fillers = 0;
  #journeys = 0;
  #isOver = false;

  readonly #stages: JourneyStages;

  constructor({ producer, watcher, dice, rate, pace }: ShopLoadOptions) {
    this.#producer = producer;
    const produce = (events: readonly ShopEvent[]) => producer.produce(events);
    this.#stages = new JourneyStages({ produce, watcher, pace });
    this.#dice = dice;
    this.#rate = rate;
  }

  /** Produces until `end` is called. After an outage of Kafka it makes up for what is due. */
  async run(): Promise<void> {
    const startedAt = performance.now();
    for (let ticks = 1; !this.#isOver || !this.#stages.areProduced; ticks += 1) {
      const due = Math.floor(((performance.now() - startedAt) / 1_000) * this.#rate);
      const owed = due - this.#producer.acknowledged.records;
      if (ticks % ticksBetweenBursts === 0 && !this.#isOver) await this.#produceJourneys(due);
      await this.#stages.advance();
      if (owed > 0) await this.#produceFillers(owed);
      await sleep(tick);
    }
  }

  end(): void {
    this.#isOver = true;
  }

  /** What a visit, a sign-up and an order need each other for comes in that order, a moment apart. */
  async #produceJourneys(due: number): Promise<void> {
    const count = Math.floor(due * journeysPerRecord) - this.#journeys;
    const journeys = Array.from({ length: Math.max(count, 0) }, () => this.#journey());
    await this.#stages.begin([
      journeys.map(({ visit }) => visit),
      this.#withRepeats(journeys.map(({ signUp }) => signUp)),
      this.#withRepeats(journeys.map(({ order }) => order)),
    ]);
  }

  #journey(): Journey {
    this.#journeys += 1;
    const chance = this.#dice.between(1, 1_000);
    const beginning = chance <= 5 ? 'expired-' : chance <= 30 ? 'flaky-' : '';
    const journey = this.#events.journey(this.#journeys, beginning);
    for (const conversion of journey.conversions) {
      this.conversions.set(conversion.key, conversion);
    }
    return journey;
  }

  /** Two of a hundred come again, at once or later: producers deliver at least once. */
  #withRepeats(events: readonly ShopEvent[]): readonly ShopEvent[] {
    const repeats = events
      .filter(() => this.#dice.happens(0.02))
      .map((event) => this.#older(event));
    this.#recent.push(...events);
    this.#recent.splice(0, this.#recent.length - remembered);
    this.duplicates += repeats.length;
    return [...events, ...repeats];
  }

  #older(event: ShopEvent): ShopEvent {
    const older = this.#recent[this.#dice.between(0, this.#recent.length)];
    return older?.topic === event.topic ? { ...older, at: new Date() } : event;
  }

  async #produceFillers(count: number): Promise<void> {
    const visits: ShopEvent[] = [];
    const orders: ShopEvent[] = [];
    for (let made = 0; made < count; made += 1) {
      this.#fillers += 1;
      if (this.#fillers % 1_000 === 0) await this.#produceUnreadable();
      if (this.#fillers % 20 === 0) visits.push(this.#events.visitWithoutClick(this.#fillers));
      else orders.push(this.#events.orderWithoutClick(this.#fillers));
    }
    await this.#producer.produce(visits);
    await this.#producer.produce(orders);
  }

  async #produceUnreadable(): Promise<void> {
    const record = unreadable(this.#fillers);
    this.unreadableKeys.push(record.key);
    await this.#producer.produceRaw('orders', [record]);
  }
}
