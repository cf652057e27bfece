import type { Fault } from '../../src/sandbox/sandbox.ts';
import type { ChaosPlatform } from '../chaos/platform.ts';

/** What becomes of a postback while Powerspace is down. */
export const outageAnswers = ['503', 'refuse', 'hang', '401'] as const;
export type OutageAnswer = (typeof outageAnswers)[number];

const faults: Readonly<Record<Exclude<OutageAnswer, 'refuse'>, Fault>> = {
  '503': { action: { type: 'answer', status: 503 } },
  '401': { action: { type: 'answer', status: 401 } },
  hang: { action: { type: 'hang' } },
};

type Endpoint = Pick<ChaosPlatform, 'receiver' | 'proxies'>;

/** From now on every postback fails in this way. */
export async function takeDown(
  { receiver, proxies }: Endpoint,
  answer: OutageAnswer,
): Promise<void> {
  if (answer === 'refuse') await proxies.receiver.refuse();
  else await receiver.setFaults([faults[answer]]);
}

/** From now on every postback is answered as it should be. */
export async function bringBack({ receiver, proxies }: Endpoint): Promise<void> {
  await receiver.setFaults([]);
  await proxies.receiver.open();
}
