import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';
import { confirm } from '../../src/cli/confirm.ts';
import { ledgerKey } from '../../src/pipeline/ledgerKey.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { hashClickId } from '../../src/telemetry/log.ts';
import { folderWith, runCommand } from './commandLine.ts';

const configuration = `kafka: {brokers: 'localhost:9092'}
registry: {url: 'http://localhost:8081'}
store: sqlite:connector.db
mappings:
  - {topic: orders, event: OrderPlaced, record: order, user: customerId, id: orderId}
`;
const key = ledgerKey('order', 'o-1');
const click = { hash: hashClickId('click-a'), mask: '…', at: 5, userKey: 'person-user' };
const claim = { key, kind: 'order', topic: 'orders', partition: 0, offset: 0, click } as const;

/** A store that a connector has open, with the clicks of two people and the order of one. */
async function openBeside() {
  const folder = await folderWith({ 'connector.yaml': configuration });
  const file = join(folder, 'connector.db');
  const store = openSqliteStore(file);
  onTestFinished(() => store.close());
  await store.clicks.save([
    { userKey: 'person-visitor', clickId: 'click-a', at: 5 },
    { userKey: 'person-user', clickId: 'click-a', at: 5 },
    { userKey: 'other', clickId: 'click-b', at: 5 },
  ]);
  await store.ledger.claim([claim]);
  await store.ledger.settle([{ key, state: 'delivered', status: 200, attempts: 1 }]);
  const run = (...command: readonly string[]) => runCommand(command, { folder });
  const forget = (...options: readonly string[]) => run('clicks', 'forget', ...options);
  return { ...store, file, run, forget };
}

describe('clicks forget', { timeout: 60_000 }, () => {
  test('says what it would remove, and removes nothing, where nobody can be asked', async () => {
    const { forget, clicks } = await openBeside();
    const { exitCode, stdout, stderr } = await forget('person-visitor');
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toBe(
      'error: would remove 2 rows of clicks under 2 user keys, and make 1 conversion in the ledger anonymous; nobody can be asked here, so give --yes\n',
    );
    expect(await clicks.count()).toBe(3);
  });

  test('removes a person under all keys beside the connector, which sends nothing twice', async () => {
    const { forget, clicks, ledger, run } = await openBeside();
    expect(await forget('person-visitor', '--yes')).toEqual({
      ...{ exitCode: 0, stderr: '' },
      stdout:
        'removed 2 rows of clicks under 2 user keys, and made 1 conversion in the ledger anonymous\n',
    });
    expect([...(await clicks.find(['person-visitor', 'person-user', 'other'])).keys()]).toEqual([
      'other',
    ]);
    expect(await ledger.claim([claim])).toEqual(['delivered']);
    const { stdout } = await run('explain', 'o-1');
    expect(stdout).toMatch(/^order o-1: delivered\n {2}record {5}orders\/0\/0\n.*no longer known/);
    const again = await forget('person-user', '--json');
    expect([again.exitCode, again.stdout]).toEqual([
      0,
      '{"userKeys":0,"clicks":0,"conversions":0}\n',
    ]);
  });

  test('leaves nothing of the person in the file', async () => {
    const { forget, file, close } = await openBeside();
    expect((await forget('person-user', '--yes', '--json')).stdout).toBe(
      '{"userKeys":2,"clicks":2,"conversions":1}\n',
    );
    await close();
    const content = await readFile(file, 'latin1');
    expect(content).toContain('click-b');
    expect(content).not.toMatch(/person-|click-a/);
    expect(content).not.toContain(click.hash);
  });

  test('has nothing to do where there is no store yet', async () => {
    const folder = await folderWith({ 'connector.yaml': configuration });
    const { exitCode, stdout } = await runCommand(['clicks', 'forget', 'u'], { folder });
    expect([exitCode, stdout]).toEqual([0, 'nothing is stored of this user key\n']);
  });
});

describe('asking at a terminal', () => {
  async function ask(answer: string) {
    const [input, output] = [new PassThrough(), new PassThrough()];
    const asked = text(output);
    input.end(answer);
    const hasAgreed = await confirm('Go on?', { input, output });
    output.end();
    return [hasAgreed, await asked];
  }

  test.each([
    ['y\n', true],
    ['Yes\n', true],
    ['n\n', false],
    ['\n', false],
    ['yesterday\n', false],
    ['', false],
  ])('takes %j for %s', async (answer, expected) => {
    expect(await ask(answer)).toEqual([expected, expect.stringMatching(/^Go on\? \[y\/N\] /)]);
  });
});
