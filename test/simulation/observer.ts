import { conversionOf } from './events.ts';
import type { Group, GroupWatcher, OffsetCommit, Partitions } from './group.ts';
import type { LedgerRow, MemoryStorage } from './memoryStore.ts';
import type { Fate, PowerspaceWatcher, SimulatedPowerspace } from './powerspace.ts';
import { isSettled, nameOf, type Place, type ProducedRecord, ProducedRecords } from './produced.ts';
import type { Owner, Scheduler } from './scheduler.ts';

/**
 * What must hold in every schedule. I1: nothing is lost. I2: nothing is sent twice that need not be, nor what
 * was given away. I3: no offset is committed above a record without outcome. I4: a committed offset never goes
 * back, and only its owner moves it.
 */
export type Invariant = 'I1' | 'I2' | 'I3' | 'I4' | 'no failure of its own';

/** An invariant that did not hold, and how. */
export interface Violation {
  readonly invariant: Invariant;
  readonly message: string;
}

/** A process as the observer sees it. */
export interface ObservedProcess extends Owner {
  readonly name: string;
  /** Whether it has the partition, by its own lights. */
  owns(topic: string, partition: number): boolean;
}

/** What the observer compares what it hears with. */
export interface ObservedWorld {
  readonly scheduler: Scheduler;
  readonly storage: MemoryStorage;
  readonly onAmbiguous: 'resend' | 'hold';
  readonly powerspace: () => SimulatedPowerspace;
  readonly group: () => Group;
}

/** Watches a simulated world from outside, and notes the first invariant that doesn't hold. */
export class Observer implements GroupWatcher, PowerspaceWatcher {
  violation: Violation | undefined;
  readonly produced = new ProducedRecords();
  readonly #world: ObservedWorld;
  readonly #history: string[] = [];
  readonly #deadLetters = new Set<string>();
  readonly #committed = new Map<string, number>();
  /** Of each conversion that was sent, whether something has happened that lets it be sent again. */
  readonly #sent = new Map<string, 'once' | 'may be sent again'>();
  #kills = 0;
  #hasEvicted = false;

  constructor(world: ObservedWorld) {
    this.#world = world;
  }

  /** What happened, in order. */
  get history(): readonly string[] {
    return this.#history;
  }

  note(text: string): void {
    const { now } = this.#world.scheduler;
    this.#history.push(`${(now % 86_400_000).toFixed(1).padStart(10)} ${text}`);
  }

  /** Notes a violation; the first one counts. */
  violate(invariant: Invariant, message: string): void {
    this.note(`${invariant} is violated: ${message}`);
    this.violation ??= { invariant, message };
  }

  /** The dead letter of a record is in its topic. */
  deadLettered(place: string): void {
    this.note(`dead letter of ${place}`);
    this.#deadLetters.add(place);
  }

  /** The connector says how a record, or a conversion of this kind that it reports, ended. */
  settled(place: Place, kind: string | undefined, outcome: string, reason?: string): void {
    const record = this.produced.at(place);
    const said = reason === undefined ? outcome : `${outcome} ${reason}`;
    const name = kind === undefined ? nameOf(place) : `${kind} of ${nameOf(place)}`;
    this.note(`${name} is ${said}`);
    const problem = this.#contradiction(record, kind, outcome, reason);
    if (problem) this.violate('I1', `${name} is said to be ${said}, but ${problem}`);
    record.outcomes.set(kind, said);
  }

  sending(conversion: string, sender: Owner): void {
    const { name, owns } = sender as ObservedProcess;
    this.note(`${name} sends ${conversion}`);
    if (this.#rowOf(conversion)?.state !== 'claimed') {
      this.violate('I2', `${conversion} is sent without a claim`);
    }
    if (this.#sent.get(conversion) === 'once') {
      this.violate('I2', `${conversion} is sent again without a reason`);
    }
    const records = this.produced.ofConversion(conversion);
    if (!records.some(({ topic, partition }) => owns(topic, partition))) {
      this.violate('I2', `${conversion} is sent for a partition that was given away`);
    }
    const isTaken = ({ topic, partition }: Place) =>
      this.#world.group().isTakenFrom(sender, topic, partition);
    if (!this.#hasEvicted && records.every(isTaken)) {
      this.violate('I2', `${conversion} is sent for a partition that another member has`);
    }
    this.#sent.set(conversion, 'once');
  }

