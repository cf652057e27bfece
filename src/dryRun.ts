import type { Config } from './config/schema.ts';
import type { Effects } from './effects.ts';
import { type DryRunRow, tallyTraces } from './pipeline/dryRunTally.ts';
import type { AttemptResult } from './powerspace/answer.ts';
import { createPowerspaceClient } from './powerspace/client.ts';
import { openRehearsalStore } from './store/rehearsalStore.ts';
import { startLocalTelemetry } from './telemetry/sdk.ts';

/** What a connector works with that changes nothing, and what it would have done. */
export interface DryRun {
  readonly effects: Effects;
  /** What has become of the records so far. */
  readonly rows: () => readonly DryRunRow[];
}

const recorded: AttemptResult = { type: 'answer', status: 200, retryAfter: undefined };

/** Of each postback it is taken that Powerspace would record it. */
export function createDryRun({ powerspace }: Config): DryRun {
  const { traces, rows } = tallyTraces(new URL(powerspace.url).origin);
  const doNothing = async () => undefined;
  return {
    rows,
    effects: {
      openStore: openRehearsalStore,
      openClient: (settings) => ({
        ...createPowerspaceClient(settings),
        get: async () => recorded,
      }),
      openDeadLetters: () => ({ prepare: doNothing, send: async () => [], close: doNothing }),
      schemaFolder: () => undefined,
      startTelemetry: startLocalTelemetry,
      createTraces: () => traces,
    },
  };
}
