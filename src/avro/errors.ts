/** The bytes of one record's value are not what its format and schema say: no retry can mend it. */
export class UndecodableError extends Error {
  override readonly name = 'UndecodableError';
}

/** A schema that exists but that this connector cannot read events with: no retry can mend it. */
export class UnreadableSchemaError extends Error {
  override readonly name = 'UnreadableSchemaError';
  /** Confluent's id, or a reference of another kind in words; undefined for a schema that has none at hand. */
  readonly id: number | string | undefined;
  /** Why, in a few words. */
  readonly reason: string;

  constructor(id: number | string | undefined, reason: string, options?: ErrorOptions) {
    super(`schema ${id === undefined ? '' : `${id} `}cannot be read: ${reason}`, options);
    this.id = id;
    this.reason = reason;
  }
}
