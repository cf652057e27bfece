import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { problemsOfFile, withFile, withSetting } from './files.ts';

const login = (password: string) =>
  withSetting(
    'kafka',
    `kafka: {brokers: "a:1", sasl: {mechanism: plain, username: u, password: ${password}}}`,
  );

/** The password that is read where the file `secret` beside the configuration holds `content`. */
async function passwordFrom(written: string, content: string | Uint8Array): Promise<unknown> {
  return withFile(login(written), async (file, folder) => {
    await writeFile(join(folder, 'secret'), content);
    const { config } = await loadConfig(file, { NAME: 'value' });
    return Reflect.get(config.kafka.sasl ?? {}, 'password');
  });
}

/** What is said of a value; `FOLDER` stands for the folder of the configuration. */
async function saidOf(written: string, content: string | Uint8Array = ''): Promise<string[]> {
  return withFile(login(written), async (file, folder) => {
    await writeFile(join(folder, 'secret'), content);
    const lines = await problemsOfFile(file, {}, folder);
    return lines.map((line) => line.replaceAll(folder, 'FOLDER'));
  });
}

describe('a value from a file', () => {
  test.each([
    [`\${file:secret}`, 's3cret\n', 's3cret'],
    [`\${file:./secret}`, 's3cret\r\n', 's3cret'],
    [`"\${file:secret}"`, ' a b ', ' a b '],
    [`\${file:secret}`, 'two\nlines\n\n', 'two\nlines\n'],
    [`"\${NAME}-\${file:secret}-\${UNSET:-x}"`, 's3cret\n', 'value-s3cret-x'],
    [`\${file:secret}`, `\${NAME}`, `\${NAME}`],
    [`$\${file:secret}`, 's3cret', `\${file:secret}`],
    [`\${file:-secret}`, 's3cret', 'secret'],
  ])('%s', async (written, content, expected) => {
    expect(await passwordFrom(written, content)).toBe(expected);
  });

  test('cannot change the structure', async () => {
    for (const secret of ['a: b', 'x # y', '}, group: other', '"', '- a', '*a', 'true']) {
      expect(await passwordFrom(`\${file:secret}`, secret)).toBe(secret);
    }
  });

  test('is read as a number where a setting wants one', async () => {
    const content = withSetting('other', `powerspace: {concurrency: \${file:number}}`);
    await withFile(content, async (file, folder) => {
      await writeFile(join(folder, 'number'), '12\n');
      expect((await loadConfig(file, {})).config.powerspace.concurrency).toBe(12);
    });
  });
});

describe('a file that gives no value is told with line and column', () => {
  const place = 'connector.yaml:1:73: error: kafka.sasl.password: ';

  test('where there is none', async () => {
    expect(await saidOf(`\${file:gone/secret}`)).toEqual([
      `${place}there is no file FOLDER/gone/secret; mount the secret there, or name another`,
    ]);
    expect(await saidOf(`\${file:secret/below}`)).toEqual([
      `${place}there is no file FOLDER/secret/below; mount the secret there, or name another`,
    ]);
  });

  test('where it is a folder', async () => {
    expect(await saidOf(`\${file:.}`)).toEqual([`${place}. is not a file; name one`]);
  });

  test('where it is far too long for a value, or no text', async () => {
    expect(await saidOf(`\${file:secret}`, Buffer.alloc(65_537, 'a'))).toEqual([
      `${place}the file secret is longer than 64 KB, which no value is`,
    ]);
    expect(await saidOf(`\${file:secret}`, new Uint8Array([0xff, 0xfe]))).toEqual([
      `${place}the file secret is not text in UTF-8; save it as such`,
    ]);
  });

  test('where it is empty', async () => {
    expect(await saidOf(`\${file:secret}`, '\n')).toEqual([
      `${place}expected text, found the value of \${file:secret}`,
    ]);
  });

  test.each([`\${file:}`, `\${file}x`, `\${file:a\${B}}`])('%s names none', async (written) => {
    expect(await saidOf(`"${written}"`)).toEqual([
      expect.stringMatching(/\$\{file:\/run\/secrets\/name\}|variable file is not set/),
    ]);
  });
});
