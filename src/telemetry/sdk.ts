import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { DiagLogLevel, diag, type Meter, type Tracer, trace } from '@opentelemetry/api';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import { type IMetricReader, MeterProvider } from '@opentelemetry/sdk-metrics';
import { z } from 'zod';
import type { Logger } from './log.ts';

const name = 'powerspace-connector';
/** Time for the last export: nobody waits for a collector that is gone. */
const closeDeadline = 1_500;

/** Where spans and metrics go. */
export interface Telemetry {
  readonly tracer: Tracer;
  readonly meter: Meter;
  /** Answers a GET of /metrics in Prometheus' text format. */
  readonly handleMetrics: (request: IncomingMessage, response: ServerResponse) => void;
  /** Exports what is left, as far as that takes no longer than 1.5 s. Called again, it is the same end. */
  close(): Promise<void>;
}

/**
 * Starts OpenTelemetry as the standard `OTEL_*` variables of the process say. Nothing is exported without
 * `OTEL_EXPORTER_OTLP_ENDPOINT` (or its TRACES or METRICS variant); /metrics works either way.
 */
export async function startTelemetry(): Promise<Telemetry> {
  // The SDK reads the environment of the process too, so there is no other that could be given.
  const environment = process.env;
  const endpoint = environment['OTEL_EXPORTER_OTLP_ENDPOINT'];
  const isTracing = Boolean(endpoint || environment['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT']);
  const isExportingMetrics = Boolean(
    endpoint || environment['OTEL_EXPORTER_OTLP_METRICS_ENDPOINT'],
  );
  const readers: IMetricReader[] = [];
  if (isExportingMetrics && environment['OTEL_METRICS_EXPORTER'] !== 'none') {
    const interval = Number(environment['OTEL_METRIC_EXPORT_INTERVAL']) || 60_000;
    readers.push(await createOtlpReader(interval));
  }
  const serviceName = environment['OTEL_SERVICE_NAME'] ?? name;
  return serve(readers, isTracing ? await startTracing(serviceName) : undefined);
}

/** Starts it for /metrics alone: nothing is exported or traced, whatever the variables say. */
export async function startLocalTelemetry(): Promise<Telemetry> {
  return serve([], undefined);
}

/** What /metrics shows beside what goes to these readers. */
function serve(
  exporting: readonly IMetricReader[],
  tracing: { shutdown(): Promise<void> } | undefined,
): Telemetry {
  const prometheus = new PrometheusExporter({ preventServerStart: true, withoutScopeInfo: true });
  const readers = [prometheus, ...exporting];
  const meters = new MeterProvider({ readers, resource: describeService() });
  const exportTheRest = async () => {
    const exported = Promise.allSettled([meters.shutdown(), tracing?.shutdown()]);
    await Promise.race([exported, sleep(closeDeadline, undefined, { ref: false })]);
  };
  let closed: Promise<void> | undefined;
  return {
    meter: meters.getMeter(name),
    tracer: trace.getTracer(name),
    handleMetrics: prometheus.getMetricsRequestHandler.bind(prometheus),
    close() {
      closed ??= exportTheRest();
      return closed;
    },
  };
}

/** What the tracing SDK finds out by itself: `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES`. */
function describeService() {
  return defaultResource()
    .merge(resourceFromAttributes({ 'service.name': name }))
    .merge(detectResources({ detectors: [envDetector] }));
}

async function createOtlpReader(interval: number): Promise<IMetricReader> {
  // Loaded only where it is used: it would double the time to start.
  const { OTLPMetricExporter } = await import('@opentelemetry/exporter-metrics-otlp-proto');
  const { PeriodicExportingMetricReader } = await import('@opentelemetry/sdk-metrics');
  const exporter = new OTLPMetricExporter();
  return new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: interval });
}

async function startTracing(serviceName: string): Promise<{ shutdown(): Promise<void> }> {
  const { NodeSDK } = await import('@opentelemetry/sdk-node');
  const sdk = new NodeSDK({ serviceName, metricReaders: [], logRecordProcessors: [] });
  sdk.start();
  return sdk;
}

/** Makes what fails in OpenTelemetry, such as an export, a warning of the log; else nobody would hear of it. */
export function warnOfTelemetryFailures(log: Logger): void {
  const warn = (text: string, ...details: unknown[]) =>
    log.warn(details.length === 0 ? {} : { details }, `OpenTelemetry: ${readMessage(text)}`);
  const ignore = () => undefined;
  diag.setLogger(
    { error: warn, warn, info: ignore, debug: ignore, verbose: ignore },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
}

const errorAsJson = z.object({ message: z.string() });

/** Errors come as JSON with their stacks; the message is what can be acted on. */
function readMessage(text: string): string {
  try {
    return errorAsJson.parse(JSON.parse(text)).message;
  } catch {
    // It is a text already.
    return text;
  }
}
