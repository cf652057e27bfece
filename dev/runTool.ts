import { MissingPrerequisiteError } from './service.ts';

/** How a tool is run and shown. */
export interface Tool<Report> {
  /** Runs it; `report` tells a person of progress. */
  readonly run: (report: (line: string) => void) => Promise<Report>;
  readonly format: (report: Report) => string;
  /** Ends the run at once. */
  readonly interrupted: AbortSignal;
  readonly json: boolean;
}

/** Runs a tool that judges the connector: progress to stderr, its report to stdout; exit code 1 where that doesn't hold. */
export async function runTool<Report extends { readonly holds: boolean }>(
  tool: Tool<Report>,
): Promise<void> {
  const startedAt = performance.now();
  try {
    const report = await tool.run((line) => {
      const seconds = Math.round((performance.now() - startedAt) / 1_000);
      console.error(`${String(seconds).padStart(5)} s  ${line}`);
    });
    console.log(tool.json ? JSON.stringify(report) : tool.format(report));
    process.exitCode = report.holds ? 0 : 1;
  } catch (thrown) {
    if (!tool.interrupted.aborted && !(thrown instanceof MissingPrerequisiteError)) throw thrown;
    console.error(thrown instanceof Error ? thrown.message : thrown);
    // What was under way in an interrupted run has lost its parts.
    process.exit(1);
  }
}
