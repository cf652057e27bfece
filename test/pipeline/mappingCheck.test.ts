import { describe, expect, test } from 'vitest';
import { formatProblem } from '../../src/errors.ts';
import { checkMappings, type MappingCheck } from '../../src/pipeline/mappingCheck.ts';
import { avro, orderPlaced, record } from '../avro/schemas.ts';
import { load } from '../config/files.ts';

const shipped = {
  type: 'record',
  name: 'Shipped',
  fields: [
    { name: 'orderId', type: 'string' },
    { name: 'at', type: ['null', { type: 'long', logicalType: 'timestamp-micros' }] },
    { name: 'weight', type: ['null', 'float'] },
    { name: 'tags', type: { type: 'array', items: 'string' } },
    { name: 'raw', type: 'bytes' },
  ],
};

const head = `kafka: {brokers: 'localhost:9092'}
registry: {url: 'http://localhost:8081'}
mappings:
`;

/** Checks one mapping, in flow style, against these schemas. */
async function check(mapping: string, ...schemas: unknown[]): Promise<MappingCheck> {
  const loaded = await load(`${head}  - {topic: orders, ${mapping}}`);
  const read = async () => schemas.map((schema) => avro(schema));
  return checkMappings(loaded, () => [{ origin: 'the topic "orders"', read }]);
}

/** The problems of a mapping of an order; where one stands at the mark ▶ of the text, without its place. */
async function faults(marked: string, schema: unknown = orderPlaced, event = 'OrderPlaced') {
  const text = marked.replace('▶', '');
  const mapping = `event: ${event}, record: order, ${text}`;
  const { problems } = await check(mapping, schema);
  const start = '  - {topic: orders, '.length + mapping.indexOf(text) + 1;
  return problems.map(({ column = 0, message }) =>
    column - start === marked.indexOf('▶') ? message : `${column - start}: ${message}`,
  );
}

