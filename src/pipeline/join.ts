import type { Click, ClickStore } from '../store/store.ts';
import type { ProcessSpan, Traces } from '../telemetry/traces.ts';
import { type AttributionRules, attribute, linkedFrom } from './attribution.ts';
import type { UntilAvailable } from './availability.ts';
import { KnownClicks } from './knownClicks.ts';
import type { MappedRecord } from './map.ts';
import { skipped } from './outcome.ts';
import type { Settlement, StepResult } from './step.ts';

/** A conversion, and the click that brought the person. */
export interface JoinedRecord {
  readonly mapped: MappedRecord;
  readonly click: Click;
  readonly span: ProcessSpan;
}

/** What joining needs. */
export interface JoinParts {
  readonly clicks: ClickStore;
  readonly rules: AttributionRules;
  readonly traces: Traces;
  readonly untilAvailable: UntilAvailable;
}

/**
 * Joins the conversions of a chunk to clicks. One statement stores the clicks that its events carry, one looks
 * up all its user keys, one stores what it learnt: a click found under one key belongs to the event's other
 * keys too, from the time of the event on, so that after a sign-up an order that knows only the user finds the visitor's click.
 */
export function createJoin(parts: JoinParts) {
  const { clicks: store, rules, traces, untilAvailable } = parts;
  return async function join(records: readonly MappedRecord[]): Promise<StepResult<JoinedRecord>> {
    const carried = records.flatMap(carriedClicks);
    if (carried.length > 0) await untilAvailable(() => store.save(carried));
    const conversions = records.filter(({ mapping }) => mapping.kind !== 'click');
    const clicks = await untilAvailable(() => findClicks(store, conversions));

    const passed: JoinedRecord[] = [];
    const settled: Settlement[] = [];
    const learnt: Click[] = [];
    for (const mapped of inOrderOfEvents(conversions, rules.clockSkew)) {
      const found = carriedClick(mapped) ?? attribute(mapped.userKeys, mapped.at, clicks, rules);
      if ('outcome' in found) {
        settled.push({ record: mapped.record, kind: mapped.mapping.kind, outcome: found });
        continue;
      }
      learnt.push(...remember(found, mapped, clicks));
      const span = traces.startProcess(mapped.record, mapped.mapping.kind);
      passed.push({ mapped, click: found, span });
    }
    if (learnt.length > 0) await untilAvailable(() => store.save(learnt));
    for (const { mapping, record } of records) {
      const { kind } = mapping;
      if (kind === 'click') settled.push({ record, kind, outcome: skipped('recorded') });
    }
    return { passed, settled };
  };
}

/** The click that an event carries itself, under each of its user keys. */
function carriedClicks({ clickId, userKeys, at }: MappedRecord): Click[] {
  return clickId === undefined ? [] : userKeys.map((userKey) => ({ userKey, clickId, at }));
}

function carriedClick({ clickId, userKeys, at }: MappedRecord): Click | undefined {
  return clickId === undefined ? undefined : { userKey: userKeys[0] ?? '', clickId, at };
}

async function findClicks(
  store: ClickStore,
  conversions: readonly MappedRecord[],
): Promise<KnownClicks> {
  const userKeys = conversions.flatMap((mapped) =>
    mapped.clickId === undefined ? mapped.userKeys : [],
  );
  return new KnownClicks(userKeys.length === 0 ? new Map() : await store.find(userKeys));
}

/** Notes the click under the keys that don't have it yet, and returns those notes. */
function remember({ clickId, at }: Click, event: MappedRecord, clicks: KnownClicks): Click[] {
  const learnt: Click[] = [];
  for (const userKey of event.userKeys) {
    const click = { userKey, clickId, at, linkedAt: Math.max(at, event.at) };
    const isKnown = (other: Click) =>
      other.clickId === clickId && linkedFrom(other) <= click.linkedAt;
    if (clicks.get(userKey)?.some(isKnown)) continue;
    clicks.add(click);
    learnt.push(click);
  }
  return learnt;
}

/** As they happened, so that it makes no difference which of them share a chunk; a lead first among what may be of its time. */
function inOrderOfEvents(
  conversions: readonly MappedRecord[],
  clockSkew: number,
): readonly MappedRecord[] {
  const isLead = ({ mapping }: MappedRecord) => mapping.kind === 'lead';
  const timeOf = (mapped: MappedRecord) => (isLead(mapped) ? mapped.at - clockSkew : mapped.at);
  const rankOf = (mapped: MappedRecord) => (isLead(mapped) ? 0 : 1);
  return conversions.toSorted(
    (one, other) => timeOf(one) - timeOf(other) || rankOf(one) - rankOf(other),
  );
}
