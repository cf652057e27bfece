import { AssignedPartition, SourceRecord } from '../../src/kafka/partition.ts';
import type { Conversion } from '../../src/pipeline/compose.ts';
import { Delivery } from '../../src/pipeline/delivery.ts';
import type { Metrics } from '../../src/telemetry/metrics.ts';
import type { PostbackSpan, ProcessSpan } from '../../src/telemetry/traces.ts';

/** A record of topic `orders` that waits for its outcome. */
export function record(offset: number, source = new AssignedPartition('orders', 0)): SourceRecord {
  source.watermark.read(offset);
  return new SourceRecord(source, {
    key: Buffer.from('key'),
    value: Buffer.from('value'),
    timestamp: '0',
    offset: String(offset),
    headers: {},
  });
}

const silentPostback: PostbackSpan = {
  startAttempt: () => ({ answered: () => {}, failed: () => {} }),
  end: () => {},
  abandon: () => {},
};

/** A span that nobody reads. */
export const silentSpan: ProcessSpan = {
  traceId: undefined,
  startPostback: () => silentPostback,
  end: () => {},
  abandon: () => {},
};

/** Metrics that nobody reads. */
export const silentMetrics: Metrics = {
  recordsSettled: () => {},
  attempted: () => {},
  postbackSettled: () => {},
  valueMissing: () => {},
  resent: () => {},
  purged: () => undefined,
  stoodStill: () => {},
  observe: () => {},
};

/** A conversion of a click; its key is made of `id`. */
export function conversion(
  id: string,
  { clickId = `click-${id}`, at = 0, source = record(0) }: Partial<ConversionFields> = {},
): Conversion {
  return {
    record: source,
    postback: { kind: 'order', clickId, value: '49.99' },
    click: { userKey: 'user', clickId, at },
    key: Buffer.from(id),
    at,
    span: silentSpan,
  };
}

interface ConversionFields {
  readonly clickId: string;
  readonly at: number;
  readonly source: SourceRecord;
}

/** A claimed conversion. */
export function delivery(
  id: string,
  fields: Partial<ConversionFields> & { readonly wasInterrupted?: true } = {},
): Delivery {
  return new Delivery(conversion(id, fields), {
    postbackSpan: silentPostback,
    readAt: 0,
    wasInterrupted: fields.wasInterrupted ?? false,
  });
}