describe('a mapping held against a schema', () => {
  test('is fine, and says how many fields it names', async () => {
    const text =
      'user: customerId, id: orderId, at: placedAt, value: {amount: total.amount, minus: shipping.amount, currency: total.currency}, when: {status: [PAID, SHIPPED], "lines[*].price": {above: 1}, note: {exists: true}, placedAt: {atLeast: 2026-01-01}, consent.marketing: true}';
    const { problems, fields, notes } = await check(
      `event: OrderPlaced, record: order, ${text}`,
      orderPlaced,
    );
    expect({ problems, fields, notes }).toEqual({ problems: [], fields: 11, notes: [] });
  });

  test.each([
    ['user: ▶total', '"total" is a record, and a text or a number is needed here'],
    ['user: ▶lines', '"lines" is an array, and a text or a number is needed here'],
    [
      'user: customerId, id: ▶"lines[*].sku"',
      '"lines[*].sku" is a list, and a text or a number is needed here; "lines[0].sku" is the first',
    ],
    [
      'user: [customerId, ▶consent.marketing]',
      '"consent.marketing" is a boolean, and a text or a number is needed here',
    ],
    [
      'user: customerId, value: {amount: ▶total}',
      '"total" is a record, and an amount is needed here',
    ],
    [
      'user: customerId, value: {amount: ▶placedAt}',
      '"placedAt" is a timestamp-millis, and an amount is needed here',
    ],
    [
      'user: customerId, at: ▶consent.marketing',
      '"consent.marketing" is a boolean, and a timestamp, milliseconds or an ISO 8601 time is needed here',
    ],
    [
      'user: customerId, value: {amount: total.amount, currency: ▶"lines[0].quantity"}',
      '"lines[0].quantity" is an int, and an ISO 4217 code is needed here',
    ],
  ])('%s: a field of a type that can not serve', async (text, fault) => {
    expect(await faults(text)).toEqual([fault]);
  });

  test('a time that is a day is worth a warning, but for clicks', async () => {
    const placed = record('Placed', {
      id: 'string',
      on: ['null', { type: 'int', logicalType: 'date' }],
    });
    const { problems } = await check('event: Placed, record: order, user: id, at: on', placed);
    expect(problems).toMatchObject([
      {
        severity: 'warning',
        setting: 'mappings[0].at',
        message:
          '"on" is a date, so the order counts as of midnight (UTC), and no click of that day counts for it; name a field that has the time of day',
      },
    ]);
    const click = await check('event: Placed, record: click, click: id, user: id, at: on', placed);
    expect(click.problems).toEqual([]);
  });

  test('an amount whose decimal stands on a long, or has no precision, is not what it says', async () => {
    const price = (type: object) =>
      record('Paid', { id: 'string', price: { ...type, logicalType: 'decimal', scale: 2 } });
    const text = 'user: id, value: {amount: ▶price}';
    expect(await faults(text, price({ type: 'long', precision: 10 }), 'Paid')).toEqual([
      '"price" calls itself decimal, which goes with no long like this one: it is read as the plain long',
    ]);
    expect(await faults(text, price({ type: 'bytes' }), 'Paid')).toEqual([
      '"price" is a bytes, and an amount is needed here',
    ]);
    expect(await faults(text, price({ type: 'bytes', precision: 10 }), 'Paid')).toEqual([]);
  });

  test.each([
    [
      'user: customerId, when: {status: ▶SHIPED}',
      '"SHIPED" is no symbol of com.shop.Status, which has NEW, PAID, SHIPPED; did you mean SHIPPED?',
    ],
    [
      'user: customerId, when: {status: [PAID, ▶CANCELLED]}',
      '"CANCELLED" is no symbol of com.shop.Status, which has NEW, PAID, SHIPPED',
    ],
    [
      'user: customerId, when: {status: {not: [PAID, ▶OPEN]}}',
      '"OPEN" is no symbol of com.shop.Status, which has NEW, PAID, SHIPPED',
    ],
    [
      'user: customerId, when: {customerId: ▶5}',
      '"customerId" is a string, so it is never 5; put it in quotes',
    ],
    [
      'user: customerId, when: {consent.marketing: ▶"true"}',
      '"consent.marketing" is a boolean, so it is never "true"',
    ],
    ['user: customerId, when: {orderId: ▶null}', '"orderId" is a string, so it is never null'],
    [
      'user: customerId, when: {status: {above: ▶1}}',
      '"status" is an enum, and only a number or a date can be compared',
    ],
    [
      'user: customerId, when: {placedAt: {above: ▶1700000000000}}',
      '"placedAt" is a timestamp-millis: compare it with a date such as 2026-01-31',
    ],
    [
      'user: customerId, when: {total.amount: {above: ▶2026-01-01}}',
      '"total.amount" is a decimal: compare it with a number',
    ],
    [
      'user: customerId, when: {▶cuopon: {exists: false}}',
      '"cuopon" is not a field of com.shop.OrderPlaced: it has orderId, customerId, placedAt, status, total, shipping, lines, attributes, consent, note',
    ],
  ])('%s: a condition that can never be true, or is none', async (text, fault) => {
    expect(await faults(text)).toEqual([fault]);
  });

  test.each([
    'when: {tags: gift}',
    'when: {tags: {exists: true}}',
    'when: {weight: {atMost: 2.5}}',
    'when: {weight: null}',
    'when: {at: {below: 2026-01-31T12:00:00Z}}',
    'when: {orderId: {above: 1000}}',
    'when: {orderId: {above: 2026-01-31}}',
    'id: raw',
  ])('%s: a condition that fits the field', async (text) => {
    expect(await faults(`user: orderId, ${text}`, shipped, 'Shipped')).toEqual([]);
  });

  test('tells every problem at once, each where it stands', async () => {
    const { problems } = await check(
      'event: OrderPlaced, record: order, user: customrId, at: placed, when: {status: SHIPED, total: {above: 1}}',
      orderPlaced,
    );
    expect(
      problems.map((problem) => formatProblem(problem).replace(/^.*(?=connector\.yaml)/, '')),
    ).toEqual([
      expect.stringContaining('connector.yaml:4:62: error: mappings[0].user: "customrId"'),
      expect.stringContaining('connector.yaml:4:77: error: mappings[0].at: "placed"'),
      expect.stringContaining('connector.yaml:4:100: error: mappings[0].when.status: "SHIPED"'),
      expect.stringContaining('connector.yaml:4:123: error: mappings[0].when.total.above: "total"'),
    ]);
  });
});

