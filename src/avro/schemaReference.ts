/**
 * How a frame names the schema that its value was written with: Confluent's `id` and `guid`, Apicurio's
 * `globalId` (of one version of an artifact) and `contentId` (of what it says), the `versionId` of AWS Glue,
 * and the `fingerprint` (CRC-64-AVRO, 16 hex digits) of single-object encoding.
 */
export type SchemaReference =
  | { readonly kind: 'id' | 'globalId' | 'contentId'; readonly value: number }
  | { readonly kind: 'guid' | 'versionId' | 'fingerprint'; readonly value: string };

/** Values by what frames name. To find one makes no text, as it happens for every record. */
export class ByReference<Value> {
  readonly #byKind = new Map<SchemaReference['kind'], Map<SchemaReference['value'], Value>>();
  /** Nearly always asked for next, too. */
  #last: { readonly reference: SchemaReference; readonly value: Value } | undefined;

  get(reference: SchemaReference): Value | undefined {
    return this.#last?.reference === reference ? this.#last.value : this.#find(reference);
  }

  #find(reference: SchemaReference): Value | undefined {
    const value = this.#byKind.get(reference.kind)?.get(reference.value);
    if (value !== undefined) this.#last = { reference, value };
    return value;
  }

  set({ kind, value }: SchemaReference, found: Value): void {
    const values = this.#byKind.get(kind) ?? new Map<SchemaReference['value'], Value>();
    this.#byKind.set(kind, values.set(value, found));
    this.#last = undefined;
  }
}

/** The same for the same schema, today and after a restart: `id 7`, `globalId 7`, `guid 5f3e…`. For messages too. */
export function keyOf({ kind, value }: SchemaReference): string {
  return `${kind} ${value}`;
}
