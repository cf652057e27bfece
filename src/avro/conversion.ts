import type { FieldValue } from './fieldValue.ts';

/** A value as it stands in the bytes. */
export type Base = Buffer | number | bigint | { readonly [name: string]: FieldValue };

/** Both ways between a value as it stands in the bytes and what its logical type says that it means. */
export interface Conversion {
  /** Throws for what the logical type has no value for. */
  decode(base: Base): FieldValue;
  /** Leaves a value that `decode` would not give as it is: producers may give base values too. */
  encode(value: unknown): unknown;
}
