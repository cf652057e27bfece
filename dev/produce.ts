import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import kafkajs from 'kafkajs';
import { frame } from '../src/avro/framing.ts';
import { createRegistry } from '../src/avro/registry.ts';
import { encoder, parseSchema } from '../src/avro/schema.ts';
import { installKafkajsGuards } from '../src/kafka/guards.ts';
import { MissingPrerequisiteError } from './service.ts';

/**
 * Produces events of one's own, for who has no producer at hand: JSON on stdin, an event a line, in Confluent's frame,
 * to the platform at KAFKA_BROKERS and SCHEMA_REGISTRY_URL. Registers the schema as `<topic>-value`, and creates the
 * topic where it is missing.
 */
async function produce(topic: string, schemaFile: string): Promise<void> {
  const brokers = required('KAFKA_BROKERS').split(',');
  const encode = await frameEncoder(topic, schemaFile, required('SCHEMA_REGISTRY_URL'));
  const messages: { value: Buffer }[] = [];
  for await (const line of createInterface({ input: process.stdin })) {
    if (line.trim() !== '') messages.push({ value: encode(JSON.parse(line)) });
  }
  await using opened = new AsyncDisposableStack();
  installKafkajsGuards();
  const kafka = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.ERROR });
  const admin = kafka.admin();
  opened.defer(() => admin.disconnect());
  await admin.connect();
  await admin.createTopics({ topics: [{ topic }], waitForLeaders: true });
  const producer = kafka.producer({ allowAutoTopicCreation: false });
  opened.defer(() => producer.disconnect());
  await producer.connect();
  await producer.send({ topic, messages });
  process.stdout.write(`produced ${messages.length} to ${topic}\n`);
}

/** Makes an event the value of a record. */
async function frameEncoder(topic: string, schemaFile: string, registryUrl: string) {
  const schema = parseSchema(await readFile(schemaFile, 'utf8'), schemaFile);
  await using opened = new AsyncDisposableStack();
  const registry = createRegistry({ url: registryUrl, timeout: 10_000 });
  opened.defer(registry.close);
  const id = await registry.register(`${topic}-value`, schema);
  const encode = encoder(schema);
  return (event: unknown) => frame('confluent', id, encode(event));
}

function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new MissingPrerequisiteError(`${name} is not set; npm run services prints it`);
  return value;
}

const [topic, schemaFile] = process.argv.slice(2);
if (topic === undefined || schemaFile === undefined) {
  console.error('usage: npm run produce -- TOPIC SCHEMA.avsc <EVENTS.ndjson');
  process.exitCode = 2;
} else {
  try {
    await produce(topic, schemaFile);
  } catch (thrown) {
    if (!(thrown instanceof MissingPrerequisiteError)) throw thrown;
    console.error(thrown.message);
    process.exitCode = 1;
  }
}
