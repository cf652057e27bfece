import {
  type Context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type TextMapGetter,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import {
  ATTR_ERROR_TYPE,
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  ATTR_URL_FULL,
} from '@opentelemetry/semantic-conventions';
import { hashClickId } from './log.ts';

/** Headers of a Kafka record. */
type Headers = Readonly<Record<string, unknown>>;

/** The record that a trace is about. */
interface TracedRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly headers: Headers | undefined;
}

/** What a trace is told of a postback. */
export interface TracedPostback {
  readonly kind: 'lead' | 'order';
  readonly clickId: string;
  readonly value: string | undefined;
}

/** Makes the spans of design §10, by OpenTelemetry's messaging and HTTP conventions. */
export interface Traces {
  /**
   * The consumer span of a record, below the producer's span where the headers name one. Each conversion that a
   * record reports has its own; `kind` tells which, or `click`, where a mapping says so.
   */
  startProcess(record: TracedRecord, kind: string | undefined): ProcessSpan;
  /** Whether the producer of a record traces it, so that its trace should say what became of it here. */
  isSampled(headers: Headers | undefined): boolean;
}

/** `process <topic>`: from reading a record to its outcome. */
export interface ProcessSpan {
  /** For log lines; undefined where nothing is traced. */
  readonly traceId: string | undefined;
  /** Shows the click id as its hash, and no value. */
  startPostback(postback: TracedPostback): PostbackSpan;
  end(outcome: string, reason: string | undefined, error: string | undefined): void;
  /** The record gets no outcome here: another trace tells it. */
  abandon(): void;
}

/** `postback lead|order`: from the claim to the outcome, with a child for each attempt. */
export interface PostbackSpan {
  /** `url` without its query; `resendCount` is 0 for the first attempt. */
  startAttempt(url: URL, resendCount: number): AttemptSpan;
  end(outcome: string, attempts: number): void;
  abandon(): void;
}

/** `GET /ord`: one HTTP request. */
interface AttemptSpan {
  answered(status: number): void;
  failed(code: string): void;
}

/** Spans of this tracer. Without an SDK behind it they cost next to nothing. */
export function createTraces(tracer: Tracer, group: string): Traces {
  return {
    startProcess(record, kind) {
      const parent = propagation.extract(ROOT_CONTEXT, record.headers ?? {}, headerGetter);
      const span = tracer.startSpan(`process ${record.topic}`, { kind: SpanKind.CONSUMER }, parent);
      if (!span.isRecording()) return unrecorded;
      // Not before: the SDK would check and copy them twice, and of spans that it doesn't record too.
      span.setAttributes(messagingAttributes(record, group));
      if (kind !== undefined) span.setAttribute('powerspace.record', kind);
      return processSpan(tracer, span, trace.setSpan(parent, span));
    },
    isSampled(headers) {
      // Asked of each record: most are not sampled, and so much can be seen without making a context.
      if (!headers || !maySample(headers['traceparent'])) return false;
      const parent = propagation.extract(ROOT_CONTEXT, headers, headerGetter);
      return ((trace.getSpanContext(parent)?.traceFlags ?? 0) & 1) === 1;
    },
  };
}

const headerGetter: TextMapGetter<Headers> = {
  keys: (headers) => Object.keys(headers),
  get(headers, key) {
    const value = headers[key];
    return Buffer.isBuffer(value) || typeof value === 'string' ? value.toString() : undefined;
  },
};

/** Where a `traceparent` has the digit with the flag `sampled`: https://www.w3.org/TR/trace-context/#traceparent-header */
const flagsAt = 54;

/** False only where the parent is there and says that it is not sampled, or is not there at all. */
function maySample(traceparent: unknown): boolean {
  if (traceparent === undefined) return false;
  if (!Buffer.isBuffer(traceparent) || traceparent.length !== flagsAt + 1) return true;
  const digit = traceparent[flagsAt] as number;
  // "0" to "9" have even and odd codes as their values; of "a" to "f" it is the other way round.
  const isEven = digit < 0x3a ? digit % 2 === 0 : digit % 2 === 1;
  return !isEven;
}

function messagingAttributes(record: TracedRecord, group: string) {
  return {
    'messaging.system': 'kafka',
    'messaging.operation.name': 'process',
    'messaging.operation.type': 'process',
    'messaging.destination.name': record.topic,
    'messaging.destination.partition.id': String(record.partition),
    'messaging.kafka.offset': record.offset,
    'messaging.consumer.group.name': group,
  };
}

/** Below a span that is not recorded none is. One object for all: most records are not traced. */
export const unrecordedPostback: PostbackSpan = {
  startAttempt: () => ({ answered: () => {}, failed: () => {} }),
  end: () => {},
  abandon: () => {},
};
const unrecorded: ProcessSpan = {
  traceId: undefined,
  startPostback: () => unrecordedPostback,
  end: () => {},
  abandon: () => {},
};

function processSpan(tracer: Tracer, span: Span, inSpan: Context): ProcessSpan {
  return {
    traceId: span.spanContext().traceId,
    startPostback({ kind, clickId }) {
      const attributes = {
        'powerspace.kind': kind,
        'powerspace.click.hash': hashClickId(clickId),
      };
      const postback = tracer.startSpan(`postback ${kind}`, { attributes }, inSpan);
      return postbackSpan(tracer, postback, trace.setSpan(inSpan, postback));
    },
    end(outcome, reason, error) {
      span.setAttribute('powerspace.outcome', outcome);
      if (reason !== undefined) span.setAttribute('powerspace.reason', reason);
      if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: error });
      span.end();
    },
    abandon: () => span.end(),
  };
}

function postbackSpan(tracer: Tracer, span: Span, inSpan: Context): PostbackSpan {
  return {
    startAttempt(url, resendCount) {
      const attempt = tracer.startSpan(
        `GET ${url.pathname}`,
        { kind: SpanKind.CLIENT, attributes: requestAttributes(url, resendCount) },
        inSpan,
      );
      return attemptSpan(attempt);
    },
    end(outcome, attempts) {
      span.setAttributes({ 'powerspace.outcome': outcome, 'powerspace.attempts': attempts });
      span.end();
    },
    abandon: () => span.end(),
  };
}

function requestAttributes(url: URL, resendCount: number) {
  const defaultPort = url.protocol === 'https:' ? 443 : 80;
  return {
    [ATTR_HTTP_REQUEST_METHOD]: 'GET',
    [ATTR_SERVER_ADDRESS]: url.hostname,
    [ATTR_SERVER_PORT]: url.port === '' ? defaultPort : Number(url.port),
    [ATTR_URL_FULL]: url.href,
    ...(resendCount > 0 && { 'http.request.resend_count': resendCount }),
  };
}

function attemptSpan(span: Span): AttemptSpan {
  return {
    answered(status) {
      span.setAttribute(ATTR_HTTP_RESPONSE_STATUS_CODE, status);
      if (status >= 400) {
        span.setAttribute(ATTR_ERROR_TYPE, String(status));
        span.setStatus({ code: SpanStatusCode.ERROR });
      }
      span.end();
    },
    failed(code) {
      span.setAttribute(ATTR_ERROR_TYPE, code);
      span.setStatus({ code: SpanStatusCode.ERROR, message: code });
      span.end();
    },
  };
}
