const visibleAscii = /^[\x21-\x7e]{1,512}$/;
const macro = /\{[^}]*\}|%7B.*%7D/i;
const emptyWords = new Set(['null', 'undefined', 'nan']);
const longestEmptyWord = 9;

/** Whether a text is what a program writes for nothing: `null`, `undefined`, `NaN`. */
export function isWordForNothing(text: string): boolean {
  return text.length <= longestEmptyWord && emptyWords.has(text.toLowerCase());
}

/**
 * What is wrong with a click id, or undefined when nothing is (design §7): it has 1–512 visible ASCII
 * characters, holds no macro that was never substituted, and is not a word for nothing.
 */
export function clickIdFault(clickId: string): string | undefined {
  if (clickId === '') return 'it is empty';
  if (clickId.length > 512) return `it has ${clickId.length} characters, 512 at most are allowed`;
  if (!visibleAscii.test(clickId)) return 'it has characters other than visible ASCII';
  if (macro.test(clickId)) return 'it is a macro that was never substituted';
  if (isWordForNothing(clickId)) return `it is the word "${clickId}"`;
  return undefined;
}
