import { hash } from 'node:crypto';
import Big from 'big.js';
import type { FieldValue } from '../avro/reader.ts';
import type { SourceRecord } from '../kafka/partition.ts';
import { clickIdFault } from '../powerspace/clickId.ts';
import type { Postback, PostbackKind } from '../powerspace/request.ts';
import type { ProcessSpan } from '../telemetry/traces.ts';
import type { Field, ValueFields } from './eventMapping.ts';
import type { JoinedRecord } from './join.ts';
import { describe, InvalidFieldError, type MappedRecord, readText } from './map.ts';
import { currencyExponent, formatAmount, roundToCurrency, toAmount } from './money.ts';
import { deadLettered, type Outcome, skipped } from './outcome.ts';
import { eachRecord, type Settlement, type StepResult } from './step.ts';

/** A conversion, ready to be claimed and sent. */
export interface Conversion {
  readonly record: SourceRecord;
  readonly postback: Postback;
  /** The ledger's key: the same for every record that reports the same conversion. */
  readonly key: Buffer;
  /** When it happened, in milliseconds since the Unix epoch. */
  readonly at: number;
  readonly span: ProcessSpan;
}

/** Works out what Powerspace is told. Only here are values read: of most events nobody needs them. */
export function compose(records: readonly JoinedRecord[]): StepResult<Conversion> {
  return eachRecord(records, composeRecord);
}

function composeRecord({ mapped, clickId, span }: JoinedRecord): Conversion | Settlement {
  const { record } = mapped;
  const fault = clickIdFault(clickId);
  if (fault)
    return { record, span, outcome: deadLettered('invalid-click-id', `click id: ${fault}`) };
  try {
    const value = mapped.mapping.value && readValue(mapped.mapping.value, mapped.values);
    if (typeof value === 'object') return { record, span, outcome: value };
    const kind = mapped.mapping.kind as PostbackKind;
    const postback = { kind, clickId, value };
    return { record, postback, key: ledgerKey(kind, mapped), at: mapped.at, span };
  } catch (thrown) {
    if (!(thrown instanceof InvalidFieldError)) throw thrown;
    return { record, span, outcome: deadLettered('invalid-field', thrown.message) };
  }
}

/** SHA-256 of network, kind and the conversion's id; without an id, of its place in Kafka (design §5). */
function ledgerKey(kind: PostbackKind, { mapping, values, record }: MappedRecord): Buffer {
  const id = mapping.id && readText(mapping.id, values);
  if (mapping.id && id === undefined) {
    throw new InvalidFieldError(`${mapping.id.path} is empty, but it has to identify the ${kind}`);
  }
  const identity = id === undefined ? [record.topic, record.partition, record.offset] : [id];
  return hash('sha256', JSON.stringify(['powerspace', kind, ...identity]), 'buffer');
}

/** `ov`; undefined where the event has no amount; or why the order is not reported. */
function readValue(
  fields: ValueFields,
  values: readonly FieldValue[],
): string | undefined | Outcome {
  const currency = fields.currency && readText(fields.currency, values);
  if (fields.accept && (currency === undefined || !fields.accept.has(currency))) {
    return skipped('currency');
  }
  const exponent = currency === undefined ? undefined : currencyExponent(currency);
  if (currency !== undefined && exponent === undefined) {
    throw new InvalidFieldError(`${fields.currency?.path} is no currency of ISO 4217`);
  }
  let amount = readAmount(fields.amount, values);
  if (amount === undefined) return undefined;
  for (const field of fields.minus) amount = amount.minus(readAmount(field, values) ?? 0);
  if (fields.unit === 'minor')
    amount = amount.div(new Big(10).pow(requireExponent(fields, exponent)));
  amount = roundToCurrency(amount, exponent);
  return amount.lte(0) ? skipped('not-positive') : formatAmount(amount);
}

function readAmount(field: Field, values: readonly FieldValue[]): Big | undefined {
  const value = values[field.index];
  if (value === null) return undefined;
  const amount = toAmount(value);
  if (amount) return amount;
  throw new InvalidFieldError(`${field.path} is ${describe(value)}, not an amount such as 49.99`);
}

function requireExponent({ currency }: ValueFields, exponent: number | undefined): number {
  if (exponent !== undefined) return exponent;
  throw new InvalidFieldError(`${currency?.path} is empty, but minor units need their currency`);
}
