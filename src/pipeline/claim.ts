import type { Clock } from '../clock.ts';
import type { SourceRecord } from '../kafka/partition.ts';
import type { Claim, ClaimResult, Ledger } from '../store/store.ts';
import { hashClickId, maskClickId } from '../telemetry/log.ts';
import type { UntilAvailable } from './availability.ts';
import type { Conversion } from './compose.ts';
import { Delivery, idOf, type Outstanding } from './delivery.ts';
import { duplicate } from './outcome.ts';
import type { Settlement, StepResult } from './step.ts';

/** What claiming needs. */
export interface ClaimParts {
  readonly ledger: Ledger;
  readonly outstanding: Outstanding;
  readonly clock: Clock;
  readonly untilAvailable: UntilAvailable;
  /** In [0, 1), for jitter. */
  readonly random: () => number;
  /** Ends the wait for another owner. */
  readonly stopping: AbortSignal;
  /** As `untilAvailable`, for what is still to be given back when that has ended. */
  readonly untilGivenBack: UntilAvailable;
  /** Lets go of a record that gets no outcome here: another stands for it, or it is no longer ours. */
  readonly letGo: (record: SourceRecord) => void;
}

/**
 * Notes in the ledger, in one statement, what is about to be sent: the note is durable before the first byte
 * goes out, so that a replay, a rebalance, a producer's duplicate or a restart finds it.
 */
export function createClaim(parts: ClaimParts) {
  const { ledger, outstanding, untilAvailable } = parts;
  return async function claim(conversions: readonly Conversion[]): Promise<StepResult<Delivery>> {
    const keys = conversions.map(({ key }) => key);
    // While some are given back others may begin to be.
    while (outstanding.isReleasing(keys)) await outstanding.released(keys);
    const { fresh, settled } = sortOut(conversions);
    if (fresh.length === 0) return { passed: [], settled };
    const results = await claimAll(fresh);
    const passed: Delivery[] = [];
    for (const conversion of fresh) {
      const result = results.get(conversion);
      if (result === 'claimed' || result === 'interrupted') passed.push(begin(conversion, result));
      else if (result === 'busy') letGo(conversion);
      else settled.push(toDuplicate(conversion));
    }
    return { passed, settled };
  };

  async function claimAll(conversions: readonly Conversion[]) {
    try {
      return await claimUntilNoneIsBusy(conversions);
    } catch (thrown) {
      // Nothing was sent, and it must not look as if: some are claimed, be it that the answer was lost.
      await parts.untilGivenBack(() => ledger.release(conversions.map(({ key }) => key)));
      throw thrown;
    }
  }

  /**
   * Another owner that lives, and had the partition before, still ends what it has in flight, and lets go. `busy` are
   * at the end those of partitions that are no longer ours.
   */
  async function claimUntilNoneIsBusy(conversions: readonly Conversion[]) {
    const results = new Map<Conversion, ClaimResult>();
    let open = conversions;
    for (;;) {
      const claims = open.map(toClaim);
      const answers = await untilAvailable(() => ledger.claim(claims));
      for (const [index, conversion] of open.entries()) {
        results.set(conversion, answers[index] ?? 'busy');
      }
      open = open.filter((conversion) => results.get(conversion) === 'busy');
      if (open.length > 0) await waitForOthers();
      open = open.filter(({ record }) => !record.source.isRevoked);
      if (open.length === 0) return results;
    }
  }

  async function waitForOthers(): Promise<void> {
    await parts.clock.wait(Math.round(500 + 500 * parts.random()), parts.stopping);
  }

  /** Tells what is new from what this process is delivering already, for this record or for another. */
  function sortOut(conversions: readonly Conversion[]) {
    const settled: Settlement[] = [];
    const fresh = new Map<string, Conversion>();
    for (const conversion of conversions) {
      const { record, key } = conversion;
      const id = idOf(key);
      const known = outstanding.find(id);
      if (record.source.isRevoked) {
        letGo(conversion);
      } else if (known?.record.isSameAs(record)) {
        conversion.span.abandon();
        record.detach();
        parts.letGo(known.adopt(record));
      } else if (known || fresh.has(id)) {
        settled.push(toDuplicate(conversion));
      } else {
        fresh.set(id, conversion);
      }
    }
    return { fresh: [...fresh.values()], settled };
  }

  function letGo({ record, span }: Conversion): void {
    span.abandon();
    parts.letGo(record);
  }

  function begin(conversion: Conversion, result: ClaimResult): Delivery {
    const { postback, span, record } = conversion;
    record.detach();
    const delivery = new Delivery(conversion, {
      postbackSpan: span.startPostback(postback),
      readAt: parts.clock.now(),
      wasInterrupted: result === 'interrupted',
    });
    outstanding.add(delivery);
    return delivery;
  }
}

function toDuplicate({ record, postback, span }: Conversion): Settlement {
  return { record, kind: postback.kind, span, outcome: duplicate };
}

function toClaim({ key, postback, record, click, span }: Conversion): Claim {
  const { clickId, at, userKey } = click;
  return {
    key,
    kind: postback.kind,
    topic: record.topic,
    partition: record.partition,
    offset: record.offset,
    click: {
      ...{ hash: hashClickId(clickId), mask: maskClickId(clickId), at },
      userKey: userKey === '' ? undefined : userKey,
    },
    traceId: span.traceId,
  };
}
