import { Brokers } from './brokers.ts';
import { encodeEvent } from './events.ts';
import { Group } from './group.ts';
import { MemoryStorage } from './memoryStore.ts';
import { Observer } from './observer.ts';
import { type Fate, SimulatedPowerspace } from './powerspace.ts';
import type { Incident, PlannedRecord, Scenario } from './scenario.ts';
import { Scheduler } from './scheduler.ts';
import { Supervisor } from './supervisor.ts';

const outageFates: readonly Fate[] = [
  'failing',
  'refused',
  'time-out before recording',
  'forbidden',
];

/** Everything around the connector, and what happens to it. */
export class World {
  readonly scheduler: Scheduler;
  readonly observer: Observer;
  readonly supervisor: Supervisor;
  readonly #scenario: Scenario;
  readonly #brokers: Brokers;
  readonly #group: Group;
  readonly #powerspace: SimulatedPowerspace;
  /** How many outages of each part overlap. */
  readonly #outages = new Map<string, number>();
  #isCalm = false;

  constructor(scenario: Scenario) {
    const { seed, settings, partitions } = scenario;
    const scheduler = new Scheduler(seed);
    const storage = new MemoryStorage();
    const powerspace = () => this.#powerspace;
    const { onAmbiguous } = settings;
    const group = () => this.#group;
    const observer = new Observer({ scheduler, storage, onAmbiguous, powerspace, group });
    const topics = Object.fromEntries(
      Object.entries(partitions).map(([topic, count]) => [topic, [...Array(count).keys()]]),
    );
    this.#scenario = scenario;
    this.scheduler = scheduler;
    this.observer = observer;
    this.#powerspace = new SimulatedPowerspace(scheduler, observer);
    this.#powerspace.fates = scenario.fates;
    this.#brokers = new Brokers(scheduler, topics);
    this.#group = new Group(scheduler, topics, observer);
    this.supervisor = new Supervisor({
      ...{ scheduler, observer, storage, settings },
      ...{ brokers: this.#brokers, group: this.#group, powerspace: this.#powerspace },
      failureChance: (part) => this.#failureChance(part),
    });
  }

  /** Whether all is well, and every record has its outcome and is committed. */
  get isSettled(): boolean {
    return this.#isCalm && this.openEnds === '' && this.observer.isAllSettled;
  }

  /** The partitions that are not committed past their last record, in words. */
  get openEnds(): string {
    // What holds nothing but markers is committed with the next record.
    return this.#brokers.logs
      .map(({ topic, partition, entries }) => ({
        name: `${topic}/${partition}`,
        last: entries.findLast(({ value }) => value !== undefined)?.offset ?? -1,
      }))
      .filter(({ name, last }) => (this.#group.committed.get(name) ?? 0) <= last)
      .map(({ name, last }) => `${name} past ${last}`)
      .join(', ');
  }

  /** Writes a record to its topic. */
  write(record: PlannedRecord): void {
    const { topic, gap } = record;
    const partition = record.partition % this.#scenario.partitions[topic];
    const log = this.#brokers.log(topic, partition);
    const offset = log.end + gap;
    const value = encodeEvent(record);
    this.observer.note(`${topic}/${partition}/${offset} is written: ${JSON.stringify(record)}`);
    if (value !== undefined) this.observer.produced.add({ topic, partition, offset }, record);
    this.#brokers.append(log, { offset, timestamp: this.scheduler.now, value });
  }

  /** Lets something happen. */
  begin({ kind, lasts }: Incident): void {
    this.observer.note(`${kind} for ${lasts} ms`);
    switch (kind) {
      case 'kill':
        this.supervisor.kill(lasts);
        break;
      case 'stop':
        this.supervisor.stop(lasts);
        break;
      case 'pause':
        this.supervisor.pause(lasts);
        break;
      case 'stranger':
        this.#addStranger(lasts);
        break;
      case 'eviction':
        this.observer.evicted();
        this.#group.evictConnectors();
        break;
      case 'leader':
        this.#brokers.moveLeader(this.scheduler.pick(this.#brokers.logs));
        break;
      case 'crash':
        this.#brokers.crashNextFetch();
        break;
      default:
        this.#breakDown(kind, lasts);
    }
  }

  /** All is well from now on. */
  calm(): void {
    this.observer.note('all is well');
    this.#isCalm = true;
    this.#applyOutages();
  }

  #addStranger(lasts: number): void {
    const id = this.#group.addStranger();
    this.scheduler.schedule(lasts, undefined, () => this.#group.remove(id));
  }

  #breakDown(part: string, lasts: number): void {
    this.#outages.set(part, (this.#outages.get(part) ?? 0) + 1);
    this.#applyOutages();
    this.scheduler.schedule(lasts, undefined, () => {
      this.#outages.set(part, (this.#outages.get(part) ?? 0) - 1);
      this.#applyOutages();
    });
  }

  #applyOutages(): void {
    this.#brokers.isDown = this.#isDown('kafka');
    if (this.#isDown('powerspace')) this.#powerspace.fates = [this.scheduler.pick(outageFates)];
    else this.#powerspace.fates = this.#isCalm ? ['recorded'] : this.#scenario.fates;
  }

  #isDown(part: string): boolean {
    return (this.#outages.get(part) ?? 0) > 0;
  }

  #failureChance(part: string): number {
    if (this.#isDown(part)) return 1;
    return this.#isCalm ? 0 : this.#scenario.flakiness;
  }
}
