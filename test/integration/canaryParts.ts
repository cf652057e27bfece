import { once } from 'node:events';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { TestContext } from 'vitest';

/** Begins every click id and user key, and is nowhere else. */
export const canary = 'qZ7canary';

/** The canary as a text, in base64 (wherever it stands in a group of three bytes), and its beginning in hexadecimal. */
const disguises = [canary, 'cVo3Y2FuYXJ5', 'FaN2NhbmFye', 'xWjdjYW5hcn', '71 ?5a ?37'];

/** Matches a text that holds the canary in the clear. */
export const canaryPattern = new RegExp(disguises.join('|'));

/** How it answers the first request for a click id that names it; any other, and the next, is recorded. */
const answers: Readonly<Record<string, (response: ServerResponse, echo: string) => unknown>> = {
  bad: (response, echo) => response.writeHead(400).end(`no click ${echo}`),
  unknown: (response, echo) => response.writeHead(404).end(`no click ${echo}`),
  failing: (response, echo) =>
    response.writeHead(500, { 'retry-after': echo, 'x-click': echo }).end(echo),
  redirected: (response, echo) =>
    response.writeHead(302, { location: `http://127.0.0.1:1/${echo}` }).end(echo),
  reset: (response) => response.destroy(),
  slow: () => undefined,
};

/** A Powerspace that puts the click id into all that it says. Resolves with its address and the requests it got. */
export async function startEcho(context: TestContext) {
  const requests: string[] = [];
  const url = await listen(context, (request, response) => {
    const target = request.url ?? '';
    const isFirst = !requests.includes(target);
    requests.push(target);
    const echo = new URL(target, 'http://powerspace').searchParams.get('qci') ?? '';
    const name = Object.keys(answers).find((each) => isFirst && echo.endsWith(`-${each}`));
    if (name === undefined) response.end(echo);
    else answers[name]?.(response, echo);
  });
  return { url, requests };
}

/** A collector of OpenTelemetry that keeps what it is sent: texts stand in protobuf as they are. */
export async function startCollector(context: TestContext) {
  const received: string[] = [];
  const url = await listen(context, async (request, response) => {
    received.push((await buffer(request)).toString('latin1'));
    response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
  });
  return { url, received };
}

async function listen(context: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.onTestFinished(async () => {
    server.closeAllConnections();
    await server[Symbol.asyncDispose]();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
