import type Big from 'big.js';
import type { Expected, ShopEvent, SkipReason } from '../../dev/shop.ts';

const DAY = 86_400_000;
const WINDOW = 30 * DAY;
const CLOCK_SKEW = 300_000;
const statuses = new Set<unknown>(['PAID', 'SHIPPED', 'REFUNDED']);

interface Click {
  readonly clickId: string;
  readonly at: number;
}

interface OrderValue {
  readonly customerId: string | null;
  readonly orderId: string;
  readonly placedAt: Date;
  readonly status: string;
  readonly total: { readonly amount: Big; readonly currency: string };
  readonly shipping: { readonly amount: Big };
  readonly consent: { readonly marketing: boolean };
}

const skipped = (reason: SkipReason): Expected => ({ outcome: 'skipped', reason });

/** Clicks by user key, as design §7 joins them: the last one that is not later than the event. */
class Clicks {
  readonly #byUser = new Map<string, Click[]>();

  add(user: string, click: Click): void {
    this.#byUser.set(user, [...(this.#byUser.get(user) ?? []), click]);
  }

  find(users: readonly string[], at: number): Click | undefined {
    for (const user of users) {
      const click = this.#byUser
        .get(user)
        ?.filter((candidate) => candidate.at <= at + CLOCK_SKEW)
        .toSorted((one, other) => other.at - one.at)[0];
      if (click === undefined) continue;
      for (const other of users) if (other !== user) this.add(other, click);
      return click;
    }
    return undefined;
  }
}

/**
 * What becomes of the events by the rules of design §5 and §7 and the demo's mappings, worked out from
 * the events alone: a second opinion on what the generator says it expects.
 */
export function expectationsByRule(events: readonly ShopEvent[]): Expected[] {
  const clicks = new Clicks();
  const seen = new Set<string>();
  return events.map(({ event, value }) => {
    if (event === 'LandingPageVisited') return visit(value, clicks);
    const expected =
      event === 'UserSignedUp'
        ? lead(value, clicks)
        : order(value as unknown as OrderValue, clicks);
    if (expected.outcome !== 'delivered') return expected;
    const id = `${event} ${value['orderId'] ?? value['userId']}`;
    if (seen.has(id)) return { outcome: 'duplicate' };
    seen.add(id);
    return expected.clickId.startsWith('expired-')
      ? { outcome: 'dead-lettered', reason: 'unknown-click' }
      : expected;
  });
}

function visit(value: ShopEvent['value'], clicks: Clicks): Expected {
  const { clickId, visitorId, userId, occurredAt } = value as Record<string, unknown>;
  if (typeof clickId !== 'string') return skipped('no-click');
  if (clickId.includes('{')) return { outcome: 'dead-lettered', reason: 'invalid-click-id' };
  for (const user of [userId, visitorId]) {
    if (typeof user === 'string') clicks.add(user, { clickId, at: Number(occurredAt) });
  }
  return skipped('recorded');
}

function lead(value: ShopEvent['value'], clicks: Clicks): Expected {
  const at = Number(value['signedUpAt']);
  const click = clicks.find([String(value['userId']), String(value['visitorId'])], at);
  if (click === undefined) return skipped('no-click');
  if (at - click.at > WINDOW) return skipped('click-expired');
  return { outcome: 'delivered', kind: 'lead', clickId: click.clickId };
}

function order(value: OrderValue, clicks: Clicks): Expected {
  if (!statuses.has(value.status) || !value.consent.marketing) return skipped('condition');
  if (value.customerId === null) return skipped('no-user');
  const at = value.placedAt.getTime();
  const click = clicks.find([value.customerId], at);
  if (click === undefined) return skipped('no-click');
  if (at - click.at > WINDOW) return skipped('click-expired');
  if (value.total.currency !== 'EUR') return skipped('currency');
  const amount = value.total.amount.minus(value.shipping.amount);
  if (amount.lte(0)) return skipped('not-positive');
  return { outcome: 'delivered', kind: 'order', clickId: click.clickId, value: amount.toFixed(2) };
}
