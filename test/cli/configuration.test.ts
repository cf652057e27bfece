import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { folderWith, runCommand } from './commandLine.ts';

const valid = `kafka:
  brokers: localhost:9092
registry:
  url: http://localhost:8081
mappings:
  - topic: orders
    event: OrderPlaced
    record: order
    user: customerId
`;

const mistakes = [
  {
    mistake: 'a bracket that is not closed',
    file: valid.replace('localhost:9092', '[localhost:9092'),
    message:
      'connector.yaml:3:1: error: a bracket opened above is not closed, or this line is not indented enough to be inside it',
  },
  {
    mistake: 'an unknown setting',
    file: valid.replace('brokers:', 'broker:'),
    message: 'connector.yaml:2:3: error: kafka.broker: unknown setting; did you mean brokers?',
  },
  {
    mistake: 'a value of another type',
    file: `${valid}admin:\n  listen: 9464\n`,
    message:
      'connector.yaml:11:11: error: admin.listen: expected text, found a number; put it in quotes',
  },
  {
    mistake: 'a variable that is not set',
    file: valid.replace('localhost:9092', `\${CLI_TEST_BROKERS}`),
    message:
      'connector.yaml:2:12: error: kafka.brokers: the environment variable CLI_TEST_BROKERS is not set; set it',
  },
  {
    mistake: 'a schema file that is not there',
    file: `${valid}    format: bare\n    schema: schemas/none.avsc\n`,
    message: 'connector.yaml:11:13: error: mappings[0].schema: the schema file cannot be read: ',
  },
];

describe('a configuration that can not work', { timeout: 60_000 }, () => {
  test.each(mistakes)(
    '$mistake: run says where it is, and ends with 1',
    async ({ file, message }) => {
      const folder = await folderWith({ 'connector.yaml': file });
      const { exitCode, stdout, stderr } = await runCommand(['run'], { folder });
      expect(stderr.split('\n').filter((line) => line.startsWith(message))).toHaveLength(1);
      expect(stderr).not.toMatch(/^\s+at /m);
      expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    },
  );

  test('is listed by check as its result, with every mistake', async () => {
    const file = valid.replace('brokers:', 'broker:').replace('event:', 'evnt:');
    const folder = await folderWith({ 'acme.yaml': file });
    const { exitCode, stdout, stderr } = await runCommand(['check', '--config', 'acme.yaml'], {
      folder,
    });
    const lines = stdout.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^problem +configuration +acme.yaml$/);
    expect(lines).toContain(
      'acme.yaml:2:3: error: kafka.broker: unknown setting; did you mean brokers?',
    );
    expect(lines).toContain(
      'acme.yaml:7:5: error: mappings[0].evnt: unknown setting; did you mean event?',
    );
    expect(lines.at(-1)).toBe('acme.yaml is not ready to run: 4 problems');
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: '' });
  });

  test('is listed by check --json as one object', async () => {
    const folder = await folderWith({ 'connector.yaml': valid.replace('brokers:', 'broker:') });
    const { exitCode, stdout, stderr } = await runCommand(['check', '--json'], { folder });
    const result = z
      .object({ ok: z.boolean(), problems: z.array(z.looseObject({ setting: z.string() })) })
      .parse(JSON.parse(stdout));
    expect(result.ok).toBe(false);
    expect(result.problems).toContainEqual({
      severity: 'error',
      file: 'connector.yaml',
      line: 2,
      column: 3,
      setting: 'kafka.broker',
      message: 'unknown setting; did you mean brokers?',
    });
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: '' });
  });

  test('may be missing altogether: then run, check and send say how to have one', async () => {
    const folder = await folderWith({});
    const message =
      'connector.yaml: error: there is no such file; write one as in connector.example.yaml, or name another with --config FILE\n';
    const run = await runCommand(['run'], { folder });
    expect(run).toEqual({ exitCode: 1, stdout: '', stderr: message });
    const send = await runCommand(['send', 'lead', '--click', 'abc'], { folder });
    expect(send).toEqual({ exitCode: 1, stdout: '', stderr: message });
    const check = await runCommand(['check'], { folder });
    expect(check.stdout).toContain(message);
    expect(check).toMatchObject({ exitCode: 1, stderr: '' });
  });
});

describe('an environment that would have no certificate verified', { timeout: 60_000 }, () => {
  const said =
    /^error: NODE_TLS_REJECT_UNAUTHORIZED=0 in the environment would have no certificate/m;
  const environment = { NODE_TLS_REJECT_UNAUTHORIZED: '0' };

  test.each([
    ['run', ['run']],
    ['check', ['check']],
    ['send', ['send', 'lead', '--click', 'a', '--url', 'https://127.0.0.1:1']],
  ])('ends %s before anything is connected to', async (_, command) => {
    const folder = await folderWith({ 'connector.yaml': valid });
    const { exitCode, stdout, stderr } = await runCommand(command, { folder, environment });
    expect(`${stdout}${stderr}`).toMatch(said);
    expect(stderr).not.toContain('connecting');
    expect(exitCode).toBe(1);
  });
});
