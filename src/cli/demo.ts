import { findDiscrepancies, formatResult, toJson } from '../../dev/demo/report.ts';
import { type DemoTrace, demonstrate } from '../../dev/demo.ts';

/** Options of `demo`. */
export interface DemoCommandOptions {
  readonly json?: true;
}

/** Shows the connector at work on real parts; 0 only when every record has its outcome and all sides agree. */
export async function demo({ json }: DemoCommandOptions): Promise<number> {
  const program = process.argv[1] as string;
  const { result, trace } = await demonstrate({
    program,
    report: (line) => process.stderr.write(`${line}\n`),
  });
  const discrepancies = findDiscrepancies(result);
  for (const discrepancy of discrepancies) process.stderr.write(`error: ${discrepancy}\n`);
  if (json) process.stdout.write(`${toJson(result)}\n`);
  else process.stdout.write(`\n${formatResult(result)}\n${describeTrace(trace)}\n${tryNext}\n`);
  return discrepancies.length === 0 ? 0 : 1;
}

function describeTrace(trace: DemoTrace | undefined): string {
  if (!trace) return '';
  return `\nOne conversion, as Jaeger tells it (trace ${trace.id}):\n${trace.text}\n`;
}

const tryNext = `Try next:
  npm run services                          the same parts, to play with; it prints their addresses
  npx powerspace-connector sandbox          a Powerspace that records nothing real
  npx powerspace-connector check            with your own connector.yaml (begin with connector.example.yaml)
  npx powerspace-connector run              and your own events`;
