import { createInterface } from 'node:readline/promises';
import type { Readable, Writable } from 'node:stream';

/** Asks a person, who says yes with `y` or `yes`; anything else, and no answer at all, is a no. */
export async function confirm(
  question: string,
  terminal: { readonly input: Readable; readonly output: Writable },
): Promise<boolean> {
  const lines = createInterface(terminal);
  const ended = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
  try {
    const answer = await Promise.race([lines.question(`${question} [y/N] `), ended]);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    lines.close();
  }
}
