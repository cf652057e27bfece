import pino from 'pino';
import { UnavailableError } from '../../src/errors.ts';
import { connectAdmin, type KafkaAdmin } from '../../src/kafka/admin.ts';
import { RecordConsumer } from '../../src/kafka/consumer.ts';
import { DeadLetters } from '../../src/kafka/deadLetters.ts';
import { Lifecycle } from '../../src/lifecycle.ts';
import {
  type AssembledPipeline,
  assemblePipeline,
  topicStages,
} from '../../src/pipeline/assemble.ts';
import { defaultIntakeLimits } from '../../src/pipeline/intake.ts';
import type { Traces } from '../../src/telemetry/traces.ts';
import { silentMetrics, silentSpan } from '../pipeline/fixtures.ts';
import type { Brokers } from './brokers.ts';
import { PoisonError, simulatedConfig, simulatedRegistry } from './events.ts';
import type { Group, Partitions } from './group.ts';
import { simulatedKafka } from './kafka.ts';
import { type Access, type MemoryStorage, openMemoryStore } from './memoryStore.ts';
import type { ObservedProcess, Observer } from './observer.ts';
import type { SimulatedPowerspace } from './powerspace.ts';
import type { Scheduler } from './scheduler.ts';
import { virtualClock } from './virtualTime.ts';

/** What a process finds around it. */
export interface Surroundings {
  readonly scheduler: Scheduler;
  readonly brokers: Brokers;
  readonly group: Group;
  readonly storage: MemoryStorage;
  readonly powerspace: SimulatedPowerspace;
  readonly observer: Observer;
  readonly settings: ProcessSettings;
  /** The chance that a call of a part fails now. */
  readonly failureChance: (part: 'store' | 'registry') => number;
}

/** What is set for a whole schedule. */
export interface ProcessSettings {
  readonly concurrency: number;
  readonly giveUpAfter: number;
  readonly onAmbiguous: 'resend' | 'hold';
  /** Records that may wait for their outcome at once. */
  readonly intake: number;
}

const log = pino({ level: 'silent' });

/**
 * One process of the connector: its real parts, wired as connector.ts does, between simulated ones. Killed, it
 * never acts again: no timer of its own fires, and no answer reaches it.
 */
export class ConnectorProcess implements ObservedProcess {
  readonly name: string;
  isAlive = true;
  pausedUntil = 0;
  /** Called when a record has ended it. */
  onPoison: () => void = () => {};
  state: 'starting' | 'running' | 'stopping' | 'stopped' = 'starting';
  readonly #surroundings: Surroundings;
  readonly #lifecycle = new Lifecycle();
  readonly #pipeline: AssembledPipeline;
  readonly #kafka;
  /** By each consumer that it has made. */
  readonly #owned: Partitions[] = [];
  #consumer: RecordConsumer | undefined;

