import { loadConfig } from '../config/load.ts';
import { ConfigurationError } from '../errors.ts';
import { type AttemptResult, classify, describeAttempt } from '../powerspace/answer.ts';
import { clickIdFault } from '../powerspace/clickId.ts';
import { createPowerspaceClient, type PowerspaceClientOptions } from '../powerspace/client.ts';
import { type Postback, postbackTarget } from '../powerspace/request.ts';
import { verificationProblem } from '../tls.ts';
import type { CommonOptions } from './options.ts';
import { UsageError } from './usageError.ts';

/** Options of `send`. */
export interface SendOptions extends CommonOptions {
  readonly click: string;
  readonly value?: string;
  readonly url?: string;
}

/** What Powerspace's document says that these answers mean. */
const meanings = new Map([
  [400, 'the click id is missing or malformed'],
  [404, 'the click is unknown or has expired'],
]);

/** Sends one postback, once; 0 when Powerspace recorded it, 1 otherwise. Throws UsageError. */
export async function send(kind: string, options: SendOptions): Promise<number> {
  const target = postbackTarget(readPostback(kind, options));
  const client = createPowerspaceClient({ ...(await endpoint(options)), concurrency: 1 });
  try {
    const startedAt = performance.now();
    const result = await client.get(target);
    const milliseconds = Math.round(performance.now() - startedAt);
    const sent = {
      url: new URL(target, client.origin).href,
      class: classify(result),
      answer: describe(result),
      milliseconds,
    };
    process.stdout.write(
      options.json
        ? `${JSON.stringify(sent)}\n`
        : `GET ${sent.url}\n${sent.class}: ${sent.answer} (${milliseconds} ms)\n`,
    );
    return sent.class === 'delivered' ? 0 : 1;
  } finally {
    await client.close();
  }
}

function describe(result: AttemptResult): string {
  const meaning = result.type === 'answer' ? meanings.get(result.status) : undefined;
  return `${describeAttempt(result)}${meaning === undefined ? '' : `: ${meaning}`}`;
}

function readPostback(kind: string, { click, value }: SendOptions): Postback {
  if (kind !== 'lead' && kind !== 'order') {
    throw new UsageError(`send a lead or an order, not "${kind}"`);
  }
  const fault = clickIdFault(click);
  if (fault !== undefined) throw new UsageError(`--click: ${fault}`);
  if (value !== undefined && kind === 'lead') {
    throw new UsageError('a lead has no value: leave --value out, or send an order');
  }
  if (value !== undefined && (!/^\d+(\.\d+)?$/.test(value) || Number(value) === 0)) {
    throw new UsageError(`--value "${value}" is not an amount above zero such as 49.99`);
  }
  return { kind, clickId: click, value };
}

async function endpoint({
  url,
  config: file,
}: SendOptions): Promise<Pick<PowerspaceClientOptions, 'url' | 'timeout' | 'ssl'>> {
  if (url === undefined) return (await loadConfig(file, process.env)).config.powerspace;
  const parsed = URL.parse(url);
  if (parsed && /^https?:$/.test(parsed.protocol) && parsed.href === `${parsed.origin}/`) {
    const problem = verificationProblem(process.env);
    if (problem !== undefined) throw new ConfigurationError([problem]);
    return { url, timeout: 5_000 };
  }
  throw new UsageError(`--url "${url}" is not an address such as https://a.pwspace.com`);
}
