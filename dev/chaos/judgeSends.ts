import type { SandboxEntry } from '../../src/sandbox/sandbox.ts';
import type { InjectedFault } from './faultLog.ts';
import { databaseFaults } from './faultsOfDatabase.ts';

/** No answer is awaited for longer: 5 s, and a second for making it durable. */
const longestInFlight = 6_000;

/** So long after a part is back outcomes may still wait for the next attempt to write them (pipeline/availability.ts). */
const longestRetryDelay = 10_000;

/** For how long after a fault that delays outcomes some may still be delayed. */
const aftermath = longestInFlight + longestRetryDelay;

/** What was written when a process was killed, or while the receiver hung, may arrive so much later. */
const longestOnItsWay = 500;

/** A postback that came again though it had been answered for good before. */
export interface RepeatedSend {
  readonly id: string;
  readonly firstAt: number;
  readonly againAt: number;
  /** The fault that explains it; undefined when none does. */
  readonly cause: InjectedFault | undefined;
}

/**
 * Faults in which an outcome can't be made durable: its ledger row, or the dead letter before it. It stays in flight
 * meanwhile, so that a kill may send it again; they hide no answer themselves: what was written without a reply is
 * written once more, and found.
 */
const delayingOutcomes = new Set([
  ...['store-locked', 'broker-kill', 'broker-hang'],
  ...['kafka-cut', 'kafka-down', 'kafka-hang'],
  ...Object.keys(databaseFaults),
]);

/** Names the conversion that an entry of the receiver's journal is about. */
export function conversionId({ kind, clickId }: Pick<SandboxEntry, 'kind' | 'clickId'>): string {
  return `${kind} ${clickId}`;
}

/**
 * I2: a postback that was answered for good (2xx, 404) comes again only when the connector can't know of that
 * answer: because it was killed or stopped while the answer was on its way, or because a fault kept the answer
 * back. After any other answer, or none, it may come again.
 */
export function findRepeatedSends(
  received: readonly SandboxEntry[],
  faults: readonly InjectedFault[],
): readonly RepeatedSend[] {
  const byTime = faults.toSorted((one, other) => one.from - other.from);
  const lastAnswered = new Map<string, number>();
  const repeated: RepeatedSend[] = [];
  for (const entry of received) {
    const id = conversionId(entry);
    const firstAt = lastAnswered.get(id);
    if (firstAt !== undefined) {
      const cause = byTime.find((fault) => explains(fault, firstAt, entry.at, faults));
      repeated.push({ id, firstAt, againAt: entry.at, cause });
    }
    if (isFinal(entry.status)) lastAnswered.set(id, entry.at);
    else lastAnswered.delete(id);
  }
  return repeated;
}

/** Faults in which an answer that was given may not arrive. */
const hidingAnswers = new Set([
  ...['kill', 'pause', 'late-answers', 'slow-answers'],
  ...['receiver-cut', 'receiver-down', 'receiver-hang'],
]);

function explains(
  fault: InjectedFault,
  firstAt: number,
  againAt: number,
  faults: readonly InjectedFault[],
): boolean {
  if (!hidingAnswers.has(fault.kind)) return false;
  const end = (fault.kind === 'kill' ? fault.from : fault.until) + longestOnItsWay;
  return firstAt >= inFlightSince(fault, faults) && firstAt <= end && againAt >= fault.from;
}

/** When the oldest postback that may be in flight at a fault was sent. What one fault has delayed the next may delay on. */
function inFlightSince({ from }: InjectedFault, faults: readonly InjectedFault[]): number {
  const delays = faults.filter(({ kind }) => delayingOutcomes.has(kind));
  let since = from;
  for (const delay of delays.toSorted((one, other) => other.from - one.from)) {
    const isOneOfThem = delay.from <= from && delay.until + aftermath >= since;
    if (isOneOfThem) since = Math.min(since, delay.from);
  }
  return since - longestInFlight;
}

function isFinal(status: number | null): boolean {
  return status !== null && ((status >= 200 && status < 300) || status === 404);
}

/** By each fault, how many sends it explains: no kill can explain more than were in flight. */
export function countByCause(
  repeated: readonly RepeatedSend[],
): ReadonlyMap<InjectedFault, number> {
  const counts = new Map<InjectedFault, number>();
  for (const { cause } of repeated) {
    if (cause) counts.set(cause, (counts.get(cause) ?? 0) + 1);
  }
  return counts;
}
