import { startProducerSpans } from './demo/producerSpans.ts';
import { runShop } from './demo/shopRun.ts';
import { MissingPrerequisiteError } from './service.ts';
import { openShopPlatform } from './shopPlatform.ts';

/**
 * Registers the schemas of schemas/ and produces the demo's shop to the topics web.landing, accounts and orders:
 * at KAFKA_BROKERS, SCHEMA_REGISTRY_URL and, where it is set, with spans to OTEL_EXPORTER_OTLP_ENDPOINT.
 */
async function playShop(): Promise<void> {
  await using opened = new AsyncDisposableStack();
  const brokers = required('KAFKA_BROKERS').split(',');
  const registryUrl = required('SCHEMA_REGISTRY_URL');
  const shop = await openShopPlatform({ brokers, registryUrl, prefix: '' });
  opened.defer(shop.close);
  const otlpUrl = process.env['OTEL_EXPORTER_OTLP_ENDPOINT'];
  const spans = otlpUrl ? await startProducerSpans(otlpUrl) : undefined;
  opened.defer(async () => spans?.close());
  const { records } = await runShop(shop, spans);
  process.stdout.write(`shop: produced ${records} records\n`);
}

function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new MissingPrerequisiteError(`${name} is not set`);
  return value;
}

await playShop();
