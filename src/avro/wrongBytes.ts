/*
 * What a cursor finds wrong. Apart from where it is thrown: V8 compiles together what is called for nearly every value
 * as long as that is short, and a message is most of its length.
 */

export function tooManyValues(limit: number): Error {
  return new Error(`more than ${limit} values`);
}

export function truncated(): Error {
  return new Error('truncated: bytes are missing');
}

export function tooLong(length: number, left: number): Error {
  return new Error(`${length} bytes where ${left} are left`);
}

export function tooLongNumber(limit: number): Error {
  return new Error(`a number of more than ${limit} bytes`);
}

/** Of a union, or a symbol of an enum. */
export function noBranch(branch: number, count: number): Error {
  return new Error(`branch or symbol ${branch} of ${count}`);
}
