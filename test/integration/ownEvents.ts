import type { OwnEvent, OwnPlatform } from './ownPlatform.ts';

const time = { type: 'long', logicalType: 'timestamp-millis' };
const money = { type: 'bytes', logicalType: 'decimal', precision: 12, scale: 2 };
const optionalText = { type: ['null', 'string'], default: null };

const visitSchema = {
  type: 'record',
  name: 'CampaignVisit',
  namespace: 'io.acme.web.v3',
  fields: [
    { name: 'session', type: 'string' },
    {
      name: 'source',
      type: {
        type: 'record',
        name: 'Source',
        fields: [
          { name: 'network', type: { type: 'enum', name: 'Network', symbols: ['OTHER', 'PWS'] } },
          { name: 'clickRef', ...optionalText },
          { name: 'parameters', type: { type: 'map', values: 'string' } },
        ],
      },
    },
    { name: 'screen', type: { type: 'array', items: 'int' } },
    { name: 'visitedAt', type: time },
  ],
};

const registrationSchema = {
  type: 'record',
  name: 'CustomerRegistered',
  namespace: 'io.acme.crm',
  fields: [
    { name: 'newsletter', type: 'boolean' },
    {
      name: 'customer',
      type: {
        type: 'record',
        name: 'Customer',
        fields: [
          { name: 'number', type: 'long' },
          { name: 'session', ...optionalText },
        ],
      },
    },
    { name: 'score', type: 'double' },
    { name: 'registeredAt', type: { type: 'long', logicalType: 'timestamp-micros' } },
  ],
};

const purchaseSchema = {
  type: 'record',
  name: 'PurchaseCompleted',
  namespace: 'io.acme.shop',
  fields: [
    { name: 'purchase', type: 'string' },
    { name: 'customerNumber', type: 'long' },
    {
      name: 'sums',
      type: {
        type: 'record',
        name: 'Sums',
        fields: [
          { name: 'gross', type: money },
          { name: 'delivery', type: ['null', money], default: null },
          { name: 'currency', type: 'string' },
        ],
      },
    },
    {
      name: 'lines',
      type: {
        type: 'array',
        items: {
          type: 'record',
          name: 'Line',
          fields: [
            { name: 'sku', type: 'string' },
            { name: 'price', type: 'double' },
          ],
        },
      },
    },
    {
      name: 'state',
      type: { type: 'enum', name: 'State', symbols: ['OPEN', 'PAID', 'CANCELLED'] },
    },
    { name: 'completedAt', type: time },
  ],
};

/** Names of the topics under a prefix. */
export function ownTopics(prefix: string) {
  return {
    visits: `${prefix}visits`,
    registrations: `${prefix}crm.registrations`,
    purchases: `${prefix}purchases`,
  };
}

const minute = 60_000;

/** The topics and their schemas, before there is any event. */
export async function createTopics(platform: OwnPlatform): Promise<void> {
  const { visits, registrations, purchases } = ownTopics(platform.prefix);
  for (const topic of [visits, registrations, purchases]) await platform.createTopic(topic);
  await platform.produce(visits, visitSchema, []);
  await platform.produce(registrations, registrationSchema, []);
  await platform.produce(purchases, purchaseSchema, []);
}

/** Visits, registrations and purchases; resolves with the request lines that Powerspace must get. */
export async function produceEvents(platform: OwnPlatform): Promise<readonly string[]> {
  const topics = ownTopics(platform.prefix);
  await createTopics(platform);
  const start = Date.now() - 60 * minute;
  await platform.produce(topics.visits, visitSchema, [
    visit('session-1', 'pws-Ab1_~.', start),
    visit('session-2', 'Zm9v+YmFy/w==', start + minute),
    visit('session-3', null, start + minute),
  ]);
  const registeredAt = start + 2 * minute;
  await platform.produce(topics.registrations, registrationSchema, [
    registration(1001, 'session-1', registeredAt),
    registration(1002, 'session-2', registeredAt),
    registration(1003, 'session-3', registeredAt),
    registration(1004, null, registeredAt),
  ]);
  const completedAt = start + 5 * minute;
  await platform.produce(topics.purchases, purchaseSchema, [
    purchase('P-1', 1001, { gross: 5498, delivery: 499, currency: 'EUR' }, 'PAID', completedAt),
    purchase('P-1', 1001, { gross: 5498, delivery: 499, currency: 'EUR' }, 'PAID', completedAt),
    purchase('P-2', 1002, { gross: 12000, delivery: null, currency: 'EUR' }, 'PAID', completedAt),
    purchase('P-3', 1001, { gross: 999, delivery: null, currency: 'EUR' }, 'OPEN', completedAt),
    purchase('P-4', 1001, { gross: 999, delivery: null, currency: 'USD' }, 'PAID', completedAt),
    purchase('P-5', 1003, { gross: 999, delivery: null, currency: 'EUR' }, 'PAID', completedAt),
  ]);
  return [
    'GET /ld?qci=pws-Ab1_~. HTTP/1.1',
    'GET /ld?qci=Zm9v%2BYmFy%2Fw%3D%3D HTTP/1.1',
    'GET /ord?qci=pws-Ab1_~.&ov=49.99 HTTP/1.1',
    'GET /ord?qci=Zm9v%2BYmFy%2Fw%3D%3D&ov=120 HTTP/1.1',
  ];
}

/** Orders of a customer whose click is known by then; resolves with the request lines that Powerspace must get. */
export async function producePurchases(
  platform: OwnPlatform,
  ids: readonly string[],
): Promise<readonly string[]> {
  const sums = { gross: 700, delivery: null, currency: 'EUR' };
  const purchases = ids.map((id) => purchase(id, 1001, sums, 'PAID', Date.now() - minute));
  await platform.produce(ownTopics(platform.prefix).purchases, purchaseSchema, purchases);
  return ids.map(() => 'GET /ord?qci=pws-Ab1_~.&ov=7 HTTP/1.1');
}

/** What `run` reports of those events at its end. */
export const ownReport = {
  records: 13,
  outcomes: { delivered: 4, duplicate: 1, skipped: 8, 'dead-lettered': 0 },
  reasons: {
    'skipped condition': 1,
    'skipped currency': 1,
    'skipped no-click': 4,
    'skipped recorded': 2,
  },
};

function visit(session: string, clickRef: string | null, visitedAt: number): OwnEvent {
  const source = { network: 'PWS', clickRef, parameters: { utm_source: 'powerspace' } };
  return { key: session, value: { session, source, screen: [1920, 1080], visitedAt } };
}

function registration(number: number, session: string | null, at: number): OwnEvent {
  const customer = { number, session };
  const value = { newsletter: true, customer, score: 0.5, registeredAt: at * 1_000 };
  return { key: String(number), value };
}

/** Amounts in cents. */
interface Sums {
  readonly gross: number;
  readonly delivery: number | null;
  readonly currency: string;
}

function purchase(
  id: string,
  customerNumber: number,
  { gross, delivery, currency }: Sums,
  state: 'OPEN' | 'PAID',
  completedAt: number,
): OwnEvent {
  const sums = {
    gross: decimalBytes(gross),
    delivery: delivery === null ? null : decimalBytes(delivery),
    currency,
  };
  const lines = [{ sku: 'SHOE-42', price: 49.99 }];
  return { key: id, value: { purchase: id, customerNumber, sums, lines, state, completedAt } };
}

/** Big-endian two's complement, as Avro writes the unscaled value of a decimal. */
function decimalBytes(unscaled: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(unscaled);
  return bytes;
}
