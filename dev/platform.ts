import { startJaeger } from './jaeger.ts';
import { startKafka } from './kafka.ts';
import { startRegistry } from './registry.ts';
import {
  type JaegerService,
  type KafkaService,
  MissingPrerequisiteError,
  type RegistryService,
  type Service,
  type StartOptions,
} from './service.ts';

/** A part, or the sentence that says why it can't be had. */
export type Availability<Part> = { readonly part: Part } | { readonly missing: string };

/** The real parts that demo and integration tests run against. */
export interface Platform {
  readonly kafka: Availability<KafkaService>;
  readonly registry: Availability<RegistryService>;
  readonly jaeger: Availability<JaegerService>;
  /** Ends every part that was started, and waits for it. */
  stop(): Promise<void>;
}

/**
 * Starts Kafka, the registry and Jaeger side by side. A part for which something is missing on this
 * machine is left out; one that is there and fails to start is an error, and ends the others.
 */
export async function startPlatform(report: StartOptions['report']): Promise<Platform> {
  const failure = new AbortController();
  const started: Service[] = [];
  const stop = async () => void (await Promise.all(started.map((service) => service.stop())));
  async function available<Part extends Service>(
    start: (options: StartOptions) => Promise<Part>,
  ): Promise<Availability<Part>> {
    try {
      const part = await start({ report, signal: failure.signal });
      started.push(part);
      return { part };
    } catch (error) {
      if (error instanceof MissingPrerequisiteError) return { missing: error.message };
      failure.abort(error);
      throw error;
    }
  }
  const starting = [
    available(startKafka),
    available(startRegistry),
    available(startJaeger),
  ] as const;
  try {
    const [kafka, registry, jaeger] = await Promise.all(starting);
    return { kafka, registry, jaeger, stop };
  } catch (error) {
    await Promise.allSettled(starting);
    await stop();
    throw error;
  }
}
