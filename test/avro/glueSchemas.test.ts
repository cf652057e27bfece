import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createGlueSchemas, type GlueSchemas } from '../../src/avro/glueSchemas.ts';
import type { SchemaReference } from '../../src/avro/schemaReference.ts';
import { ConfigurationError, UnavailableError } from '../../src/errors.ts';
import { listen } from '../listen.ts';
import { avro, orderPlaced } from './schemas.ts';

const versionId: SchemaReference = {
  kind: 'versionId',
  value: '0198a4f2-7c1e-7b43-9a51-3d2f6e8c1b07',
};

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'connector-glue-'));
  vi.stubEnv('AWS_REGION', 'eu-west-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'key');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
  vi.stubEnv('AWS_CONFIG_FILE', join(folder, 'config'));
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', join(folder, 'credentials'));
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

interface GlueAnswer {
  readonly status: number;
  readonly body: object;
}

const found: GlueAnswer = {
  status: 200,
  body: { SchemaDefinition: JSON.stringify(orderPlaced), DataFormat: 'AVRO', Status: 'AVAILABLE' },
};

function refused(name: string, status = 400): GlueAnswer {
  return { status, body: { __type: name, Message: `because of ${name}` } };
}

/** AWS Glue on the loopback, which gives one answer after the other, the last one for good. */
async function setUp(...answers: GlueAnswer[]) {
  const seen: { readonly target: unknown; readonly body: unknown }[] = [];
  const server = createServer(async (request, response) => {
    const body: unknown = JSON.parse(Buffer.concat(await request.toArray()).toString());
    seen.push({ target: request.headers['x-amz-target'], body });
    const answer = answers[Math.min(seen.length, answers.length) - 1] as GlueAnswer;
    response.writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(JSON.stringify(answer.body));
  });
  const port = await listen(server);
  vi.stubEnv('AWS_ENDPOINT_URL', `http://127.0.0.1:${port}`);
  const open = (): Promise<GlueSchemas> =>
    createGlueSchemas({ cache: join(folder, 'schemas'), onSaveFailure: () => {} });
  const glue = await open();
  return {
    ...{ glue, seen, open },
    async [Symbol.asyncDispose]() {
      glue.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe('a schema of AWS Glue', () => {
  test('is fetched once by the id of its version', async () => {
    await using given = await setUp(found);
    expect(await given.glue.schemaOf(versionId)).toEqual(avro(orderPlaced));
    expect(await given.glue.schemaOf(versionId)).toEqual(avro(orderPlaced));
    expect(given.seen).toEqual([
      { target: 'AWSGlue.GetSchemaVersion', body: { SchemaVersionId: versionId.value } },
    ]);
  });

  test('is there after a restart without AWS', async () => {
    await using given = await setUp(found, refused('InternalServiceException', 500));
    await given.glue.schemaOf(versionId);
    const restarted = await given.open();
    expect(await restarted.schemaOf(versionId)).toEqual(avro(orderPlaced));
    restarted.close();
    expect(given.seen).toHaveLength(2);
  });

  test.each<[GlueAnswer, unknown, string]>([
    [refused('EntityNotFoundException'), UnavailableError, 'it has no schema with the versionId'],
    [refused('InternalServiceException', 500), UnavailableError, 'because of Internal'],
    [refused('ThrottlingException'), UnavailableError, 'because of Throttling'],
    [refused('AccessDeniedException'), ConfigurationError, 'allow glue:GetSchemaVersion'],
    [{ status: 200, body: {} }, UnavailableError, 'the answer has no schema'],
  ])('is not there after %j', async (answer, kind, message) => {
    await using given = await setUp(answer);
    const failure = await given.glue.schemaOf(versionId).catch((thrown: unknown) => thrown);
    expect(failure).toBeInstanceOf(kind as typeof Error);
    expect(String(failure)).toContain(message);
    expect(given.seen).toHaveLength(1);
  });

  test('is unreadable when it is not Avro', async () => {
    await using given = await setUp({
      status: 200,
      body: { SchemaDefinition: '{}', DataFormat: 'JSON' },
    });
    await expect(given.glue.schemaOf(versionId)).rejects.toThrow('only AVRO is read');
  });

  test('needs credentials', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', '');
    await using given = await setUp(found);
    await expect(given.glue.schemaOf(versionId)).rejects.toThrow(ConfigurationError);
    expect(given.seen).toEqual([]);
  });

  test('needs a region', async () => {
    vi.stubEnv('AWS_REGION', '');
    await expect(setUp(found)).rejects.toThrow('AWS_REGION must name');
  });
});
