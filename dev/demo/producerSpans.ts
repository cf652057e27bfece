import { context, propagation, type Span, SpanKind, trace } from '@opentelemetry/api';
import { startTelemetry } from '../../src/telemetry/sdk.ts';

/** The shop's own tracing, as a platform has it that traces what it produces. */
export interface ProducerSpans {
  /** Starts the span of a message, and adds its `traceparent` to the headers. */
  start(topic: string, headers: Record<string, string>): Span;
  close(): Promise<void>;
}

/** Traces as the service `shop`, to an OTLP address. */
export async function startProducerSpans(otlpUrl: string): Promise<ProducerSpans> {
  process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = otlpUrl;
  process.env['OTEL_SERVICE_NAME'] = 'shop';
  process.env['OTEL_METRICS_EXPORTER'] = 'none';
  const telemetry = await startTelemetry();
  return {
    start(topic, headers) {
      const span = telemetry.tracer.startSpan(`send ${topic}`, {
        kind: SpanKind.PRODUCER,
        attributes: { 'messaging.system': 'kafka', 'messaging.destination.name': topic },
      });
      propagation.inject(trace.setSpan(context.active(), span), headers);
      return span;
    },
    close: telemetry.close,
  };
}
