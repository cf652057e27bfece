/** Options of the commands that read the configuration. */
export interface CommonOptions {
  readonly config: string;
  readonly json?: true;
}
