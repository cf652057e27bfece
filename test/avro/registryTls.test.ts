import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRegistry, type RegistryOptions } from '../../src/avro/registry.ts';
import { ConfigurationError, UnavailableError } from '../../src/errors.ts';

let folder: string;
const file = (name: string) => join(folder, name);
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'connector-registry-tls-'));
  makeAuthority('ca');
  makeAuthority('stranger');
  makeCertificate('server', 'ca');
  makeCertificate('client', 'ca');
  makeCertificate('impostor', 'stranger');
});
afterAll(() => rmSync(folder, { recursive: true }));

function openssl(...words: string[]): void {
  execFileSync('openssl', words, { stdio: 'ignore' });
}

const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc'];

function makeAuthority(name: string): void {
  const own = ['-keyout', file(`${name}.key`), '-out', file(`${name}.pem`)];
  openssl('req', '-x509', '-days', '2', ...curve, '-subj', `/CN=${name}`, ...own);
}

function makeCertificate(name: string, authority: string): void {
  const own = ['-keyout', file(`${name}.key`), '-out', file(`${name}.pem`)];
  const by = ['-CA', file(`${authority}.pem`), '-CAkey', file(`${authority}.key`)];
  const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1'];
  openssl('req', '-x509', '-days', '2', ...curve, ...subject, ...by, ...own);
}

/** A registry that lets in only whom `ca` vouches for, and a client with these files. */
async function ping(ssl: RegistryOptions['ssl']): Promise<void> {
  const server = createServer(
    {
      key: readFileSync(file('server.key')),
      cert: readFileSync(file('server.pem')),
      ca: readFileSync(file('ca.pem')),
      requestCert: true,
      rejectUnauthorized: true,
    },
    (_, response) => response.end('[]'),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const registry = createRegistry({ url: `https://127.0.0.1:${port}`, timeout: 5_000, ssl });
  try {
    await registry.ping();
  } finally {
    await registry.close();
    server.close();
  }
}

describe('over TLS, a registry', () => {
  test('is trusted by its own authority and lets in who has a certificate', async () => {
    await ping({ ca: file('ca.pem'), cert: file('client.pem'), key: file('client.key') });
  });

  test('is not talked to when its certificate does not verify', async () => {
    const own = { cert: file('client.pem'), key: file('client.key') };
    await expect(ping(own)).rejects.toThrow(UnavailableError);
    await expect(ping({ ...own, ca: file('stranger.pem') })).rejects.toThrow(/certificate/);
  });

  test('lets in nobody without a certificate, or with that of another authority', async () => {
    const ca = file('ca.pem');
    await expect(ping({ ca })).rejects.toThrow(UnavailableError);
    const other = { ca, cert: file('impostor.pem'), key: file('impostor.key') };
    await expect(ping(other)).rejects.toThrow(UnavailableError);
  });

  test('needs files that can be read', async () => {
    const failure = await ping({ ca: file('gone.pem') }).catch((thrown: unknown) => thrown);
    expect(failure).toBeInstanceOf(ConfigurationError);
    expect(String(failure)).toMatch(/registry\.ssl\.ca: the file cannot be read: ENOENT/);
  });
});
