import { z } from 'zod';
import { httpUrl, secret, text } from './values.ts';

/*
 * How the connector logs in to the brokers. Messages as in values.ts.
 */

/** Files of TLS, PEM each. */
export const tlsFiles = z.strictObject({
  ca: text.optional().meta({ description: 'A file with the certificate authorities (PEM).' }),
  cert: text.optional().meta({ description: 'A file with the client certificate (PEM).' }),
  key: text.optional().meta({ description: 'A file with the client key (PEM).' }),
});

const password = z.strictObject({
  mechanism: z
    .enum(['plain', 'scram-sha-256', 'scram-sha-512'])
    .meta({ description: 'How the client proves who it is.' }),
  username: text.meta({ description: 'The user at the brokers.' }),
  password: secret.meta({ description: 'The password of that user.' }),
});

// RFC 7628, section 3.1: a key is letters, a value visible ASCII and spaces; `auth` is the token itself.
const extensions = z.record(
  z.string().regex(/^(?!auth$)[A-Za-z]+$/, 'the name of an extension is letters, and not auth'),
  z.string().regex(/^[\x20-\x7e]*$/, 'expected visible ASCII characters'),
);

const clientCredentials = z.strictObject({
  mechanism: z.literal('oauthbearer').meta({ description: 'How the client proves who it is.' }),
  tokenEndpoint: httpUrl.meta({
    description: 'Where tokens are asked for, with the grant client_credentials.',
  }),
  clientId: text.meta({ description: 'The client at the token endpoint.' }),
  clientSecret: secret.meta({ description: 'The secret of that client.' }),
  scope: text.optional().meta({ description: 'The scopes to ask for, separated by spaces.' }),
  audience: text
    .optional()
    .meta({ description: 'The audience to ask for, where the token endpoint wants one.' }),
  extensions: extensions.optional().meta({
    description: 'SASL extensions, such as logicalCluster and identityPoolId of Confluent Cloud.',
  }),
  ssl: tlsFiles.optional().meta({ description: 'The files to use for an https token endpoint.' }),
});

const awsIam = z.strictObject({
  mechanism: z.literal('aws-msk-iam').meta({ description: 'How the client proves who it is.' }),
  region: z
    .string()
    .regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'expected a region of AWS, such as eu-west-1')
    .optional()
    .meta({ description: 'The region of the cluster; by default AWS_REGION.' }),
});

/** The part `kafka.sasl`. */
export const sasl = z.discriminatedUnion('mechanism', [password, clientCredentials, awsIam]);

/** A login with tokens of a token endpoint. */
export type ClientCredentialsSettings = z.infer<typeof clientCredentials>;
/** A login with a request to AWS, signed, as the token. */
export type AwsIamSettings = z.infer<typeof awsIam>;
