import type { Click } from '../store/store.ts';
import { type Outcome, skipped } from './outcome.ts';

/** From which time on a user key stands for its click. */
export function linkedFrom({ at, linkedAt = at }: Click): number {
  return Math.max(at, linkedAt);
}

/** Which click of a person counts (design §7); times in milliseconds. */
export interface AttributionRules {
  readonly window: number;
  readonly attribution: 'last' | 'first';
  readonly clockSkew: number;
}

/**
 * The click that brought the person: the first user key that has one decides, and of its clicks the last (or
 * first) that is not older than the window and not later than the event, a clock's skew allowed, and neither is
 * what linked it to the key. It goes by the time of the event, so that a replay finds the click that the live
 * run found. Otherwise why there is none.
 */
export function attribute(
  userKeys: readonly string[],
  at: number,
  clicks: Pick<ReadonlyMap<string, readonly Click[]>, 'get'>,
  rules: AttributionRules,
): Click | Outcome {
  let hasExpired = false;
  for (const userKey of userKeys) {
    let best: Click | undefined;
    for (const click of clicks.get(userKey) ?? []) {
      if (linkedFrom(click) > at + rules.clockSkew) continue;
      if (click.at < at - rules.window) hasExpired = true;
      else if (!best || isBetter(click, best, rules.attribution)) best = click;
    }
    if (best) return best;
  }
  return skipped(hasExpired ? 'click-expired' : 'no-click');
}

/** Clicks of the same instant are told apart by their ids, so that every run chooses the same. */
function isBetter(click: Click, best: Click, attribution: 'last' | 'first'): boolean {
  const order = click.at - best.at || (click.clickId > best.clickId ? 1 : -1);
  return attribution === 'last' ? order > 0 : order < 0;
}
