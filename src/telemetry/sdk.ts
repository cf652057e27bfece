import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Meter, type Tracer, trace } from '@opentelemetry/api';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { type IMetricReader, MeterProvider } from '@opentelemetry/sdk-metrics';

const name = 'powerspace-connector';

/** Where spans and metrics go. */
export interface Telemetry {
  readonly tracer: Tracer;
  readonly meter: Meter;
  /** Answers a GET of /metrics in Prometheus' text format. */
  readonly handleMetrics: (request: IncomingMessage, response: ServerResponse) => void;
  /** Exports what is left. */
  close(): Promise<void>;
}

/**
 * Starts OpenTelemetry as the standard `OTEL_*` variables of the process say. Nothing is exported without
 * `OTEL_EXPORTER_OTLP_ENDPOINT` (or its TRACES or METRICS variant); /metrics works either way.
 */
export async function startTelemetry(): Promise<Telemetry> {
  // The SDK reads the environment of the process too, so there is no other that could be given.
  const environment = process.env;
  const prometheus = new PrometheusExporter({ preventServerStart: true });
  const handleMetrics = prometheus.getMetricsRequestHandler.bind(prometheus);
  const endpoint = environment['OTEL_EXPORTER_OTLP_ENDPOINT'];
  const isTracing = Boolean(endpoint ?? environment['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT']);
  const isExportingMetrics = Boolean(
    endpoint ?? environment['OTEL_EXPORTER_OTLP_METRICS_ENDPOINT'],
  );
  const readers: IMetricReader[] = [prometheus];
  if (isExportingMetrics && environment['OTEL_METRICS_EXPORTER'] !== 'none') {
    readers.push(await createOtlpReader());
  }
  const meters = new MeterProvider({ readers });
  const serviceName = environment['OTEL_SERVICE_NAME'] ?? name;
  const tracing = isTracing ? await startTracing(serviceName) : undefined;
  return {
    meter: meters.getMeter(name),
    tracer: trace.getTracer(name),
    handleMetrics,
    async close() {
      await Promise.all([meters.shutdown(), tracing?.shutdown()]);
    },
  };
}

async function createOtlpReader(): Promise<IMetricReader> {
  // Loaded only where it is used: it would double the time to start.
  const { OTLPMetricExporter } = await import('@opentelemetry/exporter-metrics-otlp-proto');
  const { PeriodicExportingMetricReader } = await import('@opentelemetry/sdk-metrics');
  return new PeriodicExportingMetricReader({ exporter: new OTLPMetricExporter() });
}

async function startTracing(serviceName: string): Promise<{ shutdown(): Promise<void> }> {
  const { NodeSDK } = await import('@opentelemetry/sdk-node');
  const sdk = new NodeSDK({ serviceName, metricReaders: [], logRecordProcessors: [] });
  sdk.start();
  return sdk;
}
