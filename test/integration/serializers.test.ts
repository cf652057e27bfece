import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, type TestContext, test } from 'vitest';
import { createRegistry } from '../../src/avro/registry.ts';
import { kafkaSchema } from '../../src/config/schema.ts';
import { createKafka } from '../../src/kafka/client.ts';
import {
  buildSerializers,
  expectedFields,
  readFields,
  runSerializers,
  wireOf,
  writeCompressed,
} from '../interop/serializers.ts';
import { realPart } from './services.ts';
import { readTopic } from './topicReader.ts';

let problem: string | undefined;
beforeAll(async () => {
  problem = await buildSerializers();
});

/** A topic of its own, on the real Kafka. */
async function openTopic(context: TestContext) {
  const { brokers } = realPart('kafka', context);
  if (problem !== undefined) context.skip(problem);
  const kafka = createKafka(kafkaSchema.parse({ brokers: [...brokers] }), () => {});
  const topic = `interop-${randomBytes(4).toString('hex')}`;
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: true });
  await admin.disconnect();
  return { brokers, kafka, topic };
}

describe('the Java serializers of Apicurio', () => {
  test.for(['apicurio2', 'apicurio3'] as const)(
    '%s write to Kafka and register their schemas, and each way in which they do is read',
    async (serializers, context) => {
      const { url } = realPart('registry', context);
      const { brokers, kafka, topic } = await openTopic(context);
      const api = url.replace(/\/apis\/.*/, '/apis/registry/v2');
      await runSerializers(serializers, api, topic, brokers.join(','));

      const registry = createRegistry({ url, timeout: 10_000 });
      try {
        const messages = await readTopic(kafka, topic, 6);
        for (const { key, value, headers } of messages) {
          const wire = wireOf(serializers, String(key));
          const fields = await readFields(wire, value as Buffer, headers, registry.schemaOf);
          expect([String(key), ...fields]).toEqual([String(key), ...expectedFields]);
        }
        expect(new Set(messages.map(({ key }) => String(key))).size).toBe(6);
      } finally {
        await registry.close();
      }
    },
  );
});

test('batches of more than 1 MB are read in each of the codecs that Kafka’s own client has', async (context) => {
  const { brokers, kafka, topic } = await openTopic(context);
  const codecs = ['gzip', 'snappy', 'lz4', 'zstd'];
  for (const codec of codecs) await writeCompressed(brokers, topic, codec, 1_000);

  const messages = await readTopic(kafka, topic, 4_000);

  const filler = 'abcdefghij'.repeat(200);
  expect(messages.filter(({ value }) => String(value) !== filler)).toEqual([]);
  const expected = codecs.flatMap((codec) =>
    Array.from({ length: 1_000 }, (_, number) => `${codec}-${number}`),
  );
  expect(messages.map(({ key }) => String(key))).toEqual(expected);
});
