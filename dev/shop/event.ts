/** The reasons for which the demo's configuration skips an event (design §5). */
export type SkipReason =
  | 'recorded'
  | 'condition'
  | 'no-user'
  | 'no-click'
  | 'click-expired'
  | 'not-positive'
  | 'currency';

/** What the connector makes of an event under the demo's configuration, with a working Powerspace. */
export type Expected =
  | {
      readonly outcome: 'delivered';
      readonly kind: 'lead' | 'order';
      readonly clickId: string;
      /** What an order is worth, with two decimals; compare it as a number. Undefined for leads. */
      readonly value?: string;
    }
  | { readonly outcome: 'duplicate' }
  | { readonly outcome: 'skipped'; readonly reason: SkipReason }
  | { readonly outcome: 'dead-lettered'; readonly reason: 'invalid-click-id' | 'unknown-click' };

/** An event of the shop, ready to be encoded and produced. */
export interface ShopEvent {
  readonly topic: 'web.landing' | 'accounts' | 'orders';
  readonly event: 'LandingPageVisited' | 'UserSignedUp' | 'OrderPlaced';
  /** The Kafka key: visitorId, userId or orderId. */
  readonly key: string;
  /** The fields of the Avro record: Big for decimals, Date for timestamps, null for null. */
  readonly value: Readonly<Record<string, unknown>>;
  /** When it happened, and the Kafka timestamp to produce it with. */
  readonly at: Date;
  readonly headers: Readonly<Record<string, string>>;
  /** The story that it belongs to, in words. */
  readonly journey: string;
  readonly expected: Expected;
}

export const skipped = (reason: SkipReason): Expected => ({ outcome: 'skipped', reason });
export const recorded = skipped('recorded');
export const duplicate: Expected = { outcome: 'duplicate' };
export const unknownClick: Expected = { outcome: 'dead-lettered', reason: 'unknown-click' };
export const invalidClickId: Expected = { outcome: 'dead-lettered', reason: 'invalid-click-id' };
