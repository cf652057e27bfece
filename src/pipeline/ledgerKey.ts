import { hash } from 'node:crypto';
import type { PostbackKind } from '../powerspace/request.ts';

/** The ledger's key of a conversion with an id: SHA-256 of network, kind and id (design §5). */
export function ledgerKey(kind: PostbackKind, id: string): Buffer {
  return hashIdentity(kind, [id]);
}

/** That of a conversion without an id, which its record's place in Kafka tells from others. */
export function ledgerKeyOfRecord(
  kind: PostbackKind,
  { topic, partition, offset }: RecordPlace,
): Buffer {
  return hashIdentity(kind, [topic, partition, offset]);
}

interface RecordPlace {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

function hashIdentity(kind: PostbackKind, identity: readonly (string | number)[]): Buffer {
  return hash('sha256', JSON.stringify(['powerspace', kind, ...identity]), 'buffer');
}
