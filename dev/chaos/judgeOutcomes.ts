import type { SandboxEntry } from '../../src/sandbox/sandbox.ts';
import type { Evidence } from './evidence.ts';
import { conversionId } from './judgeSends.ts';

/** I1: what didn't come to the outcome that it had to come to, a sentence each. */
export interface Losses {
  /** Neither recorded nor dead-lettered. */
  readonly lost: readonly string[];
  /** Dead-lettered though there was no reason to. */
  readonly wronglyDeadLettered: readonly string[];
  /** Recorded, but not what was produced: another value, or a click that nobody produced. */
  readonly wrong: readonly string[];
  /** Orders of a click that came before the lead of the same click, and when. */
  readonly outOfOrder: readonly OutOfOrder[];
}

/** An order that came before the lead of the same click. */
export interface OutOfOrder {
  readonly id: string;
  readonly at: number;
}

/** Compares all that was produced with what Powerspace and the dead-letter topic have. */
export function findLosses(evidence: Evidence): Losses {
  const recorded = new Map<string, SandboxEntry>();
  for (const entry of evidence.received) {
    const isRecorded = entry.status !== null && entry.status >= 200 && entry.status < 300;
    if (isRecorded && !recorded.has(conversionId(entry))) recorded.set(conversionId(entry), entry);
  }
  const { deadLetters } = evidence.kafka;
  const lost: string[] = [];
  const wronglyDeadLettered: string[] = [];
  const wrong: string[] = [];
  for (const [key, conversion] of evidence.conversions) {
    const id = conversionId(conversion);
    const entry = recorded.get(id);
    recorded.delete(id);
    const letter = deadLetters.get(key);
    const isExpired = conversion.clickId.startsWith('expired-');
    if (!entry && !letter) lost.push(`${key}: ${id}`);
    if (letter && (!isExpired || letter.reason !== 'unknown-click')) {
      wronglyDeadLettered.push(`${key}: ${id}: ${letter.reason}`);
    }
    if (entry && Number(entry.value ?? 0) !== Number(conversion.value ?? 0)) {
      wrong.push(`${key}: ${id}: ${entry.value} instead of ${conversion.value}`);
    }
  }
  for (const key of evidence.unreadableKeys) {
    if (deadLetters.get(key)?.reason !== 'undecodable') lost.push(`${key}: unreadable`);
  }
  for (const id of recorded.keys()) wrong.push(`${id} was never produced`);
  return { lost, wronglyDeadLettered, wrong, outOfOrder: findOutOfOrder(evidence.received) };
}

function findOutOfOrder(received: readonly SandboxEntry[]): readonly OutOfOrder[] {
  const leads = new Set<string>();
  return received.flatMap(({ at, kind, clickId }) => {
    if (kind === 'lead') leads.add(clickId);
    return kind === 'order' && !leads.has(clickId) ? [{ id: `order ${clickId}`, at }] : [];
  });
}
