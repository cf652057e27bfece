import type { Clock } from '../clock.ts';
import {
  type AttemptClass,
  type AttemptResult,
  classify,
  describeAttempt,
} from '../powerspace/answer.ts';
import type { PowerspaceClient } from '../powerspace/client.ts';
import { type PostbackKind, postbackPath, postbackTarget } from '../powerspace/request.ts';
import { hashClickId, type Logger } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Delivery } from './delivery.ts';

/** What Powerspace answers once it has recorded a postback; another 2xx may come from something between. */
const usualStatus = 200;

/** What one attempt needs. */
export interface AttemptParts {
  readonly client: PowerspaceClient;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Logger;
}

/** An attempt that has ended, and what that means. */
export interface Attempt {
  readonly result: AttemptResult;
  readonly class: AttemptClass;
}

/** Sends one HTTP request and notes it in span, metric and log: each call with its time, as Powerspace asks. */
export function createAttempt(parts: AttemptParts) {
  const { client, clock, metrics, log } = parts;
  const urlOf = (kind: PostbackKind) => new URL(postbackPath(kind), client.origin);
  const urls = { lead: urlOf('lead'), order: urlOf('order') };
  return async function attempt(delivery: Delivery): Promise<Attempt> {
    const { postback, postbackSpan } = delivery;
    const span = postbackSpan.startAttempt(urls[postback.kind], delivery.attempts);
    const startedAt = clock.now();
    delivery.attempts += 1;
    const result = await client.get(postbackTarget(postback));
    const milliseconds = Math.round(clock.now() - startedAt);
    delivery.status = result.type === 'answer' ? result.status : undefined;
    if (result.type === 'answer') span.answered(result.status);
    else span.failed(result.code);
    const ended = { result, class: classify(result) };
    delivery.note({
      at: Math.round(startedAt),
      answer: result.type === 'answer' ? result.status : result.code,
      ...{ class: ended.class, milliseconds },
    });
    metrics.attempted(postback.kind, ended.class, milliseconds / 1_000);
    logAttempt(log, delivery, ended, milliseconds);
    return ended;
  };
}

function logAttempt(log: Logger, delivery: Delivery, ended: Attempt, milliseconds: number): void {
  const isUsual = ended.class === 'delivered' && delivery.status === usualStatus;
  const level = isUsual ? 'debug' : 'warn';
  if (!log.isLevelEnabled(level)) return;
  const { postback, record, span } = delivery;
  const fields = {
    kind: postback.kind,
    click: hashClickId(postback.clickId),
    topic: record.topic,
    partition: record.partition,
    offset: record.offset,
    attempt: delivery.attempts,
    class: ended.class,
    milliseconds,
    ...(span.traceId !== undefined && { trace_id: span.traceId }),
  };
  const isUnusual = ended.class === 'delivered' && !isUsual;
  const hint = isUnusual ? `, which is taken for recorded; ${usualStatus} was expected` : '';
  log[level](fields, `${describeAttempt(ended.result)}${hint}`);
}
