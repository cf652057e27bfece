/** Options of the commands that read the configuration. */
export interface CommonOptions {
  readonly config: string;
  readonly json?: true;
}

/** Options of `check`. */
export interface CheckOptions extends CommonOptions {
  /** How many records of each topic to try. */
  readonly sample?: string;
  /** A folder with schema files, to be used instead of Kafka and the registry. */
  readonly offline?: string;
}

/** Options of `run`. */
export interface RunOptions extends CommonOptions {
  /** The Kafka timestamp with which a backfill begins. */
  readonly from?: string;
  /** The one before which it ends. */
  readonly to?: string;
  /** The group that it reads as. */
  readonly group?: string;
  /** Only say what it would do. */
  readonly dryRun?: true;
}
