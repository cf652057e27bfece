import Big from 'big.js';
import type { FieldValue } from '../avro/reader.ts';
import { currencyExponent } from '../config/currencies.ts';
import type { SourceRecord } from '../kafka/partition.ts';
import { clickIdFault } from '../powerspace/clickId.ts';
import type { Postback, PostbackKind } from '../powerspace/request.ts';
import type { Click } from '../store/store.ts';
import type { ProcessSpan } from '../telemetry/traces.ts';
import type { ValueFields } from './eventMapping.ts';
import { describe, type Field, InvalidFieldError, readIdentifier, readText } from './fields.ts';
import type { JoinedRecord } from './join.ts';
import { ledgerKey, ledgerKeyOfRecord } from './ledgerKey.ts';
import type { MappedRecord } from './map.ts';
import { formatAmount, isMoney, roundToCurrency, toAmount } from './money.ts';
import { deadLettered, type Outcome, skipped } from './outcome.ts';
import { eachRecord, type Settlement, type StepResult } from './step.ts';

/** A conversion, ready to be claimed and sent. */
export interface Conversion {
  readonly record: SourceRecord;
  readonly postback: Postback;
  /** The click that it is reported for. */
  readonly click: Click;
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

function composeRecord({ mapped, click, span }: JoinedRecord): Conversion | Settlement {
  const { record, mapping } = mapped;
  const kind = mapping.kind as PostbackKind;
  const { clickId } = click;
  const fault = clickIdFault(clickId);
  if (fault)
    return { record, kind, span, outcome: deadLettered('invalid-click-id', `click id: ${fault}`) };
  try {
    const value = mapping.value && readValue(mapping.value, mapped.values);
    if (typeof value === 'object') return { record, kind, span, outcome: value };
    const postback = { kind, clickId, value };
    return { record, postback, click, key: readLedgerKey(kind, mapped), at: mapped.at, span };
  } catch (thrown) {
    if (!(thrown instanceof InvalidFieldError)) throw thrown;
    return { record, kind, span, outcome: deadLettered('invalid-field', thrown.message) };
  }
}

/** Of the conversion's id where the mapping has one, else of its place in Kafka. */
function readLedgerKey(kind: PostbackKind, { mapping, values, record }: MappedRecord): Buffer {
  const id = mapping.id && readIdentifier(mapping.id, values);
  if (mapping.id && id === undefined) {
    throw new InvalidFieldError(
      `${mapping.id.path} is empty, or a word for nothing, but it has to identify the ${kind}`,
    );
  }
  return id === undefined ? ledgerKeyOfRecord(kind, record) : ledgerKey(kind, id);
}

/** `ov`; undefined where the event has no amount; or why the order is not reported. */
function readValue(
  fields: ValueFields,
  values: readonly FieldValue[],
): string | undefined | Outcome {
  const currency = readCurrency(fields, values);
  if (fields.accept && !fields.accept.has(currency ?? '')) return skipped('currency');
  const rate = fields.convert?.rates.get(currency ?? '');
  if (fields.convert && !rate) return skipped('currency');
  let amount = readAmount(fields.amount, values);
  if (amount === undefined) return undefined;
  for (const field of fields.minus) amount = amount.minus(readAmount(field, values) ?? 0);
  if (fields.unit === 'minor') amount = amount.times(new Big(`1e-${minorExponent(currency)}`));
  if (rate) amount = amount.times(rate);
  const reported = fields.convert?.to ?? currency;
  amount = roundToCurrency(amount, reported === undefined ? undefined : currencyExponent(reported));
  return amount.lte(0) ? skipped('not-positive') : formatAmount(amount);
}

/** The ISO 4217 code, in capitals; undefined where the event has none. */
function readCurrency(
  { currency: field }: ValueFields,
  values: readonly FieldValue[],
): string | undefined {
  if (field === undefined) return undefined;
  if ('constant' in field) return field.constant;
  const currency = readText(field, values)?.toUpperCase();
  if (currency === undefined || currencyExponent(currency) !== undefined) return currency;
  throw new InvalidFieldError(`${field.path} is no currency of ISO 4217`);
}

/** Of an array, the sum. Undefined for null, and for an array of nothing else. */
function readAmount(field: Field, values: readonly FieldValue[]): Big | undefined {
  const value = values[field.index] ?? null;
  const items: readonly FieldValue[] = Array.isArray(value) ? value.flat(Infinity) : [value];
  let sum: Big | undefined;
  for (const item of items) {
    if (item === null) continue;
    const amount = toAmount(item);
    if (!amount) {
      throw new InvalidFieldError(
        `${field.path} is ${describe(item)}, not an amount such as 49.99`,
      );
    }
    if (!isMoney(amount)) {
      throw new InvalidFieldError(`${field.path} has more digits than an amount of money`);
    }
    sum = sum?.plus(amount) ?? amount;
  }
  return sum;
}

function minorExponent(currency: string | undefined): number {
  const exponent = currency === undefined ? undefined : currencyExponent(currency);
  if (exponent !== undefined) return exponent;
  throw new InvalidFieldError('the currency is empty, but minor units need their currency');
}
