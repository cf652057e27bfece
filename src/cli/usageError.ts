/** What stands on the command line can't be done so: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
