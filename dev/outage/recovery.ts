import type { SandboxEntry } from '../../src/sandbox/sandbox.ts';
import type { CommitSample } from '../chaos/offsetWatcher.ts';
import type { Probing } from './probes.ts';

/** After so many, postbacks are taken to flow: the probe alone is none of a flow. */
const flow = 100;

/** From and until these milliseconds since 1970. */
export interface Span {
  readonly from: number;
  readonly until: number;
}

/** How long the connector took to go on, in milliseconds. */
export interface Recovery {
  /** From the end of the outage until the next probe was due. */
  readonly probeWait: number;
  /** From then to the first postback that was recorded. */
  readonly firstDelivery: number;
  /** From then to the hundredth, or the last where there are fewer. */
  readonly flowing: number;
  /** From then until a committed offset was seen to move. */
  readonly firstCommit: number;
}

/** How the connector went on after the outage; undefined where it did not. */
export function measureRecovery(
  { until }: Span,
  { nextDueAt }: Probing,
  received: readonly SandboxEntry[],
  commits: readonly CommitSample[],
): Recovery | undefined {
  const deliveries = received.filter(({ at, status }) => at >= until && status === 200);
  const first = deliveries[0];
  const commit = commits.find(({ at }) => at >= (first?.at ?? 0));
  if (!first || !commit) return undefined;
  const flowing = deliveries[Math.min(flow, deliveries.length) - 1] ?? first;
  const dueAt = Math.max(nextDueAt, until);
  return {
    probeWait: dueAt - until,
    firstDelivery: first.at - dueAt,
    flowing: flowing.at - dueAt,
    firstCommit: commit.at - dueAt,
  };
}
