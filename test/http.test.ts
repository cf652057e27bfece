import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { createRegistry } from '../src/avro/registry.ts';
import { requestToken } from '../src/kafka/tokenEndpoint.ts';
import { classify } from '../src/powerspace/answer.ts';
import { readStatistics } from '../src/powerspace/statistics.ts';
import { type Certificates, makeCertificates, remoteHost } from './certificates.ts';
import {
  type AnswerByHand,
  clientFor,
  ok,
  startReceiver,
  unusedPort,
} from './powerspace/receiver.ts';
import { type ProxyStandIn, startProxyStandIn } from './proxyStandIn.ts';
import { client, startTokenIssuer } from './tokenIssuer.ts';

let certificates: Certificates;
beforeAll(() => {
  certificates = makeCertificates();
});
afterAll(() => certificates.remove());
afterEach(() => {
  vi.unstubAllEnvs();
});

/** A proxy that the environment names for everything but `exceptions`. */
async function useProxy(exceptions = '', login = ''): Promise<ProxyStandIn> {
  const proxy = await startProxyStandIn();
  onTestFinished(proxy.close);
  const url = proxy.url.replace('//', `//${login}`);
  vi.stubEnv('HTTPS_PROXY', url);
  vi.stubEnv('HTTP_PROXY', url);
  vi.stubEnv('NO_PROXY', exceptions);
  return proxy;
}

/** A receiver over TLS, which shows the certificate `server`. */
async function startTlsReceiver(answer: AnswerByHand) {
  const [key, cert] = ['server.key', 'server.pem'].map((name) =>
    readFileSync(certificates.file(name)),
  );
  const { url, ...receiver } = await startReceiver(answer, { key, cert });
  return { ...receiver, url: remote(url) };
}

/** The same port of a host that only the proxy can find. */
const remote = (url: string) => url.replace(/localhost|127\.0\.0\.1/, remoteHost);

const ssl = () => ({ ca: certificates.file('ca.pem') });
const answerJson: AnswerByHand = (socket) =>
  socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]');
const answerOk: AnswerByHand = (socket) => socket.write(ok);

