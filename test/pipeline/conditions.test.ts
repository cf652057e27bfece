import Big from 'big.js';
import { describe, expect, test } from 'vitest';
import { Instant } from '../../src/avro/instant.ts';
import type { FieldValue } from '../../src/avro/reader.ts';
import type { ConditionSetting } from '../../src/config/conditions.ts';
import { compileCondition } from '../../src/pipeline/conditions.ts';
import { InvalidFieldError } from '../../src/pipeline/fields.ts';

/** Whether a condition is true of a value. */
function holds(setting: ConditionSetting, value: FieldValue): boolean {
  return compileCondition({ path: 'field', index: 0 }, setting)([value]);
}

const noon = new Instant(Date.parse('2026-01-31T12:00:00Z'));

describe('a condition', () => {
  test.each<[ConditionSetting, FieldValue, boolean]>([
    ['PAID', 'PAID', true],
    ['PAID', 'paid', false],
    [['PAID', 'SHIPPED'], 'SHIPPED', true],
    [true, true, true],
    [true, 'true', false],
    [5, 5, true],
    [5, new Big('5.00'), true],
    [5, '5', false],
    ['5', '5', true],
    ['9007199254740993', 9_007_199_254_740_993n, true],
    ['9007199254740992', 9_007_199_254_740_993n, false],
    [0.1, new Big('0.1'), true],
    ['2026-01-31T13:00:00+01:00', noon, true],
    [null, null, true],
    [null, '', false],
    ['PAID', null, false],
    ['PAID', Buffer.from('PAID'), true],
    ['PAID', Buffer.from([0xff]), false],
  ])('of the value %j holds %o: %s', (setting, value, expected) => {
    expect(holds(setting, value)).toBe(expected);
    expect(holds({ not: setting as string }, value)).toBe(!expected);
  });

  test.each<[FieldValue, boolean]>([
    ['x', true],
    [0, true],
    [false, true],
    [null, false],
    ['', false],
    [Buffer.alloc(0), false],
    [[], false],
    [[null, ''], false],
    [[null, 'x'], true],
  ])('that asks whether %o exists says %s', (value, expected) => {
    expect(holds({ exists: true }, value)).toBe(expected);
    expect(holds({ exists: false }, value)).toBe(!expected);
  });

  test.each<[ConditionSetting, FieldValue, boolean]>([
    [{ above: 0 }, 0, false],
    [{ above: 0 }, 0.01, true],
    [{ atLeast: 0 }, 0, true],
    [{ below: 100 }, 100, false],
    [{ atMost: 100 }, new Big('100.00'), true],
    [{ atMost: 100 }, new Big('100.00000000000000000001'), false],
    [{ above: '9007199254740992' }, 9_007_199_254_740_993n, true],
    [{ above: 0, atMost: 10000 }, '49.99', true],
    [{ above: 0, not: [5, 6] }, 6, false],
    [{ above: 0 }, null, false],
    [{ below: 0 }, null, false],
    [{ atLeast: '2026-01-31' }, noon, true],
    [{ above: '2026-01-31T12:00:00Z' }, noon, false],
    [{ below: '2026-01-31T13:30:00+01:00' }, noon, true],
    [{ below: '2026-02-01' }, '2026-01-31T12:00:00Z', true],
    [{ atLeast: '2026-01-31T12:00:00Z' }, '2026-01-31 12:00:00', true],
    [{ above: '2026-01-31T12:00:00Z' }, '2026-01-31T12:00:00', false],
  ])('%j holds %o: %s', (setting, value, expected) => {
    expect(holds(setting, value)).toBe(expected);
  });

  test.each<[ConditionSetting, FieldValue, boolean]>([
    ['gift', ['a', 'gift'], true],
    ['gift', ['a'], false],
    ['gift', [], false],
    [{ not: 'gift' }, ['a', 'gift'], false],
    [{ not: 'gift' }, [], true],
    [{ above: 10 }, [1, 11], true],
    [{ above: 10, below: 11 }, [1, 20], false],
  ])('%j of the array %j: %s', (setting, value, expected) => {
    expect(holds(setting, value)).toBe(expected);
  });

  test.each<[ConditionSetting, FieldValue]>([
    [{ above: 0 }, 'secret'],
    [{ above: 0 }, true],
    [{ above: 0 }, noon],
    [{ above: '2026-01-31' }, 'secret'],
    [{ above: '2026-01-31' }, 5],
  ])('%j can not be asked of %o, and does not say what that is', (setting, value) => {
    expect(() => holds(setting, value)).toThrow(InvalidFieldError);
    expect(() => holds(setting, value)).not.toThrow('secret');
  });
});
