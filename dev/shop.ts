import { Dice } from './shop/dice.ts';
import type { ShopEvent } from './shop/event.ts';
import { journeys } from './shop/journeys.ts';
import { Shopper } from './shop/shopper.ts';

export type { Expected, ShopEvent, SkipReason } from './shop/event.ts';

/** Which shop to make up. */
export interface ShopOptions {
  /** The same seed, with the same other options, makes the same events. */
  readonly seed: number;
  /** How many people come; of each hundred, every journey is played by its share. */
  readonly visitors: number;
  /**
   * When the first one comes. Orders follow up to 31 days after the visit: to date nothing in the
   * future, which Kafka refuses, begin at least `days` + 31 days ago.
   */
  readonly start: Date;
  /** Over how many days they come; 14 by default. */
  readonly days?: number;
}

const DAY = 86_400_000;
const VISITORS_A_BATCH = 256;
const deck = journeys.flatMap((journey) => Array.from({ length: journey.share }, () => journey));

/**
 * The events of a made-up shop in the order of their time, each with what the connector should make of
 * it: under the mappings of design §8, with `when` accepting REFUNDED too and `accept: [EUR]`, a window
 * of 30 days, and clicks read before the leads and orders that need them. Most visitors come without a
 * click. Memory stays bounded by what happens within a month.
 */
export function* shopEvents(options: ShopOptions): Generator<ShopEvent> {
  const { visitors, start, days = 14 } = options;
  const spacing = (days * DAY) / visitors;
  const dice = new Dice(options.seed);
  let hand: typeof deck = [];
  let pending: ShopEvent[] = [];
  for (let number = 0; number < visitors; number += 1) {
    const next = start.getTime() + number * spacing;
    if (number % VISITORS_A_BATCH === 0) pending = yield* eventsUntil(next, pending);
    if (hand.length === 0) hand = dice.shuffled(deck);
    const journey = hand.pop();
    if (journey === undefined) throw new Error('there are no journeys to play');
    const arrival = Math.floor(next + dice.between(0, Math.floor(spacing)));
    const shopper = new Shopper(dice, journey.name, number, arrival);
    journey.play(shopper);
    pending.push(...shopper.events);
  }
  yield* eventsUntil(Number.POSITIVE_INFINITY, pending);
}

/** Yields the events before a time, in order, and returns the others. */
function* eventsUntil(time: number, events: ShopEvent[]): Generator<ShopEvent, ShopEvent[]> {
  events.sort((one, other) => one.at.getTime() - other.at.getTime());
  const index = events.findIndex(({ at }) => at.getTime() >= time);
  yield* index === -1 ? events : events.slice(0, index);
  return index === -1 ? [] : events.slice(index);
}