describe('a mapping with a root', () => {
  const envelope = record('Envelope', { occurredAt: 'long', payload: ['null', orderPlaced] });
  const rooted = 'root: payload, user: customerId';

  test('is held against the record there, and /names against the envelope', async () => {
    expect(await faults(`${rooted}, at: /occurredAt`, envelope)).toEqual([]);
    expect(await faults(`${rooted}, at: occurredAt`, envelope)).toEqual([
      expect.stringContaining('"occurredAt" is not a field of com.shop.OrderPlaced: it has'),
    ]);
    expect(await faults(`${rooted}, at: /placedAt`, envelope)).toEqual([
      expect.stringContaining('"placedAt" is not a field of Envelope: it has occurredAt, payload'),
    ]);
  });

  test('names events that are there', async () => {
    expect(await faults(rooted, envelope, 'OrderPlased')).toEqual([
      expect.stringContaining(
        '"OrderPlased" is no event of the topic "orders", which has com.shop.OrderPlaced at "payload"; did you mean "OrderPlaced"?',
      ),
    ]);
    expect(await faults('root: paylod, user: customerId', envelope)).toEqual([
      '6: "paylod" is not a field of Envelope: it has occurredAt, payload; did you mean "payload"?',
    ]);
  });
});

describe('what a mapping does not say', () => {
  const signedUp = record('UserSignedUp', {
    userId: 'string',
    visitorId: ['null', 'string'],
    occurredAt: 'long',
  });

  test('is taken from fields with the usual names, and said', async () => {
    const lead = await check('event: UserSignedUp, record: lead', signedUp);
    expect(lead).toMatchObject({
      problems: [],
      notes: [
        'mappings[0] (UserSignedUp) takes user: [userId, visitorId], at: occurredAt, id: userId',
      ],
    });
    const order = await check('event: OrderPlaced, record: order', orderPlaced);
    expect(order).toMatchObject({
      problems: [],
      notes: [
        'mappings[0] (OrderPlaced) takes user: customerId, at: placedAt, id: orderId, value.amount: total.amount, value.currency: total.currency',
      ],
    });
  });

  test('gives way to what it says', async () => {
    const { notes } = await check(
      'event: OrderPlaced, record: order, user: note, at: placedAt, id: note, value: {amount: "lines[*].price"}',
      orderPlaced,
    );
    expect(notes).toEqual([]);
  });

  test('is an error where nothing stands for it', async () => {
    const { problems } = await check('event: Shipped, record: order', shipped);
    expect(problems.map(({ message, setting }) => [setting, message])).toEqual([
      [
        'mappings[0]',
        'needs user (the fields that identify the person); Shipped has none of the usual names userId, customerId, visitorId',
      ],
    ]);
    const click = await check('event: UserSignedUp, record: click', signedUp);
    expect(click.problems.map(({ message }) => message)).toEqual([
      'needs click (the field with the click id); UserSignedUp has none of the usual names clickId',
    ]);
  });

  test('needs no person where the event carries the click', async () => {
    const { problems, notes } = await check(
      'event: Shipped, record: order, click: orderId',
      shipped,
    );
    expect(problems).toEqual([]);
    expect(notes).toEqual(['mappings[0] (Shipped) takes id: orderId']);
  });

  test.each([
    ['event: Shipped, record: order', ['takes id: orderId']],
    ['event: Shipped, record: click, user: orderId', []],
  ])('needs no click where %s names the landing page', async (mapping, takes) => {
    const { problems, notes } = await check(`${mapping}, clickUrl: orderId`, shipped);
    expect(problems).toEqual([]);
    expect(notes).toEqual(takes.map((taken) => `mappings[0] (Shipped) ${taken}`));
  });
});
