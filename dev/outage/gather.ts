import { readFile } from 'node:fs/promises';
import { deadLetterTopic } from '../../src/kafka/deadLetters.ts';
import { type Evidence, readKafka } from '../chaos/evidence.ts';
import type { ChaosPlatform } from '../chaos/platform.ts';
import { parseLoggedOutage } from './attempts.ts';
import type { Observed } from './observed.ts';
import type { OutageAnswer } from './powerspace.ts';
import { countProbes } from './probes.ts';
import { measureRecovery, type Span } from './recovery.ts';

/** Asks everybody what they saw, once the connector has ended. Of faults there was none that excuses a repeated send. */
export async function gather(
  { receiver, kafka, group, store }: ChaosPlatform,
  { topics, load, producer, offsets, connector }: Observed,
): Promise<Evidence> {
  const { conversions } = load;
  return {
    ...{ replicas: 1, conversions, unreadableKeys: [], faults: [], stalls: [] },
    acknowledged: producer.acknowledged.records,
    received: await receiver.stop(),
    commits: offsets.samples,
    behind: await offsets.behind(),
    kafka: await readKafka(kafka, topics, deadLetterTopic(group), (key) => conversions.has(key)),
    ledger: await store.readLedger(),
    unaskedEnds: connector.unaskedEnds,
    badStops: connector.badStops,
  };
}

/** What is refused never arrives: then the connector's own log tells of its attempts. */
export async function judgeRequests(
  logFile: string,
  answer: OutageAnswer,
  span: Span,
  { received, commits }: Evidence,
) {
  const logged = parseLoggedOutage(await readFile(logFile, 'utf8'));
  const arrivals =
    answer === 'refuse'
      ? logged.attempts.map(({ startedAt }) => startedAt)
      : received.map(({ at }) => at).filter((at) => at >= span.from);
  const probing = countProbes(logged, arrivals, span.until);
  const recovery = probing && measureRecovery(span, probing, received, commits);
  return { probing, recovery };
}
