import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { startProxy } from '../../../dev/chaos/proxy.ts';
import { listen } from '../../listen.ts';

/** A proxy before a part that sends back whatever it gets. */
async function proxyBeforeEcho() {
  const echo = createServer((socket) => socket.on('error', () => {}).pipe(socket));
  const proxy = await startProxy();
  proxy.leadTo(await listen(echo));
  onTestFinished(async () => {
    await proxy.close();
    echo.close();
  });
  return proxy;
}

async function connectTo(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  return socket;
}

async function echoOf(socket: Socket, text: string): Promise<string> {
  socket.write(text);
  const [data] = await once(socket, 'data');
  return String(data);
}

test('passes on what comes, both ways', async () => {
  const socket = await connectTo((await proxyBeforeEcho()).port);
  expect(await echoOf(socket, 'hello')).toBe('hello');
});

test('that cuts resets every connection and lets new ones through', async () => {
  const proxy = await proxyBeforeEcho();
  const socket = await connectTo(proxy.port);
  await echoOf(socket, 'hello');
  const failed = once(socket, 'error');
  proxy.cut();
  expect(await failed).toMatchObject([{ code: 'ECONNRESET' }]);
  expect(await echoOf(await connectTo(proxy.port), 'again')).toBe('again');
});

test('that refuses takes no connection until it is opened again, at the same port', async () => {
  const proxy = await proxyBeforeEcho();
  await proxy.refuse();
  await expect(connectTo(proxy.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await proxy.open();
  expect(await echoOf(await connectTo(proxy.port), 'again')).toBe('again');
});

test('that hangs keeps what comes until it is opened again', async () => {
  const proxy = await proxyBeforeEcho();
  const old = await connectTo(proxy.port);
  await echoOf(old, 'hello');
  proxy.hang();
  const fresh = await connectTo(proxy.port);
  let answers = 0;
  for (const socket of [old, fresh]) socket.on('data', () => (answers += 1));
  const answered = Promise.all([once(old, 'data'), once(fresh, 'data')]);
  old.write('one');
  fresh.write('two');
  // Another proxy's answer is the sign that this one's would have come.
  const other = await connectTo((await proxyBeforeEcho()).port);
  await echoOf(other, 'hello');
  expect(answers).toBe(0);
  await proxy.open();
  expect((await answered).flat().map(String)).toEqual(['one', 'two']);
});

test('that swallows answers passes on what is asked, and what was answered once it is open again', async () => {
  const heard: string[] = [];
  const part = createServer((socket) => {
    socket
      .on('error', () => {})
      .on('data', (data) => {
        heard.push(String(data));
        socket.write('answer');
      });
  });
  const proxy = await startProxy();
  proxy.leadTo(await listen(part));
  onTestFinished(async () => {
    await proxy.close();
    part.close();
  });
  proxy.swallow();
  const socket = await connectTo(proxy.port);
  let answered = '';
  socket.on('data', (data) => {
    answered += String(data);
  });
  socket.write('question');
  await expect.poll(() => heard).toEqual(['question']);
  expect(answered).toBe('');
  await proxy.open();
  await expect.poll(() => answered).toBe('answer');
});
