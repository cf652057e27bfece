import type { TestContext } from 'vitest';
import { z } from 'zod';
import { folderWith, type RunningCommand, startCommand } from '../cli/commandLine.ts';
import { ownConfiguration } from './ownConfiguration.ts';
import { ownTopics } from './ownEvents.ts';
import { openOwnPlatform, recordRequests } from './ownPlatform.ts';
import { until } from './until.ts';

/** The platform, a Powerspace, and a folder with the configuration that a user has written for them. */
export async function openOwnRun(context: TestContext) {
  const platform = await openOwnPlatform(context);
  const powerspace = await recordRequests(context);
  const text = ownConfiguration(platform, powerspace.url);
  const folder = await folderWith({ 'connector.yaml': text });
  return {
    ...{ platform, powerspace, folder },
    /** Resolves once everything that was produced is committed. */
    committed: () =>
      until(
        () => platform.offsets(Object.values(ownTopics(platform.prefix))),
        (partitions) => partitions.every(({ committed, end }) => committed === end),
      ),
  };
}

const readingLine = z.object({ msg: z.literal('reading'), admin: z.url() });

/** Starts `run`; resolves, once it reads, with the address of its admin server. */
export async function startRun(
  folder: string,
  commandArguments: readonly string[] = [],
  environment: NodeJS.ProcessEnv = {},
): Promise<RunningCommand & { readonly adminUrl: string }> {
  const running = startCommand(['run', ...commandArguments], { folder, environment });
  const reading = await Promise.race([
    until(
      () => logLines(running.written.stderr).find((line) => readingLine.safeParse(line).success),
      (line) => line !== undefined,
    ),
    running.ended.then(({ stderr }) => Promise.reject(new Error(`it has ended: ${stderr}`))),
  ]);
  return { ...running, adminUrl: readingLine.parse(reading).admin };
}

const logLine = z.looseObject({ level: z.string(), time: z.iso.datetime(), msg: z.string() });

/** The log so far, each line parsed; throws for a line that is none. */
export function logLines(stderr: string): readonly z.infer<typeof logLine>[] {
  const whole = stderr.slice(0, stderr.lastIndexOf('\n') + 1);
  const lines = whole === '' ? [] : whole.trimEnd().split('\n');
  return lines.map((line) => logLine.parse(JSON.parse(line)));
}
