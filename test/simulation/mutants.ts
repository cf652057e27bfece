import { Assignment } from '../../src/kafka/assignment.ts';
import { BatchReader } from '../../src/kafka/batchReader.ts';
import { Committer } from '../../src/kafka/committer.ts';
import { DeadLetters } from '../../src/kafka/deadLetters.ts';
import { GroupMember } from '../../src/kafka/member.ts';
import { OtherMembers } from '../../src/kafka/otherMembers.ts';
import type { AssignedPartition } from '../../src/kafka/partition.ts';
import { Standstills } from '../../src/kafka/standstills.ts';
import { Watermark } from '../../src/kafka/watermark.ts';
import { Deliverer } from '../../src/pipeline/deliver.ts';
import { Outstanding } from '../../src/pipeline/delivery.ts';
import { MemoryLedger, MemoryWorkLog } from './memoryStore.ts';
import type { Invariant } from './observer.ts';
import type { IncidentKind } from './scenario.ts';
import { virtualClock } from './virtualTime.ts';

/** A bug that other systems of this kind had, put back in. */
export interface Mutant {
  readonly bug: string;
  /** What the simulation must find violated, or one of these. */
  readonly breaks: Invariant | readonly Invariant[];
  /** All that happens in the schedules, where it takes too many of any kind to find it. */
  readonly needs?: readonly IncidentKind[];
  /** Puts the bug in; returns what takes it out again. */
  readonly plant: () => () => void;
}

/** Replaces a method until the returned function is called. */
function replace<Target extends object, Name extends keyof Target>(
  prototype: Target,
  name: Name,
  make: (original: Target[Name]) => Target[Name],
): () => void {
  const original = prototype[name];
  prototype[name] = make(original);
  return () => {
    prototype[name] = original;
  };
}

/** Replaces a property that is computed until the returned function is called. */
function replaceGetter<Target extends object, Name extends keyof Target>(
  prototype: Target,
  name: Name,
  make: (original: (target: Target) => Target[Name]) => (target: Target) => Target[Name],
): () => void {
  const original = Object.getOwnPropertyDescriptor(prototype, name);
  if (!original?.get) throw new Error(`there is no ${String(name)} to compute any more`);
  const replaced = make((target) => original.get?.call(target));
  Object.defineProperty(prototype, name, {
    configurable: true,
    get(this: Target) {
      return replaced(this);
    },
  });
  return () => Object.defineProperty(prototype, name, original);
}

/** Replaces the offset that a watermark gives for committing. */
function replaceOffset(make: (offset: number, watermark: Watermark) => number): () => void {
  return replaceGetter(Watermark.prototype, 'offset', (original) => (watermark) => {
    const offset = original(watermark);
    return offset === undefined ? undefined : make(offset, watermark);
  });
}

function all(...undo: readonly (() => void)[]): () => void {
  return () => {
    for (const each of undo) each();
  };
}

const inOffsets: readonly Mutant[] = [
  {
    bug: 'commit of the highest settled instead of the lowest unsettled',
    breaks: 'I3',
    plant() {
      const highest = new WeakMap<Watermark, number>();
      return all(
        replaceOffset((offset, watermark) => Math.max(offset, (highest.get(watermark) ?? -1) + 1)),
        replace(Watermark.prototype, 'settle', (original) => {
          return function settle(this: Watermark, offset) {
            highest.set(this, Math.max(offset, highest.get(this) ?? -1));
            original.call(this, offset);
          };
        }),
      );
    },
  },
  {
    bug: 'an offset off by one',
    breaks: 'I3',
    plant: () => replaceOffset((offset) => offset + 1),
  },
  {
    bug: 'contiguity assumed over compaction and the markers of transactions',
    breaks: 'I1',
    plant() {
      const contiguous = new WeakMap<Watermark, number>();
      return all(
        replaceOffset((offset, watermark) => Math.min(offset, contiguous.get(watermark) ?? offset)),
        replace(Watermark.prototype, 'read', (original) => {
          return function read(this: Watermark, offset) {
            const next = contiguous.get(this) ?? offset;
            if (offset === next) contiguous.set(this, offset + 1);
            original.call(this, offset);
          };
        }),
      );
    },
  },
  {
    bug: "a late acknowledgement after revoke moves a new owner's offset",
    breaks: 'I4',
    plant() {
      const seen = new WeakMap<Committer, Set<AssignedPartition>>();
      return replace(Committer.prototype, 'commit', (original) => {
        return function commit(this: Committer, partitions) {
          const known = seen.get(this) ?? new Set();
          seen.set(this, known);
          for (const partition of partitions) known.add(partition);
          return original.call(this, known);
        };
      });
    },
  },
  {
    bug: 'a fetch of an earlier generation is taken',
    breaks: 'I3',
    needs: ['leader'],
    plant: () => replace(Assignment.prototype, 'isSettling', () => () => false),
  },
];

