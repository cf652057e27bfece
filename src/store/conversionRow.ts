import { z } from 'zod';
import type { NotedAttempt, NotedClick, NotedConversion } from './store.ts';

const history = z.array(
  z.object({
    at: z.number(),
    answer: z.union([z.number(), z.string()]),
    class: z.string(),
    milliseconds: z.number(),
  }),
);

const text = z
  .string()
  .nullish()
  .transform((value) => value ?? undefined);
/** A whole number, as each of the databases gives one. */
const integer = z.union([z.number(), z.bigint(), z.string()]).transform(Number);
const optionalInteger = integer.nullish().transform((value) => value ?? undefined);
const time = z.union([z.date().transform((date) => date.getTime()), integer]);

/** A row of the ledger, whose columns have the same names in every database; those added later may be missing. */
const conversionRow = z.object({
  kind: z.enum(['lead', 'order']),
  state: z.enum(['claimed', 'delivered', 'rejected', 'undeliverable']),
  interrupted: z.union([z.boolean(), integer]).optional().transform(Boolean),
  topic: z.string(),
  partition: integer,
  offset: integer,
  click_hash: text,
  click_mask: text,
  click_at: optionalInteger,
  user_key: text,
  trace_id: text,
  reason: text,
  status: optionalInteger,
  attempts: integer,
  history: z.unknown().optional(),
  claimed_at: time,
  settled_at: time.nullish().transform((value) => value ?? undefined),
});

/** A conversion from its row. Throws for one that no version of the connector has written. */
export function toNotedConversion(row: Record<string, unknown>): NotedConversion {
  const found = conversionRow.parse(row);
  const { kind, state, topic, partition, offset, reason, status, attempts } = found;
  return {
    ...{ kind, state, topic, partition, offset, reason, status, attempts },
    isInterrupted: found.interrupted,
    click: toNotedClick(found),
    traceId: found.trace_id,
    history: readHistory(found.history),
    claimedAt: found.claimed_at,
    settledAt: found.settled_at,
  };
}

/** The attempts in a column, be it JSON or its text; none where there is nothing. */
export function readHistory(column: unknown): readonly NotedAttempt[] {
  return history.parse(typeof column === 'string' ? JSON.parse(column) : (column ?? []));
}

function toNotedClick(row: z.infer<typeof conversionRow>): NotedClick | undefined {
  const { click_hash: hash, click_mask: mask = '', click_at: at, user_key: userKey } = row;
  return hash === undefined || at === undefined ? undefined : { hash, mask, at, userKey };
}
