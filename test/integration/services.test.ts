import { randomUUID } from 'node:crypto';
import { Kafka, logLevel, Partitioners } from 'kafkajs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { installKafkajsGuards } from '../../src/kafka/guards.ts';
import { realPart } from './services.ts';

describe('the real parts', () => {
  test('Kafka hands a record that was produced to a consumer', async (context) => {
    const { brokers } = realPart('kafka', context);
    installKafkajsGuards();
    const kafka = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING });
    const topic = `services-test-${randomUUID()}`;
    const admin = kafka.admin();
    const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
    const consumer = kafka.consumer({ groupId: topic, maxWaitTimeInMs: 250 });
    try {
      await Promise.all([admin.connect(), producer.connect(), consumer.connect()]);
      await admin.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: true });
      await producer.send({ topic, messages: [{ key: 'order-1', value: 'paid' }] });
      await consumer.subscribe({ topic, fromBeginning: true });
      const received = Promise.withResolvers<{ key: string; value: string }>();
      await consumer.run({
        eachMessage: async ({ message: { key, value } }) =>
          received.resolve({ key: String(key), value: String(value) }),
      });
      expect(await received.promise).toEqual({ key: 'order-1', value: 'paid' });
    } finally {
      await consumer.disconnect();
      await admin.deleteTopics({ topics: [topic] });
      await Promise.all([producer.disconnect(), admin.disconnect()]);
    }
  }, 30_000);

  test('the registry gives a schema back by the id that it registered it under', async (context) => {
    const { url } = realPart('registry', context);
    const schema = JSON.stringify({ type: 'record', name: 'OrderPlaced', fields: [] });
    const subject = `services-test-${randomUUID()}-value`;
    const registered = await fetch(`${url}/subjects/${subject}/versions`, {
      method: 'POST',
      headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
      body: JSON.stringify({ schema }),
    });
    expect(registered.status).toBe(200);
    const { id } = z.object({ id: z.int() }).parse(await registered.json());
    const found = await fetch(`${url}/schemas/ids/${id}`);
    expect(await found.json()).toMatchObject({ schema });
  });

  test('Jaeger finds a span that was sent to it by OTLP', async (context) => {
    const { otlpUrl, queryUrl } = realPart('jaeger', context);
    const traceId = randomUUID().replaceAll('-', '');
    const sent = await fetch(`${otlpUrl}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(oneSpan(traceId)),
    });
    expect(sent.status).toBe(200);
    await expect
      .poll(async () => (await fetch(`${queryUrl}/api/traces/${traceId}`)).status, {
        timeout: 10_000,
      })
      .toBe(200);
  });
});

/** @see https://opentelemetry.io/docs/specs/otlp/ the JSON encoding: ids in hex, times in nanoseconds */
function oneSpan(traceId: string): unknown {
  const now = `${Date.now()}000000`;
  const span = {
    ...{ traceId, spanId: traceId.slice(0, 16), name: 'probe', kind: 1 },
    ...{ startTimeUnixNano: now, endTimeUnixNano: now },
  };
  const service = { key: 'service.name', value: { stringValue: 'services-test' } };
  return {
    resourceSpans: [{ resource: { attributes: [service] }, scopeSpans: [{ spans: [span] }] }],
  };
}
