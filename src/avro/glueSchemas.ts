import type { GetSchemaVersionCommand as GetSchemaVersion, GlueClient } from '@aws-sdk/client-glue';
import { ConfigurationError, toError, UnavailableError } from '../errors.ts';
import { checkReadable, parseAvro } from './foreignSchema.ts';
import { SavedSchemas } from './savedSchemas.ts';
import type { AvroSchema } from './schema.ts';
import { keyOf, type SchemaReference } from './schemaReference.ts';
import { createSchemaSource, type SchemaSource } from './schemaSource.ts';

/** For one answer, credentials and all. */
const answerTimeout = 10_000;
const part = 'AWS Glue Schema Registry';

/** The schemas of AWS Glue, by the ids of their versions. */
export interface GlueSchemas extends SchemaSource {
  /** Ends the connections. */
  close(): void;
}

/** Where schemas are kept in files, and who is told of those that could not be. */
export interface GlueOptions {
  readonly cache: string | undefined;
  readonly onSaveFailure: (error: Error) => void;
}

/**
 * A client with AWS's standard settings: region, credentials and endpoint from the environment, the shared
 * files or the machine's role. Throws ConfigurationError where AWS's client is not installed or no region is
 * set.
 */
export async function createGlueSchemas(options: GlueOptions): Promise<GlueSchemas> {
  const aws = await importClient();
  // Whoever calls repeats what fails.
  const client = new aws.GlueClient({ maxAttempts: 1 });
  const region = await regionOf(client);
  const source = createSchemaSource({
    part,
    load: (reference) => load(client, aws.GetSchemaVersionCommand, reference),
    saved:
      options.cache === undefined
        ? undefined
        : new SavedSchemas(options.cache, `${part} ${region}`),
    onSaveFailure: options.onSaveFailure,
  });
  return { ...source, close: () => client.destroy() };
}

/** It is large, and only who reads this format needs it. */
async function importClient(): Promise<typeof import('@aws-sdk/client-glue')> {
  try {
    return await import('@aws-sdk/client-glue');
  } catch (thrown) {
    throw setup(
      `the format glue needs AWS's client to fetch schemas, which is an optional dependency: install @aws-sdk/client-glue, or name a schema file (schema: FILE.avsc) beside each format: glue (${toError(thrown).message})`,
    );
  }
}

async function regionOf(client: GlueClient): Promise<string> {
  try {
    return await client.config.region();
  } catch (thrown) {
    const { message } = toError(thrown);
    throw setup(`the format glue asks AWS, in a region that AWS_REGION must name: ${message}`);
  }
}

async function load(
  client: GlueClient,
  Command: typeof GetSchemaVersion,
  reference: SchemaReference,
): Promise<AvroSchema | undefined> {
  if (reference.kind !== 'versionId') throw new TypeError(`AWS Glue knows no ${reference.kind}`);
  const name = keyOf(reference);
  const deadline = AbortSignal.timeout(answerTimeout);
  try {
    const command = new Command({ SchemaVersionId: reference.value });
    const answer = await client.send(command, { abortSignal: deadline });
    if (answer.SchemaDefinition === undefined) throw new Error('the answer has no schema');
    const json = parseAvro(name, answer.SchemaDefinition, answer.DataFormat);
    return checkReadable(name, { json, references: [] });
  } catch (thrown) {
    return concludeFailure(toError(thrown), name, deadline.aborted);
  }
}

/** What only the user can mend: no credentials, bad ones, or no right to read. */
const refusals =
  /^(CredentialsProviderError|AccessDeniedException|UnrecognizedClientException|InvalidSignatureException|ExpiredTokenException|InvalidClientTokenId|MissingAuthenticationToken.*)$/;

function concludeFailure(error: Error, name: string, isLate: boolean): undefined {
  if (error.name === 'EntityNotFoundException') return undefined;
  if (error.name === 'UnreadableSchemaError') throw error;
  if (refusals.test(error.name)) {
    throw setup(
      `${part} refused the ${name}: ${error.message} (${error.name}); it takes credentials that allow glue:GetSchemaVersion`,
    );
  }
  const detail = isLate ? `no answer for the ${name} within ${answerTimeout} ms` : error.message;
  throw new UnavailableError(part, detail || error.name, { cause: error });
}

function setup(message: string): ConfigurationError {
  return new ConfigurationError([{ severity: 'error', setting: 'mappings', message }]);
}
