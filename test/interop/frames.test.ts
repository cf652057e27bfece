import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { framesFile, headersOf, type RecordedFrame } from './recordFrames.ts';
import { expectedFields, readFields, wireOf } from './serializers.ts';

const frames: readonly RecordedFrame[] = JSON.parse(readFileSync(framesFile, 'utf8'));

describe('what other serializers wrote', () => {
  test.each(frames)('is read: $serializers, $way', async (frame) => {
    const wire = wireOf(frame.serializers, frame.way);
    const value = Buffer.from(frame.value, 'hex');
    const fields = await readFields(wire, value, headersOf(frame), async (reference) => {
      expect(reference).toEqual(frame.reference);
      return frame.schema;
    });
    expect(fields).toEqual(expectedFields);
  });

  test('is of each release and way', () => {
    const counts = Object.groupBy(frames, ({ serializers }) => serializers);
    expect([counts.apicurio2?.length, counts.apicurio3?.length, counts.glue?.length]).toEqual([
      6, 6, 2,
    ]);
  });
});
