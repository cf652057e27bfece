import Big from 'big.js';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { Instant } from '../../src/avro/instant.ts';
import type { FieldValue } from '../../src/avro/reader.ts';
import { configSchema, type Mapping } from '../../src/config/schema.ts';
import { mappingPaths, placeMapping } from '../../src/pipeline/eventMapping.ts';
import { record } from './fixtures.ts';
import { mapAll } from './mapAll.ts';

type Fields = Readonly<Record<string, FieldValue>>;

/** What one event with these fields becomes under these mappings. */
function mapEvent(fields: Fields, ...mappings: object[]) {
  const config = configSchema.parse({
    kafka: { brokers: 'localhost:9092' },
    mappings: mappings.map((mapping) => ({ topic: 'events', event: 'Event', ...mapping })),
  });
  const paths = [
    ...new Set(
      config.mappings.flatMap((mapping: Mapping) => mappingPaths(mapping).map(({ path }) => path)),
    ),
  ];
  const { passed, settled } = mapAll([
    {
      record: record(0),
      mappings: config.mappings.map((mapping: Mapping) => placeMapping(mapping, paths, [])),
      values: paths.map((path) => fields[path] ?? null),
    },
  ]);
  return { mapped: passed[0], outcome: settled[0]?.outcome, passed, settled };
}

const noon = Date.parse('2026-01-31T12:00:00Z');
const lead = { record: 'lead', user: ['userId', 'visitorId'], at: 'at' };
const click = { record: 'click', click: 'clickId', user: 'visitorId' };

describe('mapping', () => {
  test('takes the user keys in their order, without those that are null, empty or twice', () => {
    const users = { ...lead, user: ['a', 'b', 'c', 'd'] };
    expect(mapEvent({ a: null, b: 'one', c: '', d: 'one' }, users).mapped?.userKeys).toEqual([
      'one',
    ]);
    expect(mapEvent({ a: 7, b: 2n ** 60n }, users).mapped?.userKeys).toEqual(['7', `${2n ** 60n}`]);
  });

  test.each(['null', 'undefined', 'NaN', 'NULL'])(
    'takes %s, which many a program writes for nothing, for no user key',
    (word) => {
      expect(mapEvent({ userId: word, visitorId: 'v' }, lead).mapped?.userKeys).toEqual(['v']);
      expect(mapEvent({ userId: word }, lead).outcome).toMatchObject({ reason: 'no-user' });
    },
  );

  test('skips an event that names nobody', () => {
    expect(mapEvent({}, lead).outcome).toEqual({ outcome: 'skipped', reason: 'no-user' });
    expect(mapEvent({ clickId: 'c-1' }, click).outcome).toMatchObject({ reason: 'no-user' });
  });

  test.each([
    ['https://shop.example/a?utm_source=powerspace&clickId=pws-1', 'pws-1'],
    ['https://shop.example/a?clickId=a%2Bb%2Fc%3D&utm_source=powerspace#top', 'a+b/c='],
    ['https://shop.example/?utm_source=powerspace&clickId=a+b/c=', 'a+b/c='],
    ['/landing?utm_source=Powerspace&clickId=pws-1&clickId=pws-2', 'pws-1'],
    ['?utm_source=powerspace&clickId=pws-1', 'pws-1'],
  ])('reads the click id in the landing page %s', (url, clickId) => {
    const visit = { record: 'click', clickUrl: 'url', user: 'visitorId' };
    expect(mapEvent({ visitorId: 'v', url }, visit).mapped?.clickId).toBe(clickId);
  });

  test.each([
    'https://shop.example/?utm_source=newsletter&clickId=other-1',
    'https://shop.example/?clickId=other-1',
    'https://shop.example/?utm_source=powerspace&clickId=',
    'https://shop.example/?utm_source=powerspace&clickid=pws-1',
    'http://[?utm_source=powerspace&clickId=pws-1',
    'https://shop.example/',
    null,
  ])('finds no click in the landing page %s', (url) => {
    const visit = { record: 'click', clickUrl: 'url', user: 'visitorId' };
    expect(mapEvent({ visitorId: 'v', url }, visit).outcome).toMatchObject({ reason: 'no-click' });
    const order = { record: 'order', clickUrl: 'url', user: 'visitorId' };
    expect(mapEvent({ visitorId: 'v', url }, order).mapped).toMatchObject({
      clickId: undefined,
      userKeys: ['v'],
    });
  });

  test('dead-letters a landing page whose macro was never substituted', () => {
    const url = 'https://shop.example/?utm_source=powerspace&clickId={clickId}';
    const { outcome } = mapEvent({ url }, { record: 'order', clickUrl: 'url' });
    expect(outcome).toMatchObject({ outcome: 'dead-lettered', reason: 'invalid-click-id' });
  });

  test('takes the click id of the landing page only where the event has none itself', () => {
    const both = { record: 'order', click: 'clickId', clickUrl: 'url' };
    const url = '/?utm_source=powerspace&clickId=of-url';
    expect(mapEvent({ url, clickId: 'own' }, both).mapped?.clickId).toBe('own');
    expect(mapEvent({ url, clickId: null }, both).mapped?.clickId).toBe('of-url');
  });

  test('skips a visit without a click id', () => {
    expect(mapEvent({ visitorId: 'v' }, click).outcome).toMatchObject({ reason: 'no-click' });
  });

  test.each(['{clickId}', 'null', 'a b', 'é'])(
    'dead-letters the click id %s, and does not repeat it',
    (clickId) => {
      const { outcome } = mapEvent({ visitorId: 'v', clickId }, click);
      expect(outcome).toMatchObject({ outcome: 'dead-lettered', reason: 'invalid-click-id' });
    },
  );

  test('needs no user where the event carries the click', () => {
    const carried = { record: 'order', click: 'clickId' };
    expect(mapEvent({ clickId: 'c-1' }, carried).mapped).toMatchObject({
      clickId: 'c-1',
      userKeys: [],
    });
  });

  test.each<[string, FieldValue, number]>([
    ['a timestamp', new Instant(noon), noon],
    ['milliseconds', noon, noon],
    ['an ISO 8601 text', '2026-01-31T12:00:00Z', noon],
    ['a text with an offset', '2026-01-31T14:00:00.000+02:00', noon],
    ['a text with an offset without a colon', '2026-01-31T14:00:00+0200', noon],
    ['a text without a zone, as if in UTC', '2026-01-31T12:00:00.000000', noon],
    ['a text with a space, as if in UTC', '2026-01-31 12:00:00', noon],
    ['a text in bytes', Buffer.from('2026-01-31T12:00:00Z'), noon],
    ['a date, at midnight in UTC', '2026-01-31', noon - 12 * 3_600_000],
    ['null, by the Kafka timestamp', null, 0],
    ['an empty text, by the Kafka timestamp', '', 0],
  ])('takes the time from %s, in every time zone', (_, at, expected) => {
    vi.stubEnv('TZ', 'Asia/Tokyo');
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(new Date(0).getHours()).toBe(9);
    expect(mapEvent({ userId: 'u', at }, lead).mapped?.at).toBe(expected);
  });

  test.each<[string, Fields]>([
    ['a time that is none', { userId: 'u', at: 'yesterday' }],
    ['a number that stands for a year', { userId: 'u', at: '7' }],
    ['a list of times', { userId: 'u', at: [noon] }],
    ['an empty list of times', { userId: 'u', at: [] }],
    ['a flag for a time', { userId: 'u', at: true }],
    ['a user key that is no number', { userId: Number.NaN }],
    ['a user key that is a record', { userId: { id: 'u' } }],
  ])('dead-letters %s, without its content', (_, fields) => {
    const { outcome } = mapEvent(fields, lead);
    expect(outcome).toMatchObject({ outcome: 'dead-lettered', reason: 'invalid-field' });
    expect(JSON.stringify(outcome)).not.toContain('yesterday');
  });

  test.each<[string, FieldValue, string]>([
    ['seconds', noon / 1_000, 'before 2000'],
    ['microseconds', noon * 1_000, 'after 2100'],
    ['nanoseconds', BigInt(noon) * 1_000_000n, 'after 2100'],
    ['a timestamp of the wrong unit', new Instant(noon / 1_000), 'before 2000'],
  ])(
    'dead-letters %s that are taken for milliseconds, instead of finding no click',
    (_, at, what) => {
      const { outcome } = mapEvent({ userId: 'u', at }, lead);
      expect(outcome).toMatchObject({ outcome: 'dead-lettered', reason: 'invalid-field' });
      expect(outcome).toMatchObject({ error: expect.stringContaining(what) });
    },
  );

  test('takes a decimal for a user key without the zeros of its scale', () => {
    expect(mapEvent({ userId: new Big('12.00') }, lead).mapped?.userKeys).toEqual(['12']);
    expect(mapEvent({ userId: new Big('1e30') }, lead).mapped?.userKeys).toEqual([
      '1000000000000000000000000000000',
    ]);
  });
});

