import type { Click, ClickStore } from '../store/store.ts';
import type { ProcessSpan, Traces } from '../telemetry/traces.ts';
import { type AttributionRules, attribute } from './attribution.ts';
import type { UntilAvailable } from './availability.ts';
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
 * keys too, so that after a sign-up an order that knows only the user finds the visitor's click.
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
    for (const mapped of leadsFirst(conversions)) {
      const found = carriedClick(mapped) ?? attribute(mapped.userKeys, mapped.at, clicks, rules);
      if ('outcome' in found) {
        settled.push({ record: mapped.record, kind: mapped.mapping.kind, outcome: found });
        continue;
      }
      learnt.push(...remember(found, mapped.userKeys, clicks));
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
): Promise<Map<string, readonly Click[]>> {
  const userKeys = new Set<string>();
  for (const mapped of conversions) {
    if (mapped.clickId !== undefined) continue;
    for (const userKey of mapped.userKeys) userKeys.add(userKey);
  }
  return userKeys.size === 0 ? new Map() : new Map(await store.find([...userKeys]));
}

/** Notes the click under the keys that don't have it yet, and returns those notes. */
function remember(
  { clickId, at }: Click,
  userKeys: readonly string[],
  clicks: Map<string, readonly Click[]>,
): Click[] {
  const learnt: Click[] = [];
  for (const userKey of userKeys) {
    const known = clicks.get(userKey) ?? [];
    if (known.some((click) => click.clickId === clickId)) continue;
    const click = { userKey, clickId, at };
    clicks.set(userKey, [...known, click]);
    learnt.push(click);
  }
  return learnt;
}

function leadsFirst(conversions: readonly MappedRecord[]): readonly MappedRecord[] {
  const isLead = ({ mapping }: MappedRecord) => mapping.kind === 'lead';
  const leads = conversions.filter(isLead);
  return leads.length === 0
    ? conversions
    : [...leads, ...conversions.filter((mapped) => !isLead(mapped))];
}
