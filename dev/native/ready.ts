import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { RunningProcess } from './process.ts';

/** Milliseconds that a part has to become ready: generous, for a machine with much else to do. */
const startDeadline = 90_000;
const probeInterval = 100;

/**
 * Waits until the probe says that a process is ready. A process that doesn't get there is ended.
 *
 * @throws Error with the last of its output when it ends or is still not ready after 90 s
 */
export async function untilReady(
  name: string,
  running: RunningProcess,
  probe: () => Promise<boolean>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const giveUpAt = Date.now() + startDeadline;
  let exitCode: number | undefined;
  const noteEnd = running.ended.then((code) => {
    exitCode = code;
  });
  try {
    while (!(await probe())) {
      await Promise.race([noteEnd, delay(probeInterval, undefined, { signal })]);
      if (exitCode !== undefined) {
        throw new Error(
          `${name} ended with exit code ${exitCode} while starting: ${running.tail()}`,
        );
      }
      if (Date.now() > giveUpAt) {
        throw new Error(`${name} is not ready after ${startDeadline / 1_000} s: ${running.tail()}`);
      }
    }
  } catch (error) {
    await running.stop();
    throw error;
  }
}

/** Whether something takes connections at a port of this machine. */
export async function portAnswers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    // Refused: nothing listens there yet.
    return false;
  } finally {
    socket.destroy();
  }
}

/** Whether a GET of the URL is answered with a 2xx. */
export async function urlAnswers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    // Refused, reset or too slow: not ready yet.
    return false;
  }
}