const inSending: readonly Mutant[] = [
  {
    bug: 'the ledger marked sent at enqueue',
    breaks: 'I2',
    plant: () =>
      replace(MemoryLedger.prototype, 'claim', (original) => {
        return async function claim(this: MemoryLedger, claims) {
          const results = await original.call(this, claims);
          const fixed = { state: 'delivered', status: undefined, attempts: 0 } as const;
          await this.settle(claims.map(({ key }) => ({ key, ...fixed })));
          return results;
        };
      }),
  },
  {
    bug: 'an offset freed before the dead letter is durable',
    breaks: 'I1',
    plant: () =>
      replace(DeadLetters.prototype, 'send', (original) => {
        return async function send(this: DeadLetters, letters) {
          original.call(this, letters).catch(() => undefined);
          return [];
        };
      }),
  },
  {
    bug: 'an offset freed before the ledger knows',
    breaks: 'I1',
    plant: () =>
      replace(MemoryLedger.prototype, 'settle', (original) => {
        return async function settle(this: MemoryLedger, entries) {
          original.call(this, entries).catch(() => undefined);
        };
      }),
  },
  {
    bug: 'fence before drain: a stop gives up what is in flight',
    breaks: ['I1', 'I2'],
    needs: ['stop'],
    plant: () => replace(Deliverer.prototype, 'drain', () => async () => {}),
  },
  {
    bug: 'sends of the old generation go on after revoke',
    breaks: 'I2',
    plant: () =>
      replace(Assignment.prototype, 'fence', (original) => {
        return function fence(this: Assignment) {
          const partitions = [...this.partitions];
          original.call(this);
          for (const partition of partitions) partition.isRevoked = false;
        };
      }),
  },
  {
    bug: 'what is read again after a rebalance is sent again',
    breaks: 'I2',
    plant: () => replace(Outstanding.prototype, 'find', () => () => undefined),
  },
];

const inReading: readonly Mutant[] = [
  {
    bug: 'the time of an outage counts as standing still',
    breaks: 'I1',
    needs: ['powerspace'],
    plant() {
      const seenAt = new WeakMap<Standstills, number>();
      return replace(Standstills.prototype, 'isWorthWaiting', (original) => {
        return function isWorthWaiting(this: Standstills, waitedFor) {
          const now = virtualClock.now();
          this.pass(now - (seenAt.get(this) ?? now));
          seenAt.set(this, now);
          return original.call(this, waitedFor);
        };
      });
    },
  },
  {
    bug: 'a record that ends the process ends each that is started after it',
    breaks: 'I1',
    plant: () => replace(MemoryWorkLog.prototype, 'crashed', () => async () => []),
  },
];

/** Bugs that systems like this had. */
export const knownBugs: readonly Mutant[] = [...inOffsets, ...inSending, ...inReading];

/** Bugs that this connector had, until the simulation found them. */
export const foundBugs: readonly Mutant[] = [
  {
    bug: 'a claim made again while it is being given back',
    breaks: 'I2',
    needs: ['eviction'],
    plant: () => replace(Outstanding.prototype, 'isReleasing', () => () => false),
  },
  {
    bug: 'a member that the group has forgotten, and that never notices',
    breaks: 'I1',
    plant: () => replaceGetter(GroupMember.prototype, 'isForgotten', () => () => false),
  },
  {
    bug: 'a process that stood still sends before it knows what it has lost',
    breaks: 'I2',
    needs: ['pause', 'stranger'],
    plant: () => replaceGetter(GroupMember.prototype, 'isWithinSession', () => () => true),
  },
  {
    bug: 'nobody waits for the partitions of other members',
    breaks: 'I1',
    plant: () => replace(OtherMembers.prototype, 'behind', () => async () => []),
  },
  {
    bug: 'records passed over by the markers of a fetch of an earlier generation',
    breaks: 'I1',
    needs: ['leader'],
    plant: () =>
      replace(BatchReader.prototype, 'skip', (original) => {
        return function skip(this: BatchReader, ...batch) {
          original.apply(this, batch);
          return true;
        };
      }),
  },
];
