import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LoadedTopic } from './load.ts';
import { measureFor, type Run } from './measure.ts';
import type { Parts } from './parts.ts';
import type { Program } from './watched.ts';

/** Another way to do the connector's job. */
export interface Rival {
  readonly name: string;
  readonly program: Omit<Program, 'environment' | 'logFile'>;
}

const naiveFile = fileURLToPath(import.meta.resolve('./naive.ts'));
const bentoFile = fileURLToPath(import.meta.resolve('./bento.yaml'));

/** What somebody writes first. */
const naive: Rival = {
  name: 'first try',
  program: { command: process.execPath, arguments: [naiveFile], ready: 'reading' },
};

/** Those that can be had here: Bento where `BENTO` names its binary. */
export function rivals(): readonly Rival[] {
  const bento = process.env['BENTO'];
  if (!bento) return [naive];
  const program = {
    command: bento,
    arguments: ['-c', bentoFile],
    ready: 'is now active',
  };
  return [naive, { name: 'Bento', program }];
}

let runs = 0;

/** Gives a rival some seconds of a topic, and says how fast it was. */
export async function runRival(
  parts: Parts,
  topic: LoadedTopic,
  { rival, seconds }: { readonly rival: Rival; readonly seconds: number },
): Promise<Pick<Run, 'eventsPerSecond' | 'postbacksPerSecond'>> {
  runs += 1;
  const { url, table } = await parts.clicks.readOnly();
  const group = `${parts.prefix}.rival-${runs}`;
  const program = {
    ...rival.program,
    environment: {
      BROKERS: parts.brokers.join(','),
      REGISTRY_URL: parts.registryUrl,
      DATABASE_URL: url,
      CLICKS: table,
      TOPIC: topic.topic,
      GROUP: group,
      URL: parts.receiver.url,
    },
    logFile: join(parts.folder, `rival-${runs}.log`),
  };
  return measureFor(seconds, parts, { program, group, topic });
}
