import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { until } from '../integration/until.ts';
import { folderWith, type RunningCommand, silentAddress, startCommand } from './commandLine.ts';

/** Runs a command as process 1 of a namespace, as a container does. */
const asFirstProcess = ['unshare', '--user', '--map-root-user', '--pid', '--fork', '--kill-child'];
const [unshare = '', ...unshareOptions] = asFirstProcess;
const isAllowed = spawnSync(unshare, [...unshareOptions, 'true']).status === 0;

/** Sends the signal to process 1 itself, as an engine does; to none before it has started, or once it has ended. */
async function signalFirst({ processId }: RunningCommand, signal: NodeJS.Signals): Promise<void> {
  const file = `/proc/${processId}/task/${processId}/children`;
  const first = (await readFile(file, 'utf8').catch(() => '')).trim();
  if (first === '') return;
  try {
    process.kill(Number(first), signal);
  } catch (thrown) {
    // It has ended since.
    if (Reflect.get(Object(thrown), 'code') !== 'ESRCH') throw thrown;
  }
}

const says = (command: RunningCommand, part: string) =>
  until(
    () => command.written.stderr,
    (written) => written.includes(part),
  );

// Where namespaces are not allowed there is no process 1 to be.
describe.skipIf(!isAllowed)('as process 1 of a container', { timeout: 60_000 }, () => {
  test('it ends in good order when it is asked to', async () => {
    const sandbox = startCommand(['sandbox', '--listen', '127.0.0.1:0'], {
      through: asFirstProcess,
    });
    await says(sandbox, 'Ctrl-C ends it');
    await signalFirst(sandbox, 'SIGTERM');
    const { exitCode, stdout } = await sandbox.ended;
    expect([exitCode, stdout]).toEqual([0, 'recorded 0 leads, 0 orders worth 0\n']);
  });

  test.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)('a command that waits for no signal ends with %s', async (signal, exitCode) => {
    const folder = await folderWith({
      'connector.yaml': `kafka: {brokers: '${await silentAddress()}', connectTimeout: 50s}
registry: {url: 'http://${await silentAddress()}', timeout: 50s}
store: sqlite:connector.db
mappings:
  - {topic: orders, event: OrderPlaced, record: order, user: customerId}
`,
    });
    const check = startCommand(['check'], { folder, through: asFirstProcess });
    let endedWith: number | null | undefined;
    void check.ended.then((ended) => {
      endedWith = ended.exitCode;
    });
    // Again and again: what comes before Node.js has read the first line of the program is lost.
    const signalled = async () => {
      await signalFirst(check, signal);
      return endedWith;
    };
    expect(await until(signalled, (ended) => ended !== undefined, 20_000)).toBe(exitCode);
  });
});
