import type { Conversion } from '../../../dev/chaos/events.ts';
import type { Evidence } from '../../../dev/chaos/evidence.ts';
import type { InjectedFault } from '../../../dev/chaos/faultLog.ts';
import type { SandboxEntry } from '../../../src/sandbox/sandbox.ts';

/** A run of one conversion, an order of 20 EUR at offset 7, that went well; a test changes what it is about. */
export function evidenceOf(changes: Partial<Evidence> = {}): Evidence {
  return {
    replicas: 1,
    conversions: new Map([['o-1', conversion]]),
    unreadableKeys: [],
    acknowledged: 1,
    received: [received('lead', 1_000), received('order', 2_000)],
    commits: [{ at: 3_000, topic: 'orders', partition: 0, offset: 8 }],
    behind: 0,
    kafka: {
      records: 1,
      places: [{ key: 'o-1', topic: 'orders', partition: 0, offset: 7 }],
      deadLetters: new Map(),
    },
    ledger: new Map([['delivered', 1]]),
    faults: [],
    unaskedEnds: [],
    badStops: [],
    stalls: [],
    ...changes,
  };
}

const conversion: Conversion = { kind: 'order', key: 'o-1', clickId: 'c-1', value: '20.00' };

/** An entry of the receiver's journal, of the click `c-1`. */
export function received(
  kind: 'lead' | 'order',
  at: number,
  status: number | null = 200,
): SandboxEntry {
  const value = kind === 'order' ? { value: '20' } : {};
  return { at, kind, clickId: 'c-1', status, ...value };
}

/** A fault, from and until these milliseconds. */
export function fault(kind: string, from: number, until = from): InjectedFault {
  return { kind, detail: '', from, until };
}
