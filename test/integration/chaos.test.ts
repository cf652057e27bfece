import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect, type TestContext, test } from 'vitest';
import { findJava } from '../../dev/native/programs.ts';
import { MissingPrerequisiteError } from '../../dev/service.ts';

/** Draws several kinds of faults within the time, kills among them. */
const seed = 200;
/** Those that are soon over: what lasts for a session has its own place in a longer run. */
const faults = {
  sqlite: [
    ...['kill', 'deploy', 'broker-kill', 'kafka-cut', 'receiver-cut', 'registry-down'],
    ...['store-locked', 'answers-503', 'closes-unanswered', 'endless-answers'],
  ],
  postgres: [
    ...['kill', 'deploy', 'store-locked'],
    ...['database-restart', 'database-kill', 'database-cut', 'database-down'],
  ],
};

test.for(['sqlite', 'postgres'] as const)(
  'in a short chaos with %s nothing is lost, nothing sent twice without cause, no commit goes back',
  { timeout: 300_000 },
  async (store, context) => {
    await requireJava(context);
    const run = ['dev/chaos.ts', '--minutes', '0.7', '--seed', `${seed}`, '--json'];
    const asked = ['--store', store, '--only', faults[store].join(',')];
    const child = spawn(process.execPath, [...run, ...asked], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    context.onTestFinished(() => void child.kill());
    const [output, progress] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'exit'),
    ]);
    if (progress.includes('There is no PostgreSQL server')) context.skip(progress);
    expect(child.exitCode, `${progress}\n${output}`).toBe(0);
    const report = JSON.parse(output);
    expect(report.records).toBeGreaterThan(5_000);
    expect(Object.keys(report.faults).length).toBeGreaterThanOrEqual(4);
    expect(report.faults).toHaveProperty('kill');
  },
);

/** Chaos kills its broker, so that it needs one of its own. */
async function requireJava(context: TestContext): Promise<void> {
  try {
    await findJava('Kafka', 'KAFKA_BROKERS');
  } catch (thrown) {
    if (!(thrown instanceof MissingPrerequisiteError)) throw thrown;
    context.skip(thrown.message);
  }
}