describe('a proxy of the environment', () => {
  test('leads postbacks to an https address through a tunnel that it cannot look into', async () => {
    const proxy = await useProxy('', 'user:pa%20ss@');
    const receiver = await startTlsReceiver(answerOk);
    const powerspace = clientFor(receiver.url, { ssl: ssl() });
    expect(await powerspace.get('/ld?qci=a')).toMatchObject({ status: 200 });
    expect(await powerspace.get('/ld?qci=b')).toMatchObject({ status: 200 });
    expect(receiver.requests.map((request) => request.split('\r\n')[0])).toEqual([
      'GET /ld?qci=a HTTP/1.1',
      'GET /ld?qci=b HTTP/1.1',
    ]);
    expect(new Set(proxy.tunnels)).toEqual(new Set([new URL(receiver.url).host]));
    expect(new Set(proxy.headers)).toEqual(new Set([`Basic ${btoa('user:pa ss')}`]));
    expect(receiver.requests.join()).not.toContain('proxy-authorization');
  });

  test('leads questions for the statistics through a tunnel too', async () => {
    const proxy = await useProxy();
    const url = remote((await startReceiver(answerJson)).url);
    const options = { url: `${url}/statistics`, token: 'token', timeout: 30_000 };
    expect(await readStatistics(options, '2026-11-23')).toEqual([]);
    expect([proxy.tunnels, proxy.forwarded]).toEqual([[new URL(url).host], []]);
  });

  test('leads them to an http address through a tunnel too, so that it can neither answer nor repeat', async () => {
    const proxy = await useProxy();
    const url = remote((await startReceiver(answerOk)).url);
    expect(await clientFor(url).get('/ld?qci=a')).toMatchObject({ status: 200 });
    expect(proxy).toMatchObject({ tunnels: [new URL(url).host], forwarded: [] });
  });

  test('leads to the registry and to the token endpoint as well', async () => {
    const proxy = await useProxy();
    const receiver = await startReceiver((socket) =>
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]'),
    );
    const registryUrl = remote(receiver.url);
    const registry = createRegistry({ url: registryUrl, timeout: 5_000 });
    onTestFinished(() => registry.close());
    await registry.ping();
    const issuer = await startTokenIssuer(certificates);
    onTestFinished(issuer.close);
    const tokenEndpoint = remote(issuer.url);
    const login = { clientId: client.id, clientSecret: client.secret, ssl: ssl() };
    await requestToken({ mechanism: 'oauthbearer', tokenEndpoint, ...login }, 5_000);
    expect(proxy.tunnels).toEqual([new URL(registryUrl).host, new URL(tokenEndpoint).host]);
  });

  test('is left out for the hosts of NO_PROXY, and for this machine', async () => {
    const proxy = await useProxy(`internal.invalid, ${remoteHost}`);
    const { url } = await startReceiver(answerOk);
    expect(await clientFor(remote(url)).get('/ld?qci=a')).toMatchObject({ type: 'failure' });
    vi.stubEnv('NO_PROXY', '');
    expect(await clientFor(url).get('/ld?qci=a')).toMatchObject({ status: 200 });
    expect(proxy.tunnels).toEqual([]);
  });

  test.each([
    ['drops the connection', (socket) => socket.destroy()],
    ['answers halfway', (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-le')],
  ] satisfies [string, AnswerByHand][])(
    'repeats nothing when the receiver behind it %s',
    async (_, answer) => {
      await useProxy();
      const receiver = await startTlsReceiver(answer);
      const result = await clientFor(receiver.url, { ssl: ssl() }).get('/ld?qci=a');
      expect(classify(result)).toBe('ambiguous');
      expect(receiver.requests).toHaveLength(1);
    },
  );

  test.each(['refuse', 'hang'] as const)(
    'that would %s has sent nothing, so that it is safe to try again',
    async (mode) => {
      const proxy = await useProxy();
      proxy.mode = mode;
      const receiver = await startReceiver(answerOk);
      const result = await clientFor(remote(receiver.url), { timeout: 300 }).get('/ld?qci=a');
      expect(result).toMatchObject({ type: 'failure', stage: 'before-request' });
      expect(classify(result)).toBe('transient');
      expect(receiver.requests).toEqual([]);
    },
  );

  test('that is away has sent nothing either, and its password is not told', async () => {
    await useProxy();
    vi.stubEnv('HTTP_PROXY', `http://user:qZ7canary@127.0.0.1:${await unusedPort()}`);
    const result = await clientFor(`http://${remoteHost}:1`).get('/ld?qci=a');
    expect(classify(result)).toBe('transient');
    expect(JSON.stringify(result)).not.toContain('qZ7canary');
  });

  test('does not keep a certificate from being verified', async () => {
    await useProxy();
    const receiver = await startTlsReceiver(answerOk);
    const result = await clientFor(receiver.url).get('/ld?qci=a');
    expect(classify(result)).toBe('setup');
    expect(JSON.stringify(result)).toContain('as powerspace.ssl.ca');
    expect(receiver.requests).toEqual([]);
  });

  test.each(['proxy.internal:3128', 'socks5://qZ7canary@proxy', 'http://'])(
    'must have an address (%s)',
    async (value) => {
      vi.stubEnv('https_proxy', value);
      const create = () => clientFor(`https://${remoteHost}`);
      expect(create).toThrow(/^error: https_proxy in the environment is not an address such as/);
      expect(create).not.toThrow(/qZ7canary/);
    },
  );
});

test("an authority of one's own is trusted for postbacks where powerspace.ssl names it", async () => {
  const { requests, url } = await startTlsReceiver(answerOk);
  const local = url.replace(remoteHost, '127.0.0.1');
  expect(await clientFor(local, { ssl: ssl() }).get('/ld?qci=a')).toMatchObject({
    status: 200,
  });
  const strangers = { ca: certificates.file('stranger.pem') };
  const result = await clientFor(local, { ssl: strangers }).get('/ld?qci=a');
  expect(classify(result)).toBe('setup');
  expect(requests).toHaveLength(1);
});
