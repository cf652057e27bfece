import { recordName } from '../kafka/partitionName.ts';
import type { NotedAttempt, NotedConversion } from '../store/store.ts';
import { formatTime } from './formatTime.ts';

/** What became of a conversion, as `explain --json` prints it; times in ISO 8601. */
export type ExplainedConversion = ReturnType<typeof describeConversion>;

/** What the ledger has of a conversion, in the words of design §5. */
export function describeConversion(noted: NotedConversion, traceUrl: string | undefined) {
  const { kind, topic, partition, offset, click, traceId, settledAt } = noted;
  const first = noted.attempts - noted.history.length + 1;
  return {
    kind,
    ...outcomeOf(noted),
    record: { topic, partition, offset },
    click: click && { ...click, at: formatTime(click.at) },
    claimedAt: formatTime(noted.claimedAt),
    attempts: noted.attempts,
    lastAttempts: noted.history.map((attempt, index) => describeAttempt(attempt, first + index)),
    settledAt: settledAt === undefined ? undefined : formatTime(settledAt),
    traceId,
    traceUrl: traceId && traceUrl?.replaceAll('{traceId}', traceId),
  };
}

/** Without an outcome it is on its way; `wasInterrupted` says that a process ended, or lost it, while it was. */
function outcomeOf({ state, reason, isInterrupted }: NotedConversion) {
  if (state === 'claimed') return { outcome: null, wasInterrupted: isInterrupted };
  if (state === 'delivered') return { outcome: 'delivered' as const };
  return { outcome: 'dead-lettered' as const, reason: reason ?? state };
}

function describeAttempt({ at, answer, ...rest }: NotedAttempt, number: number) {
  return {
    ...{ number, at: formatTime(at) },
    ...(typeof answer === 'number' ? { status: answer } : { error: answer }),
    ...rest,
  };
}

/** The same for a person to read, line by line. */
export function formatConversion(id: string, conversion: ExplainedConversion): string {
  const { kind, record, traceId, traceUrl, settledAt } = conversion;
  const rows: readonly (readonly [string, string])[] = [
    ['record', recordName(record)],
    ['click', formatClick(conversion)],
    ['claimed', conversion.claimedAt],
    ...formatAttempts(conversion),
    ...(settledAt === undefined ? [] : [['settled', settledAt] as const]),
    ['trace', traceUrl ?? traceId ?? 'none: it was not traced, or is no longer known'],
  ];
  const lines = rows.map(([name, text]) => `  ${name.padEnd(11)}${text}`);
  return [`${kind} ${id}: ${formatOutcome(conversion)}`, ...lines].join('\n');
}

function formatOutcome(conversion: ExplainedConversion): string {
  if (conversion.outcome === 'dead-lettered') return `dead-lettered (${conversion.reason})`;
  if (conversion.outcome === 'delivered') return 'delivered';
  return conversion.wasInterrupted
    ? 'on its way; it may have been sent by a run that was interrupted'
    : 'on its way; its attempts are noted once it has ended';
}

function formatClick({ click }: ExplainedConversion): string {
  if (!click) return 'no longer known (clicks forget, or an older version)';
  const by = click.userKey === undefined ? '' : `, by the user key ${click.userKey}`;
  return `${click.at}  ${click.hash} (${click.mask})${by}`;
}

function formatAttempts({ attempts, lastAttempts }: ExplainedConversion) {
  const left = attempts - lastAttempts.length;
  return [
    ...(left > 0 ? [['attempts', `${attempts}, of which the last are kept`] as const] : []),
    ...lastAttempts.map(({ number, at, milliseconds, class: meaning, ...answer }) => {
      const text = 'status' in answer ? String(answer.status) : answer.error;
      return [`attempt ${number}`, `${at}  ${text}  ${meaning}  ${milliseconds} ms`] as const;
    }),
  ];
}
