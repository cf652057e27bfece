/** A real part of the platform that demo, tests and benchmarks talk to. */
export interface Service {
  /** The part, as a person would call it: `Kafka`. */
  readonly name: string;
  /** Where it came from. */
  readonly origin: 'environment' | 'docker' | 'native';
  /** A shell line that shows the part at work; it fits the part's address and origin. */
  readonly example: string;
  /**
   * Ends the part and waits until its process and its data are gone; a part that came from the
   * environment is left alone. May be called more than once.
   */
  stop(): Promise<void>;
}

/** A Kafka cluster; each broker is `host:port`, without authentication. */
export interface KafkaService extends Service {
  readonly brokers: readonly string[];
}

/** A schema registry; `url` is the base of its Confluent-compatible API. */
export interface RegistryService extends Service {
  readonly url: string;
}

/** A PostgreSQL server; `url` names a database in which the user may create tables. */
export interface PostgresService extends Service {
  readonly url: string;
}

/** A MariaDB server; `url` (`mysql://`) names a database, and a user who may do everything. */
export interface MariadbService extends Service {
  readonly url: string;
}

/** A Jaeger that takes traces by OTLP over HTTP at `otlpUrl` and answers questions at `queryUrl`. */
export interface JaegerService extends Service {
  readonly otlpUrl: string;
  readonly queryUrl: string;
}

/** How a part is started. */
export interface StartOptions {
  /** Takes progress, a line at a time, without a line end: starting may mean a download. */
  readonly report: (line: string) => void;
  /** Gives up a start that is under way; what it has started by then is ended. */
  readonly signal?: AbortSignal;
}

/**
 * A part can't be had here because something that the user has to provide is missing. The message is
 * one sentence for a person: what is missing, and the ways out. Its stack says nothing more.
 */
export class MissingPrerequisiteError extends Error {
  override readonly name = 'MissingPrerequisiteError';
}
