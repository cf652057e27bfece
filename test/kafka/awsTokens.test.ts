import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ConfigurationError } from '../../src/errors.ts';
import { signAwsToken } from '../../src/kafka/awsTokens.ts';
import { silentAddress } from '../cli/commandLine.ts';

const secretKey = 'qZ7canary-secret-key';

beforeEach(() => {
  for (const name of Object.keys(process.env).filter((each) => each.startsWith('AWS_'))) {
    vi.stubEnv(name, undefined);
  }
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/nonexistent/credentials');
  vi.stubEnv('AWS_CONFIG_FILE', '/nonexistent/config');
});
afterEach(() => {
  vi.unstubAllEnvs();
});

function giveCredentials(): void {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', secretKey);
  vi.stubEnv('AWS_SESSION_TOKEN', 'session');
}

const settings = { mechanism: 'aws-msk-iam' } as const;

test('a login for MSK is a request to the cluster of the region, signed, valid for 15 minutes', async () => {
  giveCredentials();
  const token = await signAwsToken({ ...settings, region: 'eu-west-1' }, 10_000);
  const url = new URL(Buffer.from(token.value, 'base64url').toString());
  expect(url.origin).toBe('https://kafka.eu-west-1.amazonaws.com');
  expect(Object.fromEntries(url.searchParams)).toMatchObject({
    Action: 'kafka-cluster:Connect',
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': expect.stringMatching(
      /^AKIDEXAMPLE\/\d{8}\/eu-west-1\/kafka-cluster\/aws4_request$/,
    ),
    'X-Amz-Security-Token': 'session',
    'X-Amz-Signature': expect.stringMatching(/^[0-9a-f]{64}$/),
  });
  expect(url.href).not.toContain(secretKey);
  // The date in it is cut to the second.
  expect(token.validFor).toBeGreaterThan(890_000);
  expect(token.validFor).toBeLessThanOrEqual(900_000);
});

test('its region is that of the environment where none is configured', async () => {
  giveCredentials();
  vi.stubEnv('AWS_REGION', 'us-east-2');
  const { value } = await signAwsToken(settings, 10_000);
  expect(Buffer.from(value, 'base64url').toString()).toContain('kafka.us-east-2.amazonaws.com');
});

test('without a region, or without credentials, it says what to do', async () => {
  await expect(signAwsToken(settings, 10_000)).rejects.toThrow(
    /kafka\.sasl: name the region of the cluster as kafka\.sasl\.region, or in AWS_REGION/,
  );
  const failure = signAwsToken({ ...settings, region: 'eu-west-1' }, 10_000);
  await expect(failure).rejects.toThrow(ConfigurationError);
  await expect(failure).rejects.toThrow(/AWS gives no credentials to log in with \(.*\); set them/);
});

test('whoever gives credentials and is silent is away, after the time-out', async () => {
  vi.stubEnv('AWS_CONTAINER_CREDENTIALS_FULL_URI', `http://${await silentAddress()}/credentials`);
  const failure = signAwsToken({ ...settings, region: 'eu-west-1' }, 300);
  await expect(failure).rejects.toThrow(/AWS's credentials for Kafka: not done within 300 ms/);
});
