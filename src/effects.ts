import type { Config } from './config/schema.ts';
import type { createKafka } from './kafka/client.ts';
import { DeadLetters } from './kafka/deadLetters.ts';
import { createPowerspaceClient, type PowerspaceClient } from './powerspace/client.ts';
import { schemaFolder } from './sources.ts';
import { openStore } from './store/open.ts';
import type { Store } from './store/store.ts';
import { startTelemetry, type Telemetry } from './telemetry/sdk.ts';
import { createTraces } from './telemetry/traces.ts';

/** All that a connector changes something through, and how it is opened. Of its other parts it only asks. */
export interface Effects {
  /** Opens the store that a setting names. Throws UnavailableError and ConfigurationError. */
  openStore(setting: string, hashKey: string | undefined): Promise<Store>;
  openClient(settings: Config['powerspace']): PowerspaceClient;
  /** Opens where the dead letters of a group go. */
  openDeadLetters(
    kafka: ReturnType<typeof createKafka>,
    group: string,
  ): Pick<DeadLetters, 'prepare' | 'send' | 'close'>;
  /** Where schemas are kept for times without a registry; undefined where none is. */
  schemaFolder(config: Config): string | undefined;
  startTelemetry(): Promise<Telemetry>;
  readonly createTraces: typeof createTraces;
}

/** Those of a connector that does its work. */
export const liveEffects: Effects = {
  ...{ openStore, schemaFolder, startTelemetry, createTraces },
  openClient: createPowerspaceClient,
  openDeadLetters: (kafka, group) => new DeadLetters(kafka, group),
};
