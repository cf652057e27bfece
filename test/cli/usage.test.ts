import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { folderWith, runCommand } from './commandLine.ts';

describe('the command line', { timeout: 60_000 }, () => {
  test('says with --help which commands there are', async () => {
    const { exitCode, stdout, stderr } = await runCommand(['--help']);
    expect(stdout).toMatch(/^Usage: powerspace-connector /);
    for (const command of ['run', 'check', 'health', 'send', 'sandbox', 'demo', 'reconcile']) {
      expect(stdout).toMatch(new RegExp(`^ {2}${command} \\[options\\]`, 'm'));
    }
    expect(stdout).toMatch(/^ {2}clicks /m);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  });

  test.each([
    [
      'run',
      ['--config <file>', '--json', '--from <time>', '--to <time>', '--group <name>', '--dry-run'],
    ],
    ['check', ['--config <file>', '--json']],
    ['health', ['--config <file>', '--json', '--live']],
    ['send', ['--config <file>', '--json', '--click <id>', '--value <amount>', '--url <url>']],
    ['sandbox', ['--listen <address>', '--faults <file>', '--json']],
    ['demo', ['--json']],
    ['reconcile', ['--config <file>', '--json', '--date <day>']],
    ['clicks import', ['--config <file>', '--json', '--format <format>', '--skip <lines>']],
    ['clicks get', ['--config <file>', '--json', '--show']],
  ])(
    'says with %s --help what can be given, in lines that fit a terminal',
    async (command, options) => {
      const { exitCode, stdout, stderr } = await runCommand([...command.split(' '), '--help']);
      for (const option of [...options, '--help']) expect(stdout).toContain(option);
      expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    },
  );

  test('shows the help as an error when no command is given', async () => {
    const { exitCode, stdout, stderr } = await runCommand([]);
    expect(stderr).toMatch(/^Usage: powerspace-connector /);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  });

  test.each([
    [['rnu'], "unknown command 'rnu'\n(Did you mean run?)"],
    [['run', '--confg', 'x'], "unknown option '--confg'\n(Did you mean --config?)"],
    [['run', 'now'], "too many arguments for 'run'"],
    [['check', '--config'], "option '--config <file>' argument missing"],
    [['run', '--to', '2026-11-01'], '--to and --group belong to a backfill, which --from begins'],
    [['run', '--from', 'yesterday'], '--from "yesterday" is no time such as 2026-11-24T10:00:00Z'],
    [
      ['run', '--from', '2026-11-01', '--to', '2026-10-01'],
      '--from "2026-11-01" is not before --to',
    ],
    [['run', '--from', '2026-11-01', '--to', '2999-01-01'], '--to "2999-01-01" lies in the future'],
    [['send'], "required option '--click <id>' not specified"],
    [['send', '--click', 'a'], "missing required argument 'kind'"],
    [['sandbox', '--listen', '8090'], '--listen "8090" is not host:port, such as 127.0.0.1:8090'],
  ])('answers %j with what is wrong, and exit code 2', async (commandArguments, message) => {
    const { exitCode, stdout, stderr } = await runCommand(commandArguments);
    expect(stderr).toContain(`error: ${message}`);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  });

  test('does not mind when nobody reads its output to the end', async () => {
    const folder = await folderWith({ 'connector.yaml': 'kafka: {}' });
    const command = `"${process.execPath}" "${process.cwd()}/src/main.ts" check | true`;
    const { stderr } = spawnSync('sh', ['-c', command], { cwd: folder, encoding: 'utf8' });
    expect(stderr).toBe('');
  });
});
