import { request } from 'node:http';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { StartedTestContainer } from 'testcontainers';

const pingTimeout = 1_000;

/** Whether a Docker engine answers at `DOCKER_HOST` or, without one, at a socket in its usual places. */
export async function engineAnswers(environment: NodeJS.ProcessEnv): Promise<boolean> {
  const answers = await Promise.all(engineAddresses(environment).map(answersPing));
  return answers.includes(true);
}

type EngineAddress =
  | { readonly socketPath: string }
  | { readonly host: string; readonly port: string };

/** The places are those where testcontainers looks too. */
function engineAddresses(environment: NodeJS.ProcessEnv): EngineAddress[] {
  const host = environment['DOCKER_HOST'];
  if (host) return URL.canParse(host) ? [engineAddress(new URL(host))] : [];
  const runtimeFolder = environment['XDG_RUNTIME_DIR'];
  return [
    { socketPath: '/var/run/docker.sock' },
    { socketPath: join(homedir(), '.docker', 'run', 'docker.sock') },
    ...(runtimeFolder ? [{ socketPath: join(runtimeFolder, 'docker.sock') }] : []),
  ];
}

function engineAddress(url: URL): EngineAddress {
  return url.protocol === 'unix:'
    ? { socketPath: url.pathname }
    : { host: url.hostname, port: url.port };
}

function answersPing(address: EngineAddress): Promise<boolean> {
  return new Promise((resolve) => {
    const ping = request({ ...address, path: '/_ping', timeout: pingTimeout }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    ping.on('timeout', () => ping.destroy());
    // Nobody listens: that is the answer.
    ping.on('error', () => resolve(false));
    ping.on('close', () => resolve(false));
    ping.end();
  });
}

/**
 * Waits for a container's start. An engine can't be told to give one up: when `signal` does, this doesn't
 * wait any longer, and the container is stopped when it has come up; should this process be gone by then,
 * testcontainers' reaper removes it.
 */
export async function startedContainer<Container extends StartedTestContainer>(
  starting: Promise<Container>,
  signal: AbortSignal | undefined,
): Promise<Container> {
  if (signal === undefined) return starting;
  const givenUp = Promise.withResolvers<never>();
  const giveUp = () => givenUp.reject(signal.reason);
  signal.addEventListener('abort', giveUp);
  try {
    signal.throwIfAborted();
    return await Promise.race([starting, givenUp.promise]);
  } catch (error) {
    // Where the start itself failed there is nothing to stop.
    starting.then((container) => container.stop()).catch(() => {});
    throw error;
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

/** The container's name as the command line takes it. */
export function containerName(container: StartedTestContainer): string {
  return container.getName().replace(/^\//, '');
}
