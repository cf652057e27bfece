import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';

const deadline = 15_000;

const answerSchema = z.object({
  data: z.array(
    z.object({
      processes: z.record(z.string(), z.object({ serviceName: z.string() })),
      spans: z.array(
        z.object({
          spanID: z.string(),
          operationName: z.string(),
          processID: z.string(),
          startTime: z.number(),
          references: z.array(z.object({ spanID: z.string() })),
          tags: z.array(z.object({ key: z.string(), value: z.unknown() })),
        }),
      ),
    }),
  ),
});

/** A span of a trace, as Jaeger's query API gives it. */
export interface TraceSpan {
  readonly id: string;
  readonly parentId: string | undefined;
  readonly name: string;
  readonly service: string;
  /** Microseconds since the Unix epoch. */
  readonly startTime: number;
  readonly tags: Readonly<Record<string, unknown>>;
}

/**
 * The spans of a trace as soon as `isWhole`, each before those below it, in the order of their start. Throws when
 * that takes too long.
 */
export async function waitForTrace(
  queryUrl: string,
  traceId: string,
  isWhole: (spans: readonly TraceSpan[]) => boolean,
): Promise<readonly TraceSpan[]> {
  const endsAt = performance.now() + deadline;
  for (;;) {
    const spans = await fetchTrace(queryUrl, traceId);
    if (isWhole(spans)) return spans;
    if (performance.now() > endsAt) {
      throw new Error(`Jaeger has only ${spans.length} spans of the trace ${traceId}`);
    }
    await sleep(200);
  }
}

async function fetchTrace(queryUrl: string, traceId: string): Promise<readonly TraceSpan[]> {
  const response = await fetch(`${queryUrl}/api/traces/${traceId}`);
  // Jaeger answers 404 until it has the first span.
  if (response.status === 404) return [];
  const { data } = answerSchema.parse(await response.json());
  const spans = data.flatMap(({ spans: own, processes }) =>
    own.map((span) => ({
      id: span.spanID,
      parentId: span.references[0]?.spanID,
      name: span.operationName,
      service: processes[span.processID]?.serviceName ?? '',
      startTime: span.startTime,
      tags: Object.fromEntries(span.tags.map(({ key, value }) => [key, value])),
    })),
  );
  const roots = spans.filter(({ parentId }) => !spans.some(({ id }) => id === parentId));
  return inOrder(roots).flatMap((root) => withDescendants(root, spans));
}

function withDescendants(span: TraceSpan, spans: readonly TraceSpan[]): readonly TraceSpan[] {
  const children = inOrder(spans.filter(({ parentId }) => parentId === span.id));
  return [span, ...children.flatMap((child) => withDescendants(child, spans))];
}

function inOrder(spans: readonly TraceSpan[]): readonly TraceSpan[] {
  return spans.toSorted((one, other) => one.startTime - other.startTime);
}

/** A trace as an indented list: service, span, and how an attempt was answered. */
export function formatTrace(spans: readonly TraceSpan[]): string {
  const depthOf = (span: TraceSpan): number => {
    const parent = spans.find(({ id }) => id === span.parentId);
    return parent ? depthOf(parent) + 1 : 0;
  };
  return spans
    .map((span) => {
      const status = span.tags['http.response.status_code'];
      const answer = status === undefined ? '' : ` → ${status}`;
      return `  ${'  '.repeat(depthOf(span))}${span.name}${answer}  (${span.service})`;
    })
    .join('\n');
}
