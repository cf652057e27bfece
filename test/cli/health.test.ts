import { createServer } from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startAdminServer } from '../../src/admin/server.ts';
import { minimal } from '../config/files.ts';
import { listen } from '../listen.ts';
import { folderWith, runCommand, unusedAddress } from './commandLine.ts';

const configuration = (listen: string) => `${minimal}admin: {listen: '${listen}'}
`;

/** An admin server as `run` has it, and `health` for its configuration. */
async function startAdmin(problems: readonly string[], host = '127.0.0.1') {
  const refuse = () => {
    throw new Error('nobody asks for this here');
  };
  const admin = await startAdminServer({
    ...{ listen: `${host}:0`, problems: () => problems },
    ...{ handleMetrics: refuse, handleClicks: refuse },
  });
  onTestFinished(admin.close);
  return health(`${host}:${new URL(admin.url).port}`);
}

async function health(listen: string) {
  const folder = await folderWith({ 'connector.yaml': configuration(listen) });
  return (...options: readonly string[]) => runCommand(['health', ...options], { folder });
}

describe('health', { timeout: 60_000 }, () => {
  test('says that the connector is ready', async () => {
    const ask = await startAdmin([]);
    expect(await ask()).toEqual({ exitCode: 0, stdout: 'ready\n', stderr: '' });
  });

  test('fails with the reasons while the connector is not ready, though it is live', async () => {
    const ask = await startAdmin(['sending is held', 'the broker is away']);
    const stdout = 'not ready\n  sending is held\n  the broker is away\n';
    expect(await ask()).toEqual({ exitCode: 1, stdout, stderr: '' });
    expect(await ask('--live', '--json')).toEqual({
      ...{ exitCode: 0, stderr: '' },
      stdout: '{"status":"live","problems":[]}\n',
    });
  });

  test('asks at home a connector that listens everywhere', async () => {
    const ask = await startAdmin([], '0.0.0.0');
    expect((await ask()).stdout).toBe('ready\n');
  });

  test('fails when nobody listens there', async () => {
    const listen = await unusedAddress();
    const { exitCode, stdout } = await (await health(listen))('--live');
    expect([exitCode, stdout]).toEqual([
      1,
      `unreachable\n  ${listen} (admin.listen): connect ECONNREFUSED ${listen}\n`,
    ]);
  });

  test('fails when what listens there is something else', async () => {
    const other = createServer((_, response) => response.end('welcome'));
    onTestFinished(() => void other.close());
    const ask = await health(`127.0.0.1:${await listen(other)}`);
    const { exitCode, stdout } = await ask('--live');
    expect(exitCode).toBe(1);
    expect(stdout).toContain('no admin server answers there');
  });

  test('gives up a server that takes the call and says nothing', async () => {
    const silent = createServer(() => undefined);
    onTestFinished(() => {
      silent.closeAllConnections();
      silent.close();
    });
    const ask = await health(`127.0.0.1:${await listen(silent)}`);
    const { exitCode, stdout } = await ask('--live');
    expect([exitCode, stdout.split('\n')[0]]).toEqual([1, 'unreachable']);
  });
});
