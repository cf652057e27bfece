import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type JaegerService, MissingPrerequisiteError, type StartOptions } from '../service.ts';
import { cached } from './cache.ts';
import { newDataFolder } from './dataFolder.ts';
import { freePorts } from './ports.ts';
import { runToEnd, startProcess } from './process.ts';
import { findProgram } from './programs.ts';
import { portAnswers, untilReady, urlAnswers } from './ready.ts';
import { step } from './step.ts';

const version = '1.76.0';
const module = `github.com/jaegertracing/jaeger@v${version}`;
const programName = 'jaeger-all-in-one';

/** Jaeger in one process: the machine's own, else built once from its Go module. */
export async function nativeJaeger(options: StartOptions): Promise<JaegerService> {
  const program = (await findProgram(programName)) ?? (await builtJaeger(options));
  const [otlpPort = 0, queryPort = 0] = await freePorts(2);
  const running = startProcess({
    program,
    arguments: [
      `--collector.otlp.http.host-port=127.0.0.1:${otlpPort}`,
      `--query.http-server.host-port=127.0.0.1:${queryPort}`,
      // What nobody here uses, at ports that no other Jaeger on this machine has.
      '--collector.otlp.grpc.host-port=127.0.0.1:0',
      '--collector.grpc-server.host-port=127.0.0.1:0',
      '--collector.http-server.host-port=127.0.0.1:0',
      '--query.grpc-server.host-port=127.0.0.1:0',
      '--admin.http.host-port=127.0.0.1:0',
    ],
    environment: { SPAN_STORAGE_TYPE: 'memory' },
    dataFolder: await newDataFolder('jaeger'),
    // SIGTERM would wait up to ten seconds for clients to hang up, and there is nothing to save.
    stopSignal: 'QUIT',
  });
  const queryUrl = `http://127.0.0.1:${queryPort}`;
  const isReady = async () =>
    (await urlAnswers(`${queryUrl}/api/services`)) && (await portAnswers(otlpPort));
  await untilReady('Jaeger', running, isReady, options.signal);
  return {
    name: 'Jaeger',
    origin: 'native',
    otlpUrl: `http://127.0.0.1:${otlpPort}`,
    queryUrl,
    example: `curl --silent ${queryUrl}/api/services`,
    stop: running.stop,
  };
}

async function builtJaeger(options: StartOptions): Promise<string> {
  const { report, signal } = options;
  const what = `building Jaeger ${version} with Go (a few minutes, once)`;
  const fill = (folder: string) => step(what, report, () => buildJaeger(folder, signal));
  return join(await cached(`jaeger-${version}`, fill, options), programName);
}

/** In the module's own folder, since `go install` refuses a module with replace directives. */
async function buildJaeger(folder: string, signal: AbortSignal | undefined): Promise<void> {
  const go = await findProgram('go');
  if (go === undefined) {
    throw new MissingPrerequisiteError(
      `Jaeger is built with Go, and there is no go: install Go 1.21 or newer, or put ${programName} on the PATH, or start Docker, or set JAEGER_OTLP_URL and JAEGER_QUERY_URL.`,
    );
  }
  await runToEnd(
    {
      program: go,
      arguments: ['build', '-trimpath', '-o', join(folder, programName), './cmd/all-in-one'],
      workingFolder: await moduleFolder(go, folder, signal),
      environment: { CGO_ENABLED: '0' },
    },
    signal,
  );
}

/** Where Go keeps the module's source, which it downloads first. */
async function moduleFolder(
  go: string,
  workingFolder: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  const { stdout } = await promisify(execFile)(go, ['mod', 'download', '-json', module], {
    cwd: workingFolder,
    signal,
  });
  const answer: unknown = JSON.parse(stdout);
  if (typeof answer === 'object' && answer !== null && 'Dir' in answer) {
    if (typeof answer.Dir === 'string') return answer.Dir;
  }
  throw new Error(`go mod download ${module} gave no folder: ${stdout}`);
}
