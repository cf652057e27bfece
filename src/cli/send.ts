import { loadConfig } from '../config/load.ts';
import { ConfigurationError } from '../errors.ts';
import { classify, describeAttempt } from '../powerspace/answer.ts';
import { clickIdFault } from '../powerspace/clickId.ts';
import { createPowerspaceClient } from '../powerspace/client.ts';
import { type PostbackKind, postbackTarget } from '../powerspace/request.ts';
import type { CommonOptions } from './program.ts';

/** Options of `send`. */
export interface SendOptions extends CommonOptions {
  readonly click: string;
  readonly value?: string;
  readonly url?: string;
}

/** Sends one postback, once; 0 when Powerspace recorded it, 1 otherwise, 2 for wrong usage. */
export async function send(kind: string, options: SendOptions): Promise<number> {
  const fault = usageFault(kind, options);
  if (fault !== undefined) {
    process.stderr.write(`error: ${fault}\n`);
    return 2;
  }
  const { url, timeout } = await endpoint(options);
  const client = createPowerspaceClient({ url, timeout, concurrency: 1 });
  try {
    const target = postbackTarget({
      kind: kind as PostbackKind,
      clickId: options.click,
      value: options.value,
    });
    const startedAt = performance.now();
    const result = await client.get(target);
    const milliseconds = Math.round(performance.now() - startedAt);
    const attempt = { class: classify(result), answer: describeAttempt(result), milliseconds };
    const sent = { url: new URL(target, client.origin).href, ...attempt };
    process.stdout.write(
      options.json
        ? `${JSON.stringify(sent)}\n`
        : `GET ${sent.url}\n${sent.class}: ${sent.answer} (${milliseconds} ms)\n`,
    );
    return attempt.class === 'delivered' ? 0 : 1;
  } finally {
    await client.close();
  }
}

function usageFault(kind: string, { click, value }: SendOptions): string | undefined {
  if (kind !== 'lead' && kind !== 'order') return `send a lead or an order, not "${kind}"`;
  const fault = clickIdFault(click);
  if (fault !== undefined) return `--click: ${fault}`;
  if (value === undefined) return undefined;
  if (kind === 'lead') return 'a lead has no value: leave --value out, or send an order';
  if (!/^\d+(\.\d+)?$/.test(value) || Number(value) === 0) {
    return `--value "${value}" is not an amount above zero such as 49.99`;
  }
  return undefined;
}

async function endpoint({ url, config: file }: SendOptions) {
  if (url === undefined) return (await loadConfig(file, process.env)).config.powerspace;
  if (URL.canParse(url)) return { url, timeout: 5_000 };
  throw new ConfigurationError([{ severity: 'error', message: `--url "${url}" is no address` }]);
}
