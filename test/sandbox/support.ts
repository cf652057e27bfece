import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox/sandbox.ts';

/** A sandbox on a free port of the loopback interface, closed when the test ends. */
export async function sandboxForTest(
  options: Omit<SandboxOptions, 'host' | 'port'> = {},
): Promise<Sandbox> {
  const sandbox = await startSandbox({ host: '127.0.0.1', port: 0, ...options });
  onTestFinished(() => sandbox.close());
  return sandbox;
}

/** A connection that has sent one GET by hand, so that no client repeats or hides anything. */
export class RawRequest {
  readonly socket: Socket;
  /** What came back so far. */
  text = '';
  /** How many pieces it came in. */
  pieces = 0;
  /** Ends with the connection: `end` when the other side closed it in good order, or the error's code. */
  readonly ended: Promise<string>;

  constructor(sandbox: Sandbox, target: string) {
    const { hostname, port } = new URL(sandbox.url);
    this.socket = connect(Number(port), hostname);
    this.socket.on('data', (data) => {
      this.text += data.toString('latin1');
      this.pieces += 1;
    });
    this.ended = once(this.socket, 'end').then(
      () => 'end',
      (error: NodeJS.ErrnoException) => error.code ?? error.message,
    );
    this.socket.write(`GET ${target} HTTP/1.1\r\nhost: sandbox\r\n\r\n`);
    onTestFinished(() => {
      this.socket.destroy();
    });
  }

  /** Resolves when what came back satisfies the condition; the test's time-out is the deadline. */
  async until(condition: (text: string) => boolean): Promise<void> {
    while (!condition(this.text)) await once(this.socket, 'data');
  }
}
