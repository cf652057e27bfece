import type { Basket } from './basket.ts';
import {
  campaigns,
  devices,
  locales,
  otherSources,
  pages,
  publishers,
  signUpMethods,
} from './catalogue.ts';
import type { Dice } from './dice.ts';
import { duplicate, type Expected, type ShopEvent } from './event.ts';

const MINUTE = 60_000;
/** Spans of time in milliseconds, to wait for. */
export const minutes = (count: number) => count * MINUTE;
export const hours = (count: number) => count * 60 * MINUTE;
export const days = (count: number) => count * 24 * 60 * MINUTE;

/** How an order differs from a paid one by a customer who agreed to marketing. */
export interface OrderDetails {
  readonly status?: 'PENDING' | 'PAID' | 'SHIPPED' | 'CANCELLED' | 'REFUNDED';
  readonly marketing?: boolean;
  readonly guest?: boolean;
}

/** A person in the shop, who does one thing after another; each becomes an event. */
export class Shopper {
  readonly events: ShopEvent[] = [];
  readonly dice: Dice;
  readonly #journey: string;
  readonly #visitorId: string;
  readonly #userId: string;
  readonly #number: number;
  readonly #locale: string;
  readonly #device: string;
  #now: number;
  #orders = 0;
  #isSignedIn = false;

  constructor(dice: Dice, journey: string, number: number, arrival: number) {
    this.dice = dice;
    this.#journey = journey;
    this.#number = number;
    this.#now = arrival;
    this.#visitorId = `v-${dice.uuid()}`;
    this.#userId = `u-${100_000 + number}-${dice.hex(4)}`;
    this.#locale = dice.pick(locales);
    this.#device = dice.pick(devices);
  }

  /** Lets time pass, some of it up to chance. */
  waits(atLeast: number, atMost: number): void {
    this.#now += this.dice.between(atLeast, atMost);
  }

  /** Has an account from before, and is signed in. */
  signsIn(): void {
    this.#isSignedIn = true;
  }

  /** A new Powerspace click, with a beginning to which the sandbox may pay heed. */
  clicks(beginning = ''): string {
    return `${beginning}${this.dice.hex(24)}`;
  }

  visits(clickId: string | null, expected: Expected): void {
    const { url, referrer, utm } = clickId === null ? this.#comes() : this.#comesBy(clickId);
    this.#publish('web.landing', 'LandingPageVisited', this.#visitorId, expected, {
      occurredAt: new Date(this.#now),
      collectedAt: new Date(this.#now + this.dice.between(5, 900)),
      visitorId: this.#visitorId,
      userId: this.#isSignedIn ? this.#userId : null,
      clickId,
      url,
      referrer,
      utm,
      device: this.#device,
      locale: this.#locale,
    });
  }

  signsUp(expected: Expected): void {
    this.#isSignedIn = true;
    const now = new Date(this.#now);
    this.#publish('accounts', 'UserSignedUp', this.#userId, expected, {
      signedUpAt: now,
      userId: this.#userId,
      visitorId: this.#visitorId,
      method: this.dice.pick(signUpMethods),
      country: this.#country,
      referralCode: this.dice.happens(0.1) ? `FRIEND-${this.dice.hex(6).toUpperCase()}` : null,
      consent: { marketing: true, newsletter: this.dice.happens(0.4), recordedAt: now },
    });
  }

  orders(basket: Basket, expected: Expected, details: OrderDetails = {}): void {
    this.#orders += 1;
    const orderId = `SO-${100_000 + this.#number}-${this.#orders}${this.dice.hex(4).toUpperCase()}`;
    this.#publish('orders', 'OrderPlaced', orderId, expected, {
      placedAt: new Date(this.#now),
      orderId,
      customerId: details.guest ? null : this.#userId,
      status: details.status ?? this.dice.pick(['PAID', 'PAID', 'SHIPPED']),
      total: { amount: basket.total, currency: basket.currency },
      shipping: { ...basket.shipping, country: this.#country },
      discount: basket.discount,
      items: basket.items.map(({ unitPrice, ...item }) => {
        return { ...item, unitPrice: { amount: unitPrice, currency: basket.currency } };
      }),
      consent: { marketing: details.marketing ?? true, recordedAt: new Date(this.#now) },
    });
  }

  /** The last event once more, as a producer's retry leaves it: the same in all but its time in Kafka. */
  repeatsItself(): void {
    const last = this.events.at(-1);
    if (last === undefined) throw new Error('there is no event to repeat yet');
    const at = new Date(last.at.getTime() + this.dice.between(40, 2_000));
    this.events.push({ ...last, at, expected: duplicate });
  }

  get #country(): string {
    return this.#locale.slice(-2);
  }

  #comes() {
    const { utm, referrer } = this.dice.pick(otherSources);
    const query = utm === null ? '' : `?utm_source=${utm.source}&utm_medium=${utm.medium}`;
    return { url: `https://shop.example.com${this.dice.pick(pages)}${query}`, utm, referrer };
  }

  #comesBy(clickId: string) {
    const campaign = this.dice.pick(campaigns);
    const utm = { source: 'powerspace', medium: 'native', campaign, content: null };
    const query = new URLSearchParams({
      clickId,
      utm_source: utm.source,
      utm_medium: utm.medium,
      utm_campaign: campaign,
    });
    const url = `https://shop.example.com${this.dice.pick(pages)}?${query}`;
    return { url, utm, referrer: this.dice.pick(publishers) };
  }

  #publish(
    topic: ShopEvent['topic'],
    event: ShopEvent['event'],
    key: string,
    expected: Expected,
    fields: Record<string, unknown>,
  ): void {
    const eventId = this.dice.uuid();
    this.events.push({
      topic,
      event,
      key,
      value: { eventId, ...fields },
      at: new Date(this.#now),
      headers: { 'event-id': eventId, 'event-type': event },
      journey: this.#journey,
      expected,
    });
  }
}
