import { distance } from 'fastest-levenshtein';

/**
 * The candidate that a mistyped name most likely means: nearly the same letters (hyphens, underscores
 * and capitals aside), or one name beginning with the other. Undefined when none is near.
 */
export function nearestName(name: string, candidates: Iterable<string>): string | undefined {
  const wanted = simplify(name);
  const farthest = Math.max(1, Math.floor(wanted.length / 3));
  let nearest: string | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const difference = differenceBetween(wanted, simplify(candidate), farthest);
    if (difference < least) {
      least = difference;
      nearest = candidate;
    }
  }
  return least <= farthest ? nearest : undefined;
}

function simplify(name: string): string {
  return name.toLowerCase().replaceAll(/[-_\s]/g, '');
}

/** A beginning counts as the farthest that is still near: a name with nearly the same letters wins. */
function differenceBetween(one: string, other: string, farthest: number): number {
  const [short, long] = one.length < other.length ? [one, other] : [other, one];
  const letters = distance(one, other);
  return short.length >= 3 && long.startsWith(short) ? Math.min(letters, farthest) : letters;
}
