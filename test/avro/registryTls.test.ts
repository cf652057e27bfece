import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRegistry, type RegistryOptions } from '../../src/avro/registry.ts';
import { ConfigurationError, UnavailableError } from '../../src/errors.ts';
import { type Certificates, makeCertificates } from '../certificates.ts';
import { listen } from '../listen.ts';

let certificates: Certificates;
const file = (name: string) => certificates.file(name);
beforeAll(() => {
  certificates = makeCertificates();
});
afterAll(() => certificates.remove());

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
  const port = await listen(server);
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
    await expect(ping({ ...own, ca: file('stranger.pem') })).rejects.toThrow(
      /certificate.*; name the file of the authority that issued it as registry\.ssl\.ca/,
    );
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
