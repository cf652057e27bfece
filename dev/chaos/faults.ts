import { setTimeout as sleep } from 'node:timers/promises';
import type { Dice } from '../shop/dice.ts';
import { connectorFaults } from './faultsOfConnector.ts';
import { databaseFaults } from './faultsOfDatabase.ts';
import { partFaults } from './faultsOfParts.ts';
import { receiverFaults } from './faultsOfReceiver.ts';
import type { StoreKind } from './store.ts';
import type { FaultKind, Injection } from './world.ts';

const surroundings = { ...partFaults, ...databaseFaults, ...receiverFaults };
const kinds = { ...connectorFaults, ...surroundings };

/** The names of the faults. */
export type FaultName = keyof typeof kinds;
export const faultNames = Object.keys(kinds) as FaultName[];

/** The faults that a run with such a store can have: a file has no server. */
export function faultsWith(store: StoreKind): readonly FaultName[] {
  return store === 'postgres' ? faultNames : faultNames.filter((name) => !(name in databaseFaults));
}

/** A fault of the plan: drawn before it is known when it strikes, so that a seed gives the same faults. */
export interface PlannedFault {
  /** One kind, or two that strike together. */
  readonly name: string;
  /** Milliseconds after the fault before it. */
  readonly gap: number;
  /** Whether the connector gets the time to recover before the next. */
  readonly isWaitedFor: boolean;
  readonly inject: Injection;
}

/** The next fault, of these kinds. A quarter of those of the connector strike while something else fails too. */
export function drawFault(dice: Dice, names: readonly FaultName[]): PlannedFault {
  const gap = dice.between(0, 1_500);
  const isWaitedFor = dice.happens(0.75);
  const name = drawName(dice, names);
  const fault = drawKind(name, dice);
  const others = names.filter((other) => other in surroundings);
  if (!(name in connectorFaults) || others.length === 0 || !dice.happens(0.25)) {
    return { name, gap, isWaitedFor, inject: fault };
  }
  const otherName = drawName(dice, others);
  const other = drawKind(otherName, dice);
  const later = dice.between(0, 4_000);
  return {
    ...{ name: `${name} with ${otherName}`, gap, isWaitedFor },
    async inject(world) {
      await Promise.all([other(world), sleep(later).then(() => fault(world))]);
    },
  };
}

function drawName(dice: Dice, names: readonly FaultName[]): FaultName {
  const deck = names.flatMap((name) => Array<FaultName>(kinds[name].weight).fill(name));
  return deck[dice.between(0, deck.length - 1)] ?? 'kill';
}

function drawKind(name: FaultName, dice: Dice): Injection {
  const { draw }: FaultKind = kinds[name];
  return draw(dice);
}
