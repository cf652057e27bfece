import { request } from 'node:http';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { StartedTestContainer } from 'testcontainers';

const pingTimeout = 1_000;
/** Milliseconds that a start which was given up is waited for. */
const stopPatience = 15_000;

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
 * Waits for a container's start. An engine can't be told to give one up: when `signal` does, the container
 * is stopped once it is up, unless that takes too long (its image is being pulled, say): then it is left
 * to testcontainers' reaper, which removes what a process leaves.
 */
export async function startedContainer<Container extends StartedTestContainer>(
  starting: Promise<Container>,
  signal: AbortSignal | undefined,
): Promise<Container> {
  const givenUp = Promise.withResolvers<never>();
  const giveUp = () => givenUp.reject(signal?.reason);
  signal?.addEventListener('abort', giveUp);
  try {
    signal?.throwIfAborted();
    return await Promise.race([starting, givenUp.promise]);
  } catch (error) {
    const stopped = starting.then((container) => container.stop());
    // Where the start itself failed there is nothing to stop.
    await Promise.race([stopped, delay(stopPatience)]).catch(() => {});
    throw error;
  } finally {
    signal?.removeEventListener('abort', giveUp);
  }
}

/** The container's name as the command line takes it. */
export function containerName(container: StartedTestContainer): string {
  return container.getName().replace(/^\//, '');
}
