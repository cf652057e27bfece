import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Watermark } from '../../src/kafka/watermark.ts';

function watermarkOf(...offsets: readonly number[]): Watermark {
  const watermark = new Watermark();
  for (const offset of offsets) watermark.read(offset);
  return watermark;
}

describe('the watermark of a partition', () => {
  test('is unknown before anything was read', () => {
    expect(new Watermark().offset).toBeUndefined();
    expect(new Watermark().ahead).toBe(0);
  });

  test('is the first offset read while that is not settled', () => {
    expect(watermarkOf(5, 6, 7).offset).toBe(5);
  });

  test('is the position behind the last record when all are settled', () => {
    const watermark = watermarkOf(5, 6);
    watermark.settle(5);
    watermark.settle(6);
    expect(watermark.offset).toBe(7);
  });

  test('stays at the lowest record that is not settled, however many above it are', () => {
    const watermark = watermarkOf(5, 6, 7, 8);
    for (const offset of [8, 6, 7]) watermark.settle(offset);
    expect(watermark.offset).toBe(5);
    expect(watermark.ahead).toBe(4);
    watermark.settle(5);
    expect(watermark.offset).toBe(9);
    expect(watermark.ahead).toBe(0);
  });

  test('passes over gaps, which compaction and transactions leave', () => {
    const watermark = watermarkOf(5, 9, 40);
    watermark.settle(5);
    expect(watermark.offset).toBe(9);
    watermark.settle(9);
    watermark.settle(40);
    expect(watermark.offset).toBe(41);
  });

  test('moves with the position over offsets that hold no record', () => {
    const watermark = new Watermark();
    watermark.advance(12);
    expect(watermark.offset).toBe(12);
    watermark.read(12);
    watermark.advance(20);
    expect(watermark.offset).toBe(12);
    watermark.settle(12);
    expect(watermark.offset).toBe(20);
  });

  test('takes no notice of an offset that is settled twice, or was never read', () => {
    const watermark = watermarkOf(5, 6);
    for (const offset of [99, 5, 5]) watermark.settle(offset);
    expect(watermark.offset).toBe(6);
  });

  test('never passes what is not settled, whatever the gaps and the order in which records end', () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(fc.nat(1_000), gaps, fc.infiniteStream(fc.nat()), (start, skipped, choices) => {
        const watermark = new Watermark();
        const unsettled: number[] = [];
        let position = start;
        let highest = start;
        const check = () => {
          const lowest = Math.min(...unsettled, position);
          expect(watermark.offset).toBe(lowest);
          expect(watermark.ahead).toBe(position - lowest);
          expect(lowest).toBeGreaterThanOrEqual(highest);
          highest = lowest;
        };
        const settleOne = () => {
          const [offset] = unsettled.splice(next(choices) % unsettled.length, 1);
          watermark.settle(offset as number);
          check();
        };
        for (const gap of skipped) {
          const offset = position + gap;
          watermark.read(offset);
          unsettled.push(offset);
          position = offset + 1;
          check();
          while (unsettled.length > 0 && next(choices) % 3 === 0) settleOne();
        }
        while (unsettled.length > 0) settleOne();
        expect(watermark.offset).toBe(position);
      }),
    );
  });
});

function next(choices: Iterator<number>): number {
  return choices.next().value as number;
}
