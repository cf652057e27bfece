import { describe, expect, test } from 'vitest';
import { UndecodableError } from '../../src/avro/errors.ts';
import { compileRecordNameReader } from '../../src/avro/reader.ts';
import { avro, encode, record } from './schemas.ts';

const one = record('One', { id: 'int' });
const other = record('shop.Other', { name: 'string' });
const envelope = record('Envelope', {
  key: 'string',
  inner: ['null', record('Inner', { payload: ['null', 'string', one, other] })],
});

describe('the name of the record at a path', () => {
  const nameOf = compileRecordNameReader(avro(envelope), 'inner.payload');
  const write = (payload: unknown) => encode(envelope, { key: 'k', inner: { payload } });

  test.each([
    [{ One: { id: 1 } }, 'One'],
    [{ 'shop.Other': { name: 'n' } }, 'shop.Other'],
    [{ string: 's' }, undefined],
    [null, undefined],
  ])('of %j is %s', (payload, name) => {
    expect(nameOf(write(payload))).toBe(name);
  });

  test('is none where the way to it ends before', () => {
    expect(nameOf(encode(envelope, { key: 'k', inner: null }))).toBeUndefined();
  });

  test('is not to be had from bytes that end too early', () => {
    expect(() => nameOf(write({ One: { id: 1 } }).subarray(0, 2))).toThrow(UndecodableError);
  });
});
