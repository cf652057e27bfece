import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Delivery } from '../../src/pipeline/delivery.ts';
import { Lanes } from '../../src/pipeline/lanes.ts';
import type { PostbackSpan, ProcessSpan } from '../../src/telemetry/traces.ts';
import { partitionOf, recordAt } from '../kafka/records.ts';

/** A delivery for a click; `offset` tells it from others. */
function deliveryOf(clickId: string, at: number, offset = at): Delivery {
  const record = recordAt(partitionOf('orders'), offset);
  const postback = { kind: 'order', clickId, value: undefined } as const;
  const click = { userKey: 'user', clickId, at };
  const key = Buffer.of(offset);
  const conversion = { record, postback, click, key, at, span: {} as ProcessSpan };
  return new Delivery(conversion, {
    ...{ postbackSpan: {} as PostbackSpan, readAt: 0, wasInterrupted: false },
  });
}

function takeFirst(lanes: Lanes): Delivery | undefined {
  const delivery = lanes.first();
  if (delivery) lanes.take();
  return delivery;
}

describe('deliveries that wait to be sent', () => {
  test('are ready in the order in which they came, one of each click', () => {
    const lanes = new Lanes();
    const [a, b] = [deliveryOf('a', 1), deliveryOf('b', 2)];
    lanes.add([a, b, deliveryOf('a', 3)]);
    expect([takeFirst(lanes), takeFirst(lanes), takeFirst(lanes)]).toEqual([a, b, undefined]);
  });

  test('of one click follow each other, in the order of their events', () => {
    const lanes = new Lanes();
    const [lead, order, later] = [deliveryOf('a', 1), deliveryOf('a', 2), deliveryOf('a', 3)];
    lanes.add([later, order, lead]);
    for (const expected of [lead, order, later]) {
      const delivery = takeFirst(lanes) as Delivery;
      expect(delivery).toBe(expected);
      expect(lanes.first()).toBeUndefined();
      lanes.finish(delivery);
    }
    expect(lanes.first()).toBeUndefined();
  });

  test('of one click and the same time keep the order in which they came', () => {
    const lanes = new Lanes();
    const [one, other] = [deliveryOf('a', 5, 1), deliveryOf('a', 5, 2)];
    lanes.add([one, other]);
    expect(takeFirst(lanes)).toBe(one);
    lanes.finish(one);
    expect(takeFirst(lanes)).toBe(other);
  });

  test('that are to be sent again hold up their own click only', () => {
    const lanes = new Lanes();
    const [failing, behind, other] = [deliveryOf('a', 1), deliveryOf('a', 2), deliveryOf('b', 3)];
    lanes.add([failing, behind, other]);
    takeFirst(lanes);
    expect(takeFirst(lanes)).toBe(other);
    expect(lanes.first()).toBeUndefined();
    lanes.retry(failing);
    expect(takeFirst(lanes)).toBe(failing);
    lanes.finish(failing);
    expect(takeFirst(lanes)).toBe(behind);
  });

  test('go before what happened later and waits for the same click, but not before its first', () => {
    const lanes = new Lanes();
    const [first, last, between] = [deliveryOf('a', 2), deliveryOf('a', 9), deliveryOf('a', 1)];
    lanes.add([first, last]);
    lanes.add([between]);
    for (const expected of [first, between, last]) {
      expect(takeFirst(lanes)).toBe(expected);
      expect(lanes.first()).toBeUndefined();
      lanes.finish(expected);
    }
  });

  test('are all given back when the lanes are cleared, also one that waits to be sent again', () => {
    const lanes = new Lanes();
    const [failing, behind, other] = [deliveryOf('a', 1), deliveryOf('a', 2), deliveryOf('b', 3)];
    lanes.add([failing, behind, other]);
    takeFirst(lanes);
    expect(new Set(lanes.clear())).toEqual(new Set([failing, behind, other]));
    expect(lanes.first()).toBeUndefined();
    expect(lanes.clear()).toEqual([]);
    lanes.add([other]);
    expect(takeFirst(lanes)).toBe(other);
  });

  test('are each sent once, those that come together in order, never two of a click at once', () => {
    const wave = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.nat(5)), { maxLength: 6 });
    const waves = fc.array(wave, { maxLength: 6 });
    fc.assert(
      fc.property(waves, fc.infiniteStream(fc.nat()), (added, choices) => {
        const lanes = new Lanes();
        const together: Delivery[][] = [];
        const finished: Delivery[] = [];
        const inFlight: Delivery[] = [];
        const sendSome = (share: number) => {
          while (choices.next().value % share !== 0) {
            const delivery = takeFirst(lanes);
            if (!delivery) break;
            const clicks = inFlight.map(({ postback }) => postback.clickId);
            expect(clicks).not.toContain(delivery.postback.clickId);
            inFlight.push(delivery);
          }
          while (inFlight.length > 0 && choices.next().value % share !== 0) {
            const [delivery] = inFlight.splice(choices.next().value % inFlight.length, 1);
            if (choices.next().value % 2 === 0) lanes.retry(delivery as Delivery);
            else finished.push(delivery as Delivery) && lanes.finish(delivery as Delivery);
          }
        };
        for (const deliveries of added) {
          const next = deliveries.map(([clickId, at], index) => deliveryOf(clickId, at, index));
          lanes.add(next);
          together.push(next.toSorted((one, other) => one.at - other.at));
          sendSome(3);
        }
        while (lanes.first() || inFlight.length > 0) sendSome(50);
        expect(new Set(finished)).toEqual(new Set(together.flat()));
        for (const expected of together) {
          const own = finished.filter((delivery) => expected.includes(delivery));
          expect(byClick(own)).toEqual(byClick(expected));
        }
      }),
    );
  });
});

function byClick(deliveries: readonly Delivery[]): ReadonlyMap<string, readonly Delivery[]> {
  return Map.groupBy(deliveries, ({ postback }) => postback.clickId);
}
