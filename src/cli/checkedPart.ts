import type { LoadedConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import type { Problem } from '../errors.ts';

/** A configuration that is checked. */
export interface CheckSession {
  readonly loaded: LoadedConfig;
  /** The topics of the cluster, asked once. Throws UnavailableError. */
  readonly clusterTopics: () => Promise<readonly string[]>;
}

/** A part that `run` needs. */
export interface Part {
  /** As a person calls it. */
  readonly name: string;
  /** The setting that says where it is. */
  readonly setting: string;
  readonly address: (config: Config) => string;
  /** Whether a configuration has it; each does where this isn't given. */
  readonly isUsed?: (config: Config) => boolean;
  /** Looks at it, and changes nothing there. Throws when it can't be looked at. */
  readonly look: (session: CheckSession) => Promise<Look>;
}

/** What is there, in a few words, what is wrong with it, and what else is worth knowing. */
export interface Look {
  readonly found: string;
  readonly problems: readonly Problem[];
  readonly notes?: readonly string[];
}