  constructor(name: string, surroundings: Surroundings) {
    this.name = name;
    this.#surroundings = surroundings;
    const { observer, scheduler, storage, powerspace } = surroundings;
    const { intake, ...settings } = surroundings.settings;
    const config = {
      ...simulatedConfig,
      powerspace: { ...simulatedConfig.powerspace, ...settings },
    };
    this.#kafka = simulatedKafka({
      ...surroundings,
      owner: this,
      onDeadLetter: (headers) => observer.deadLettered(placeIn(headers)),
      onConsumer: () => {
        const index = this.#owned.push({}) - 1;
        return (partitions) => {
          this.#owned[index] = partitions;
        };
      },
    });
    this.#pipeline = assemblePipeline({
      ...{ config, log, clock: virtualClock, metrics: silentMetrics },
      source: simulatedRegistry(this.#accessTo('registry')),
      schemas: new Map(),
      store: openMemoryStore(storage, this.#accessTo('store'), this.#accessAtOnce('store')),
      client: powerspace.clientOf(this),
      deadLetters: new DeadLetters(this.#kafka, config.kafka.group),
      limits: { ...defaultIntakeLimits, records: intake },
      random: scheduler.random,
      isWithinSession: () => this.#consumer?.isWithinSession ?? false,
      traces: tracesFor(observer),
      stopping: this.#lifecycle.stopping,
      deadline: this.#lifecycle.deadline,
      onFailure: this.#lifecycle.fail,
    });
  }

  readonly owns = (topic: string, partition: number): boolean =>
    this.#owned.some((partitions) => partitions[topic]?.includes(partition));

  /** Starts to read. Rejects with UnavailableError when no broker answers. */
  async start(): Promise<void> {
    const { kafka: settings, mappings } = simulatedConfig;
    const { fail, failed } = this.#lifecycle;
    const { observer } = this.#surroundings;
    failed.catch((thrown) => {
      if (thrown instanceof PoisonError) this.onPoison();
      else observer.violate('no failure of its own', String(thrown?.stack));
    });
    const offsets: KafkaAdmin = await connectAdmin(this.#kafka, settings);
    const { intake, deliverer, run } = this.#pipeline;
    const consumer: RecordConsumer = new RecordConsumer({
      ...{ kafka: this.#kafka, settings, offsets, clock: virtualClock, onFailure: fail },
      topics: () => topicStages(mappings, []),
      isFirstRun: true,
      log: (level, message, fields) =>
        observer.note(`${level}: ${message} ${JSON.stringify(fields)}`),
      room: () => intake.room,
      maxWait: simulatedConfig.clicks.maxWait,
      isWaiting: () => this.#pipeline.availability.problems.length > 0,
      // Nothing that happens here makes a partition stand still for so long while it could move.
      onStandstill: (topic, partition) =>
        observer.violate('I1', `${topic}/${partition} is waited for no longer`),
      onRecords: (records) => intake.add(records),
      onAssigned: () => deliverer.giveBackLost((record) => consumer.owns(record)),
    });
    this.#consumer = consumer;
    intake.onFull = () => consumer.pause();
    intake.onRoom = () => consumer.resume();
    run().catch(fail);
    await consumer.start();
    this.state = 'running';
  }

  /** Stops as it does when SIGTERM asks it to. Its state tells whether there was time for what was in flight. */
  async stop(): Promise<void> {
    this.state = 'stopping';
    this.#consumer?.pause();
    await this.#lifecycle.stop(this.#pipeline.drain);
    await this.#consumer?.stop();
    if (!this.#lifecycle.deadline.aborted) this.state = 'stopped';
  }

  /** Calls that take their time, and fail as often as the world says: before they have had their effect, or after. */
  #accessTo(part: 'store' | 'registry'): Access {
    const { scheduler, failureChance } = this.#surroundings;
    return (work) => {
      const { promise, resolve, reject } = Promise.withResolvers<ReturnType<typeof work>>();
      scheduler.schedule(scheduler.delay() / 4, this, () => {
        const fails = scheduler.happens(failureChance(part));
        const result = fails && scheduler.happens(0.7) ? undefined : work();
        scheduler.schedule(scheduler.delay() / 4, this, () => {
          if (fails) reject(new UnavailableError(part, 'simulated'));
          else resolve(result as ReturnType<typeof work>);
        });
      });
      return promise;
    };
  }

  /** Calls that take no time, so that nothing happens between two of them. */
  #accessAtOnce(part: 'store'): Access {
    return async (work) => {
      if (this.#surroundings.failureChance(part) === 1)
        throw new UnavailableError(part, 'simulated');
      return work();
    };
  }
}

function placeIn(headers: Readonly<Record<string, unknown>>): string {
  return ['topic', 'partition', 'offset'].map((name) => headers[`dead-letter-${name}`]).join('/');
}

/** Every record is traced, and its span tells the observer how it ended. */
function tracesFor(observer: Observer): Traces {
  return {
    isSampled: () => true,
    startProcess: ({ topic, partition, offset }, kind) => ({
      ...silentSpan,
      end: (outcome, reason) =>
        observer.settled({ topic, partition, offset }, kind, outcome, reason),
    }),
  };
}
