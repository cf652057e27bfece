import type { Click } from './store.ts';

/** Of each click id the earliest click, as a store keeps them; the clicks are those of one user key. */
export function earliestClicks(clicks: readonly Click[]): readonly Click[] {
  const earliest = new Map<string, Click>();
  for (const click of clicks) {
    const known = earliest.get(click.clickId);
    if (known === undefined || click.at < known.at) earliest.set(click.clickId, click);
  }
  return [...earliest.values()];
}
