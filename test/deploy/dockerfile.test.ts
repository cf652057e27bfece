import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { hadolintTool } from './tools.ts';

const packageSchema = z.object({
  version: z.string(),
  devDependencies: z.object({ node: z.string() }),
});

const readPackage = async () =>
  packageSchema.parse(JSON.parse(await readFile('package.json', 'utf8')));

/** What a line of the Dockerfile that begins so goes on with. */
async function setting(beginning: string): Promise<string> {
  const lines = (await readFile('Dockerfile', 'utf8')).split('\n');
  const line = lines.find((candidate) => candidate.startsWith(beginning));
  return line?.slice(beginning.length) ?? `no line begins with ${beginning}`;
}

describe('the Dockerfile', { timeout: 120_000 }, () => {
  test('leaves hadolint nothing to say', async (context) => {
    const hadolint = await hadolintTool(context);
    expect(await hadolint('Dockerfile')).toEqual({ exitCode: 0, output: '' });
  });

  test('builds and runs on the Node.js that the tests run on', async () => {
    const { node } = (await readPackage()).devDependencies;
    expect(await setting('ARG BUILD_IMAGE=')).toBe(`node:${node}-trixie-slim`);
    const [major] = node.split('.');
    expect(await setting('ARG BASE_IMAGE=')).toBe(
      `gcr.io/distroless/nodejs${major}-debian13:nonroot`,
    );
  });

  test('and the chart have the version of the package', async () => {
    const { version } = await readPackage();
    expect(await setting('ARG VERSION=')).toBe(version);
    const chart = parse(await readFile('deploy/helm/powerspace-connector/Chart.yaml', 'utf8'));
    expect(chart.appVersion).toBe(version);
  });

  test('gets from the ignore file all that it copies', async () => {
    const text = await readFile('Dockerfile', 'utf8');
    const copied = [...text.matchAll(/^COPY (?!--from)(.*) \S+$/gm)].flatMap(([, sources]) =>
      (sources ?? '').split(' '),
    );
    const ignored = (await readFile('.dockerignore', 'utf8')).split('\n');
    expect(ignored).toContain('*');
    const allowed = ignored.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
    expect([...new Set(copied)].sort()).toEqual(allowed.sort());
  });
});