describe('conditions', () => {
  const paid = { ...lead, when: { status: ['PAID', 'SHIPPED'], 'consent.marketing': true } };

  test.each<[Fields, boolean]>([
    [{ status: 'PAID', 'consent.marketing': true }, true],
    [{ status: 'SHIPPED', 'consent.marketing': true }, true],
    [{ status: 'PENDING', 'consent.marketing': true }, false],
    [{ status: 'PAID', 'consent.marketing': false }, false],
    [{ status: 'PAID' }, false],
  ])('let %j through: %s', (fields, isMet) => {
    const { mapped, outcome } = mapEvent({ userId: 'u', ...fields }, paid);
    expect(mapped !== undefined).toBe(isMet);
    if (!isMet) expect(outcome).toEqual({ outcome: 'skipped', reason: 'condition' });
  });

  test('apply every mapping that they let through, of each kind of record the first', () => {
    const order = { record: 'order', user: 'userId', id: 'orderId' };
    const first = { ...order, when: { isFirst: true } };
    const kinds = (fields: Fields) =>
      mapEvent({ userId: 'u', ...fields }, paid, first, { ...order, id: 'second' }).passed.map(
        ({ mapping }) => [mapping.kind, mapping.id?.path],
      );
    expect(kinds({ status: 'PAID', 'consent.marketing': true, isFirst: true })).toEqual([
      ['lead', undefined],
      ['order', 'orderId'],
    ]);
    expect(kinds({ status: 'PENDING' })).toEqual([['order', 'second']]);
  });

  test('let one conversion of a record through when another can not be mapped', () => {
    const order = { record: 'order', user: 'userId', at: 'orderedAt' };
    const { passed, settled } = mapEvent({ userId: 'u', orderedAt: 'soon' }, lead, order);
    expect(passed.map(({ mapping }) => mapping.kind)).toEqual(['lead']);
    expect(settled).toMatchObject([{ kind: 'order', outcome: { reason: 'invalid-field' } }]);
  });
});
