import { expect, test, vi } from 'vitest';
import { play } from './play.ts';
import type { Scenario } from './scenario.ts';

vi.mock('node:timers/promises', async (importOriginal) => ({
  ...(await importOriginal<object>()),
  setTimeout: (await import('./virtualTime.ts')).sleep,
}));

const plain = { number: 0, knownBy: 'click', partition: 0, gap: 0, user: 0 } as const;

/** Two brokers send kafkajs to join again, and the second time fails: heartbeat and offsets are of two generations. */
const twoJoinsAtOnce: Scenario = {
  seed: 4,
  partitions: { landings: 1, accounts: 2, orders: 2 },
  settings: { concurrency: 1, giveUpAfter: 3_600_000, onAmbiguous: 'resend', intake: 10_000 },
  records: [
    { ...plain, topic: 'accounts', oddity: 'none', writtenAt: 2_839 },
    { ...plain, topic: 'landings', oddity: 'unknown-schema', writtenAt: 215 },
  ],
  incidents: [
    { kind: 'kafka', at: 4_267, lasts: 859 },
    { kind: 'leader', at: 3_021, lasts: 1 },
    { kind: 'powerspace', at: 215, lasts: 18_567 },
    { kind: 'leader', at: 2_761, lasts: 1 },
  ],
  fates: ['recorded'],
  flakiness: 0,
};

test('a member that reads and beats its heart, but whose offsets nobody takes, is replaced', async () => {
  const { violation, history } = await play(twoJoinsAtOnce);
  expect(violation).toBeUndefined();
  expect(history.join('\n')).toContain('the group does not know this member any more');
});
