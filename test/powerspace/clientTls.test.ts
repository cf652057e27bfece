import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createSecureServer } from 'node:http2';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { classify } from '../../src/powerspace/answer.ts';
import { listen } from '../listen.ts';
import { clientFor, ok, startReceiver } from './receiver.ts';

interface Certificate {
  readonly key: Buffer;
  readonly cert: Buffer;
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'powerspace-connector-tls-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function makeCertificate(host: string, bits = 2_048): Certificate {
  const key = join(folder, `${host}-${bits}.key`);
  const cert = join(folder, `${host}-${bits}.crt`);
  const subject = ['-subj', `/CN=${host}`, '-addext', `subjectAltName=DNS:${host}`];
  const newKey = ['-newkey', `rsa:${bits}`, '-noenc', '-keyout', key, '-out', cert];
  execFileSync('openssl', ['req', '-x509', '-days', '2', ...subject, ...newKey], {
    stdio: 'ignore',
  });
  return { key: readFileSync(key), cert: readFileSync(cert) };
}

/** Trusts a certificate until the test ends. */
function trust({ cert }: Certificate): void {
  const before = getCACertificates('default');
  setDefaultCACertificates([...before, cert.toString()]);
  onTestFinished(() => setDefaultCACertificates(before));
}

async function attemptAt(certificate: Certificate) {
  const receiver = await startReceiver((socket) => socket.write(ok), {
    ...certificate,
    // The weak key, which the client must refuse, would already stop the server.
    ciphers: 'DEFAULT@SECLEVEL=0',
  });
  const result = await clientFor(receiver.url).get('/ld?qci=a');
  return { result, requests: receiver.requests };
}

describe('over TLS', () => {
  test('a postback is delivered when the certificate verifies', async () => {
    const certificate = makeCertificate('localhost');
    trust(certificate);
    const { result } = await attemptAt(certificate);
    expect(result).toMatchObject({ type: 'answer', status: 200 });
  });

  test('HTTP/1.1 is spoken also to a receiver that prefers HTTP/2', async () => {
    const certificate = makeCertificate('localhost');
    trust(certificate);
    const versions: string[] = [];
    const server = createSecureServer({ ...certificate, allowHTTP1: true }, (request, response) => {
      versions.push(request.httpVersion);
      response.end();
    });
    const port = await listen(server);
    onTestFinished(async () => {
      const closed = once(server, 'close');
      server.close();
      await closed;
    });
    const client = clientFor(`https://localhost:${port}`);
    expect(await client.get('/ld?qci=a')).toMatchObject({ status: 200 });
    await client.close();
    expect(versions).toEqual(['1.1']);
  });

  test('nothing is sent when the certificate is self-signed', async () => {
    const { result, requests } = await attemptAt(makeCertificate('localhost'));
    expect(result).toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    expect(classify(result)).toBe('setup');
    expect(requests).toEqual([]);
  });

  test('nothing is sent when the certificate is of another host', async () => {
    const certificate = makeCertificate('other.example');
    trust(certificate);
    const { result, requests } = await attemptAt(certificate);
    expect(result).toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
    expect(classify(result)).toBe('setup');
    expect(requests).toEqual([]);
  });

  test('nothing is sent when the key of the certificate is too weak', async () => {
    const certificate = makeCertificate('localhost', 1_024);
    trust(certificate);
    const { result, requests } = await attemptAt(certificate);
    expect(classify(result)).toBe('setup');
    expect(requests).toEqual([]);
  });
});

test.each([
  ['speaks no TLS', (socket: { end(text: string): void }) => socket.end('HTTP/1.1 400 No\r\n\r\n')],
  ['leaves in the handshake', (socket: { destroy(): void }) => socket.destroy()],
])('a receiver that %s is tried again: no request went out', async (_, onData) => {
  const server = createServer((socket) => {
    socket.on('error', () => {}).once('data', () => onData(socket));
  });
  const port = await listen(server);
  onTestFinished(() => {
    server.close();
  });
  const result = await clientFor(`https://localhost:${port}`).get('/ld?qci=a');
  expect(result).toMatchObject({ type: 'failure', stage: 'before-request' });
  expect(classify(result)).toBe('transient');
});
