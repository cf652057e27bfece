import type { AwsIamSettings } from '../config/login.ts';
import { withDeadline } from '../deadline.ts';
import { ConfigurationError, toError, UnavailableError } from '../errors.ts';
import type { IssuedToken } from './bearerTokens.ts';

const part = "AWS's credentials for Kafka";

/**
 * A login for Amazon MSK: a request to the cluster, signed with the credentials that AWS's own clients find in
 * the environment, the shared files or the machine's role, within `timeout` milliseconds. Throws
 * ConfigurationError where there are none, and UnavailableError where whoever gives them is away.
 */
export async function signAwsToken(
  { region: configured }: AwsIamSettings,
  timeout: number,
): Promise<IssuedToken> {
  const signer = await importSigner();
  const region = configured ?? process.env['AWS_REGION'] ?? process.env['AWS_DEFAULT_REGION'] ?? '';
  if (region === '') {
    throw setup('name the region of the cluster as kafka.sasl.region, or in AWS_REGION');
  }
  try {
    const signing = signer.generateAuthToken({ region });
    const { token, expiryTime } = await withDeadline(signing, timeout);
    // The signer dates by the wall clock, by which AWS judges it; what is left of it goes by ours.
    return { value: token, validFor: expiryTime - Date.now() };
  } catch (thrown) {
    const { name, message } = toError(thrown);
    if (name === 'CredentialsProviderError') {
      throw setup(
        `AWS gives no credentials to log in with (${message}); set them up as for its other clients`,
      );
    }
    throw new UnavailableError(part, message, { cause: thrown });
  }
}

/** It brings AWS's client along, and only who logs in so needs it. */
async function importSigner(): Promise<typeof import('aws-msk-iam-sasl-signer-js')> {
  try {
    return await import('aws-msk-iam-sasl-signer-js');
  } catch (thrown) {
    throw setup(
      `the mechanism aws-msk-iam needs AWS's signer, which is an optional dependency: install aws-msk-iam-sasl-signer-js (${toError(thrown).message})`,
    );
  }
}

function setup(message: string): ConfigurationError {
  return new ConfigurationError([{ severity: 'error', setting: 'kafka.sasl', message }]);
}
