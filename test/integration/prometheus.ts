/** One line of a scrape: a metric's name, its labels and its value. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const sampleLine = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/;
const label = /([a-zA-Z_]\w*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/y;
const suffix = /_(bucket|sum|count)$/;

/**
 * Reads Prometheus' text format as strictly as Prometheus does. Throws for a line that it would not take, and
 * for a sample whose type was not declared before it.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export function parseMetrics(text: string): readonly Sample[] {
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  const typed = new Set<string>();
  return text
    .trimEnd()
    .split('\n')
    .flatMap((line) => {
      const type = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line)?.[1];
      if (type !== undefined) typed.add(type);
      if (line.startsWith('#')) return [];
      const sample = parseSample(line);
      if (!typed.has(sample.name) && !typed.has(sample.name.replace(suffix, ''))) {
        throw new Error(`a sample without a type: ${line}`);
      }
      return [sample];
    });
}

function parseSample(line: string): Sample {
  const [, name, labels = '', number = ''] = sampleLine.exec(line) ?? [];
  const value = number === '+Inf' ? Number.POSITIVE_INFINITY : Number(number);
  if (name === undefined || Number.isNaN(value)) throw new Error(`not a sample: ${line}`);
  return { name, labels: parseLabels(labels), value };
}

function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  label.lastIndex = 0;
  while (label.lastIndex < text.length) {
    const at = label.lastIndex;
    const [, name, value] = label.exec(text) ?? [];
    if (name === undefined || value === undefined) throw new Error(`no labels: ${text.slice(at)}`);
    labels[name] = value;
  }
  return labels;
}
