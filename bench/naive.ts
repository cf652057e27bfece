import { SchemaRegistry } from '@kafkajs/confluent-schema-registry';
import kafkajs from 'kafkajs';
import { compressFrame, decompressFrame } from 'lz4-napi';
import pg from 'pg';

/**
 * What somebody writes first: a message at a time, the registry's own library, a SELECT and a fetch. No ledger, so
 * what was sent and not committed is sent again; no retry, no trace.
 */
const { CompressionCodecs, CompressionTypes, Kafka, logLevel } = kafkajs;
CompressionCodecs[CompressionTypes.LZ4] = () => ({
  compress: ({ buffer }: { buffer: Buffer }) => compressFrame(buffer),
  decompress: (buffer: Buffer) => decompressFrame(buffer),
});

const env = (name: string): string => process.env[name] ?? '';

const kafka = new Kafka({ brokers: env('BROKERS').split(','), logLevel: logLevel.NOTHING });
const registry = new SchemaRegistry({ host: env('REGISTRY_URL') });
const database = new pg.Pool({ connectionString: env('DATABASE_URL') });
const consumer = kafka.consumer({ groupId: env('GROUP') });

interface SignUp {
  readonly userId: string;
  readonly visitorId: string | null;
}

await consumer.connect();
await consumer.subscribe({ topics: [env('TOPIC')], fromBeginning: true });
consumer.on(consumer.events.GROUP_JOIN, () => console.log('reading'));
await consumer.run({
  autoCommitInterval: 1_000,
  eachMessage: async ({ message }) => {
    if (message.value === null) return;
    const { userId, visitorId }: SignUp = await registry.decode(message.value);
    const { rows } = await database.query(
      `SELECT click_id FROM ${env('CLICKS')} WHERE user_id = ANY($1) ORDER BY created_at DESC LIMIT 1`,
      [[userId, visitorId]],
    );
    if (rows.length === 0) return;
    const answer = await fetch(`${env('URL')}/ld?qci=${encodeURIComponent(rows[0].click_id)}`);
    await answer.text();
    if (!answer.ok) throw new Error(`answered ${answer.status}`);
  },
});
