import type { YAMLError } from 'yaml';

/**
 * What a mistake in YAML means to the person who made it. The library's own messages can quote the text
 * at hand, which may be a password that needed quotes; none of it appears here.
 */
export function explainYamlError(error: Pick<YAMLError, 'code' | 'message'>): string {
  const special = specials.find(
    ([code, part]) => code === error.code && error.message.includes(part),
  );
  return special?.[2] ?? sentences[error.code] ?? 'this is not valid YAML';
}

const nameAndValue =
  'a value cannot go on with another "name: value"; put it in quotes, or begin the other name on a line of its own, in the same column as its neighbours';
const quotes = (signs: string) => `a text that begins with ${signs} must be in quotes`;
const indentation = 'this line is indented differently from those it belongs to';

const sentences: Partial<Record<YAMLError['code'], string>> = {
  ALIAS_PROPS: quotes('*'),
  BAD_ALIAS: quotes('*, and a text that begins with &,'),
  BAD_DQ_ESCAPE: 'a backslash in "…" must begin a known escape; write \\\\, or use single quotes',
  BAD_INDENT: indentation,
  BAD_SCALAR_START: quotes('@, ` or %'),
  BLOCK_AS_IMPLICIT_KEY: nameAndValue,
  BLOCK_IN_FLOW:
    'a comma is missing between the brackets, or a list or group between them has no brackets of its own',
  DUPLICATE_KEY: 'this setting stands here twice; keep one',
  MISSING_CHAR: 'something is missing here: a space, a quote, a comma or a bracket',
  MULTILINE_IMPLICIT_KEY: nameAndValue,
  MULTIPLE_ANCHORS: quotes('&'),
  MULTIPLE_DOCS: 'a second document begins here (---); keep one',
  MULTIPLE_TAGS: quotes('!'),
  NON_STRING_KEY: 'the name of a setting must be a text',
  TAB_AS_INDENT: 'a tab cannot indent a line; use spaces',
  TAG_RESOLVE_FAILED: quotes('!'),
  UNEXPECTED_TOKEN: 'this cannot stand here; look for a missing quote, comma or bracket before it',
};

const openBracket =
  'a bracket opened above is not closed, or this line is not indented enough to be inside it';
const itemColumns = 'the items of a list must all begin in the same column';

const specials: readonly (readonly [YAMLError['code'], string, string])[] = [
  ['BLOCK_AS_IMPLICIT_KEY', 'sequence', itemColumns],
  ['BAD_INDENT', 'end with a', openBracket],
  ['BAD_INDENT', 'sequence items', itemColumns],
  ['BAD_INDENT', 'mapping items', 'the settings of a group must all begin in the same column'],
  ['MISSING_CHAR', 'end with a', openBracket],
  ['MISSING_CHAR', 'closing', 'a quote is opened above but not closed'],
  ['MISSING_CHAR', 'map keys', 'a name without a value; write name: value'],
  ['MISSING_CHAR', 'Missing ,', 'a comma is missing between two items'],
  ['MISSING_CHAR', 'Comments', 'a comment must have a space before its #'],
  ['UNEXPECTED_TOKEN', 'block-seq-ind on same line', 'a list must begin on a line of its own'],
];
