import type { Evidence } from './evidence.ts';
import type { InjectedFault } from './faultLog.ts';
import { findBackwardCommits, findEarlyCommits } from './judgeCommits.ts';
import { findBadStops, findUnaskedEnds } from './judgeEnds.ts';
import { findLosses, type OutOfOrder } from './judgeOutcomes.ts';
import { countByCause, findRepeatedSends } from './judgeSends.ts';
import type { Peaks } from './processSampler.ts';

/** Postbacks in flight at once, the connector's default: so many a kill may send twice. */
const inFlight = 64;
/** I5: a connector of this load needs a third of it. */
const limits: Peaks = { residentMegabytes: 512, descriptors: 256, sockets: 192 };

/** One invariant, and how it held. */
interface Finding {
  readonly name: string;
  /** How often it was broken. */
  readonly count: number;
  /** The first few cases, for a person. */
  readonly examples: readonly string[];
}

/** What the judges say. */
export interface Verdict {
  readonly findings: readonly Finding[];
  /** Postbacks that came again after a final answer, by the kind of fault that explains it. */
  readonly repeatedSends: Readonly<Record<string, number>>;
  /** The most that one kill explains. */
  readonly mostByOneKill: number;
  /** Orders that came before the lead of the same click. */
  readonly ordersBeforeLead: number;
}

/** Holds everything that was seen against the invariants of reliability: none may be broken. */
export function judge(evidence: Evidence, peaks: Peaks): Verdict {
  const { lost, wronglyDeadLettered, wrong, outOfOrder } = findLosses(evidence);
  const repeated = findRepeatedSends(evidence.received, evidence.faults);
  const unexplained = repeated.filter(({ cause }) => cause === undefined);
  const byCause = countByCause(repeated);
  const kills = [...byCause].filter(([{ kind }]) => kind === 'kill' || kind === 'pause');
  const findings = [
    finding('conversions lost', lost),
    finding('dead-lettered without a reason', wronglyDeadLettered),
    finding('recorded wrongly', wrong),
    ...(evidence.replicas === 1
      ? [finding('orders before their lead', outOfOrder.filter(isAlone(evidence.faults)))]
      : []),
    finding('sent twice without a kill or an ambiguous answer', unexplained),
    finding(
      'kills that sent more twice than were in flight',
      kills.filter(([, count]) => count > inFlight),
    ),
    finding('commits that went back', findBackwardCommits(evidence.commits)),
    finding('commits above an unsettled record', findEarlyCommits(evidence)),
    finding('records not committed at the end', missing(evidence.behind)),
    finding('records that Kafka acknowledged and lost', missing(lostByKafka(evidence))),
    finding('claims left open in the ledger', missing(evidence.ledger.get('claimed') ?? 0)),
    finding('waits for a recovery in vain', evidence.stalls),
    finding('ends that nobody asked for', findUnaskedEnds(evidence)),
    finding('stops that did not end well', findBadStops(evidence)),
    finding('use of memory, descriptors or sockets without bound', findExcess(peaks)),
  ];
  const repeatedSends = Object.groupBy(repeated, ({ cause }) => cause?.kind ?? 'unexplained');
  return {
    findings,
    repeatedSends: Object.fromEntries(
      Object.entries(repeatedSends).map(([kind, sends]) => [kind, sends?.length ?? 0]),
    ),
    ordersBeforeLead: outOfOrder.length,
    mostByOneKill: Math.max(0, ...kills.map(([, count]) => count)),
  };
}

/** Other members of the group own partitions in these; an order does not wait until another member has delivered. */
const faultsWithOthers = new Set(['storm', 'zombie']);
/** So long after they have left it may take until all their partitions are back: the session of one that was killed. */
const longestHandBack = 10_000;

function isAlone(faults: readonly InjectedFault[]): (order: OutOfOrder) => boolean {
  const shared = faults.filter(({ kind }) => faultsWithOthers.has(kind));
  return ({ at }) => !shared.some(({ from, until }) => at >= from && at <= until + longestHandBack);
}

function finding(name: string, cases: readonly unknown[]): Finding {
  const examples = cases
    .slice(0, 5)
    .map((found) => (typeof found === 'string' ? found : JSON.stringify(found)));
  return { name, count: cases.length, examples };
}

/** A count as cases, so that none is none. */
function missing(count: number | undefined): readonly unknown[] {
  if (count === undefined) return ['the broker did not say'];
  return count === 0 ? [] : [`${count}`];
}

function lostByKafka({ acknowledged, kafka }: Evidence): number {
  return Math.max(acknowledged - kafka.records, 0);
}

function findExcess(peaks: Peaks): readonly string[] {
  return (Object.keys(limits) as (keyof Peaks)[])
    .filter((name) => peaks[name] > limits[name])
    .map((name) => `${name}: ${peaks[name]}, more than ${limits[name]}`);
}
