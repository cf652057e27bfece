import { MissingPrerequisiteError } from './service.ts';
import { startReport } from './startReport.ts';

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
  try {
    const report = await tool.run(startReport());
    console.log(tool.json ? JSON.stringify(report) : tool.format(report));
    process.exitCode = report.holds ? 0 : 1;
  } catch (thrown) {
    if (!tool.interrupted.aborted && !(thrown instanceof MissingPrerequisiteError)) throw thrown;
    console.error(thrown instanceof Error ? thrown.message : thrown);
    // What was under way in an interrupted run has lost its parts.
    process.exit(1);
  }
}
