const form = /^joined=(\d{1,16})(?: rests=\d{1,16})?$/;

/**
 * What is committed beside an offset: the offset below which all clicks are in the store. Others go by it, since that
 * is all they wait for; the offset itself waits for the last answer of Powerspace. `rests` counts how often its owner has
 * said that it stands still by intent, so that others wait on.
 */
export function joinedMetadata(joinedTo: number | undefined, rests: number): string | null {
  if (joinedTo === undefined) return null;
  return rests === 0 ? `joined=${joinedTo}` : `joined=${joinedTo} rests=${rests}`;
}

/** That offset, out of what was committed beside another; -1, below every offset, where it is none of ours. */
export function readJoined(metadata: string | null | undefined): number {
  return Number(form.exec(metadata ?? '')?.[1] ?? -1);
}
