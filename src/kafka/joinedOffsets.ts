const form = /^joined=(\d{1,16})$/;

/**
 * What is committed beside an offset: the offset below which all clicks are in the store. Others go by it, since that
 * is all they wait for; the offset itself waits for the last answer of Powerspace.
 */
export function joinedMetadata(joinedTo: number | undefined): string | null {
  return joinedTo === undefined ? null : `joined=${joinedTo}`;
}

/** That offset, out of what was committed beside another; -1, below every offset, where it is none of ours. */
export function readJoined(metadata: string | null | undefined): number {
  return Number(form.exec(metadata ?? '')?.[1] ?? -1);
}
