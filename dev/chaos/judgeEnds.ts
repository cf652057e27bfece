import type { BadStop, UnaskedEnd } from './connector.ts';
import type { Evidence } from './evidence.ts';
import { databaseFaults } from './faultsOfDatabase.ts';
import { partFaults } from './faultsOfParts.ts';

/** A part that has failed is not back at once: brokers and clients take their time. */
const aftermath = 10_000;

/** Ends that nobody asked for. A process waits for parts that are down, at its start as well as while it reads. */
export function findUnaskedEnds(evidence: Evidence): readonly UnaskedEnd[] {
  return evidence.unaskedEnds;
}

/** Stops that took too long or failed though every part was there. */
export function findBadStops(evidence: Evidence): readonly BadStop[] {
  return evidence.badStops.filter(({ askedAt, at }) => !hasPartFailed(evidence, askedAt, at));
}

function hasPartFailed({ faults }: Evidence, from: number, until: number): boolean {
  return faults.some(
    (fault) =>
      (fault.kind in partFaults || fault.kind in databaseFaults) &&
      fault.from <= until &&
      fault.until + aftermath >= from,
  );
}
