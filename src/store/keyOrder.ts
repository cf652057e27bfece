import type { Click } from './store.ts';

/** No more clicks than this can be put in order at once. */
const most = 2 ** 20;
/** Of a user key so many characters count, behind what all of them begin with. */
const counted = 4;

/**
 * The same clicks nearly in the order of their user keys: so near that those on one page of an index lie together.
 * Numbers are sorted in a tenth of the time that texts take. Takes a million clicks at most.
 */
export function nearlyByUserKey(clicks: readonly Click[]): Click[] {
  if (clicks.length > most) throw new Error(`more than ${most} clicks to put in order`);
  const from = sharedStart(clicks);
  const places = Float64Array.from(
    clicks,
    ({ userKey }, index) => startOf(userKey, from) * most + index,
  );
  return Array.from(places.sort(), (place) => clicks[place % most] as Click);
}

/** The number of characters that all user keys begin with. */
function sharedStart(clicks: readonly Click[]): number {
  let shared = clicks[0]?.userKey ?? '';
  for (const { userKey } of clicks) {
    while (!userKey.startsWith(shared)) shared = shared.slice(0, -1);
  }
  return shared.length;
}

/** Its characters from there on as a number that is larger the later they come; below 2^32. */
function startOf(userKey: string, from: number): number {
  let start = 0;
  for (let index = from; index < from + counted; index += 1) {
    start = start * 256 + Math.min(userKey.charCodeAt(index) || 0, 255);
  }
  return start;
}
