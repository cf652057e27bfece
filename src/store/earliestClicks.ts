import type { Click } from './store.ts';

/** Of each click id one click with the earliest times, as a store keeps them; the clicks are those of one user key. */
export function earliestClicks(clicks: readonly Click[]): readonly Click[] {
  const earliest = new Map<string, Click>();
  for (const click of clicks) {
    const known = earliest.get(click.clickId);
    earliest.set(click.clickId, known ? earlierOf(known, click) : click);
  }
  return [...earliest.values()];
}

function earlierOf(one: Click, other: Click): Click {
  const { userKey, clickId } = one;
  const at = Math.min(one.at, other.at);
  const linkedAt = Math.min(one.linkedAt ?? one.at, other.linkedAt ?? other.at);
  return { userKey, clickId, at, ...(linkedAt > at && { linkedAt }) };
}
