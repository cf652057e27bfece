import { type ParseArgsConfig, parseArgs } from 'node:util';
import { z } from 'zod';

/** The options of a tool's command line; undefined, with the reason and the usage on stderr, for wrong usage. */
export function readToolOptions<Schema extends z.ZodType>(
  options: NonNullable<ParseArgsConfig['options']>,
  schema: Schema,
  usage: string,
): z.infer<Schema> | undefined {
  try {
    return schema.parse(parseArgs({ options }).values);
  } catch (thrown) {
    const reason = thrown instanceof z.ZodError ? z.prettifyError(thrown) : String(thrown);
    console.error(`${reason}\n\n${usage}`);
    return undefined;
  }
}