  answered(conversion: string, fate: Fate): void {
    this.note(`${conversion} is ${fate}`);
    const isFinal = fate === 'recorded' || fate === 'unknown';
    const isAmbiguous = fate.startsWith('reset') || fate.startsWith('time-out');
    if (isFinal || (isAmbiguous && this.#world.onAmbiguous === 'hold')) return;
    this.#sent.set(conversion, 'may be sent again');
  }

  /** A process was cut off: what it had in flight may be sent again. */
  killed(process: ObservedProcess): void {
    this.note(`${process.name} is killed`);
    this.#kills += 1;
    if (this.#world.onAmbiguous === 'hold') return;
    for (const conversion of this.#sent.keys()) {
      if (this.#rowOf(conversion)?.state === 'claimed') {
        this.#sent.set(conversion, 'may be sent again');
      }
    }
  }

  /** Members were given up that were heard of: they can't know. */
  evicted(): void {
    this.#hasEvicted = true;
  }

  rebalanced(generation: number, partitionsByMember: ReadonlyMap<string, Partitions>): void {
    const shares = JSON.stringify(Object.fromEntries(partitionsByMember));
    this.note(`generation ${generation} ${shares}`);
  }

  committed({ topic, partition, offset }: OffsetCommit, isOwner: boolean): void {
    const name = `${topic}/${partition}`;
    this.note(`${name} is committed to ${offset}`);
    const before = this.#committed.get(name) ?? 0;
    if (offset < before) this.violate('I4', `${name} goes back from ${before} to ${offset}`);
    if (!isOwner) this.violate('I4', `${name} is moved by a member that does not own it`);
    const open = this.produced.firstOpen(topic, partition);
    if (open && open.offset < offset) {
      this.violate('I3', `${name} is committed to ${offset}, above ${open.offset} without outcome`);
    }
    this.#committed.set(name, offset);
  }

  /** Whether every record has its outcome. */
  get isAllSettled(): boolean {
    return this.produced.all.every(isSettled);
  }

  /** At the end nothing is open, and what was said to be delivered was recorded. */
  finish(): void {
    for (const record of this.produced.all) {
      if (!isSettled(record)) this.violate('I1', `${nameOf(record)} has no outcome`);
      for (const [kind, outcome] of record.outcomes) {
        if (outcome === 'duplicate' && !this.#rowOf(conversionOf(record.plan, kind))) {
          this.violate('I1', `${nameOf(record)} is the duplicate of none`);
        }
      }
    }
    for (const { state, claim } of this.#world.storage.ledger.values()) {
      const conversion = conversionOf(this.produced.at(claim).plan, claim.kind);
      if (state === 'claimed') this.violate('I1', `${conversion} was claimed and never settled`);
      if (state === 'delivered' && !this.#isRecorded(conversion)) {
        this.violate('I1', `${conversion} is delivered by the ledger, and was never recorded`);
      }
    }
  }

  /** Why what is said of a record can't be true. */
  #contradiction(
    record: ProducedRecord,
    kind: string | undefined,
    outcome: string,
    reason?: string,
  ): string | undefined {
    const conversion = conversionOf(record.plan, kind);
    switch (outcome) {
      case 'delivered':
        if (this.#rowOf(conversion)?.state !== 'delivered') return 'the ledger does not have it so';
        return this.#isRecorded(conversion) ? undefined : 'it was never recorded';
      case 'duplicate':
        // Of one that may not have ended yet: `finish` looks whether it has.
        return undefined;
      case 'dead-lettered':
        if (!this.#deadLetters.has(nameOf(record))) return 'there is no dead letter';
        if (reason === 'undecodable' && isDecodable(record)) return 'it can be decoded';
        return reason === 'held' && this.#kills === 0 && !this.#sent.has(conversion ?? '')
          ? 'it was never sent'
          : undefined;
      default:
        return this.#skipContradiction(record, reason);
    }
  }

  #skipContradiction(record: ProducedRecord, reason?: string): string | undefined {
    const { plan } = record;
    if (reason === 'recorded') {
      const isStored = this.#world.storage.clicks.has(`visitor-${plan.user}`);
      return isStored ? undefined : 'the click is not stored';
    }
    if (plan.topic === 'landings') return undefined;
    return this.produced.isClickKnownTo(record) ? 'its click was known before' : undefined;
  }

  #isRecorded(conversion: string | undefined): boolean {
    return this.#world.powerspace().recorded.has(conversion ?? '');
  }

  #rowOf(conversion: string | undefined): LedgerRow | undefined {
    for (const row of this.#world.storage.ledger.values()) {
      const { claim } = row;
      if (conversionOf(this.produced.at(claim).plan, claim.kind) === conversion) return row;
    }
    return undefined;
  }
}

function isDecodable({ plan: { oddity } }: ProducedRecord): boolean {
  return oddity !== 'undecodable' && oddity !== 'unknown-schema' && oddity !== 'poison';
}
