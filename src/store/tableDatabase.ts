/** What is read of a user's own table, by the settings that name the columns. */
export interface TableColumns {
  readonly user: string;
  readonly click: string;
  readonly at: string;
}

/** A column that a table has. */
export interface FoundColumn {
  readonly name: string;
  /** Its type, as the database calls it. */
  readonly type: string;
  /** Whether we may read it. */
  readonly isReadable: boolean;
  /** How text in it is compared; undefined where the database does without, or it holds no text. */
  readonly text?: { readonly characterSet: string; readonly collation: string };
}

/** What a user key can be: it says which ones can be in the column at all. */
export type KeyKind = 'text' | 'integer' | 'uuid';
/** How a time is read: `zoned` is an instant, `local` counts as UTC, `milliseconds` are since 1970. */
type TimeKind = 'zoned' | 'local' | 'milliseconds';

/** What the types of a database mean. */
export interface TypeKinds {
  readonly keys: Readonly<Record<string, KeyKind>>;
  readonly times: Readonly<Record<string, TimeKind>>;
}

/** The columns, found and fit. */
export interface FitColumns {
  readonly user: FoundColumn & { readonly kind: KeyKind };
  readonly click: FoundColumn;
  readonly at: FoundColumn & { readonly kind: TimeKind };
}

/** Which table. */
export interface TablePlace {
  readonly schema: string | undefined;
  readonly table: string;
}

/** What it is to the connector, for messages. */
export interface TableUse {
  readonly name: string;
  readonly setting: string;
}

/** What a database is asked about a user's table; every call throws UnavailableError or ConfigurationError. */
export interface TableDatabase {
  readonly part: string;
  /** The table, with its schema. */
  readonly name: string;
  readonly kinds: TypeKinds;
  /** The columns of the table, in their order; none where it isn't there, or mustn't be seen. */
  columns(): Promise<readonly FoundColumn[]>;
  /** The rows of these keys, `userKey`, `clickId` and `at`, by one statement. */
  find(
    columns: FitColumns,
    userKeys: readonly string[],
  ): Promise<readonly Readonly<Record<string, unknown>>[]>;
  size(columns: FitColumns, most: number): Promise<TableSize>;
  /** The statement that grants what is needed. */
  grant(columns: readonly string[]): string;
  close(): Promise<void>;
}

/** How much a table holds. */
interface TableSize {
  /** Its rows, up to one more than was asked for. */
  readonly counted: number;
  /** Its rows as the server has them; below 0 or NaN where it doesn't know. */
  readonly estimate: number;
  readonly isView: boolean;
  /** Whether an index begins with the user key. */
  readonly isIndexed: boolean;
}
