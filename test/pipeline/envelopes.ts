import { record } from '../avro/schemas.ts';

/** As the Avro format of CloudEvents 1.0 defines it: https://github.com/cloudevents/spec/blob/main/cloudevents/formats/avro-format.md */
export const cloudEvent = {
  ...{ namespace: 'io.cloudevents', type: 'record', name: 'CloudEvent', version: '1.0' },
  fields: [
    {
      name: 'attribute',
      type: { type: 'map', values: ['null', 'boolean', 'int', 'string', 'bytes'] },
    },
    {
      name: 'data',
      type: [
        'bytes',
        'null',
        'boolean',
        {
          type: 'map',
          values: [
            'null',
            'boolean',
            record('CloudEventData', {
              value: {
                type: 'map',
                values: [
                  'null',
                  'boolean',
                  { type: 'map', values: 'CloudEventData' },
                  { type: 'array', items: 'CloudEventData' },
                  'double',
                  'string',
                ],
              },
            }),
            'double',
            'string',
          ],
        },
        { type: 'array', items: 'CloudEventData' },
        'double',
        'string',
      ],
    },
  ],
};

/** A change event of Debezium's connectors, as Confluent's AvroConverter writes it. */
export const debeziumChange = {
  ...{ type: 'record', name: 'Envelope', namespace: 'shop.inventory.orders' },
  fields: [
    {
      name: 'before',
      type: [
        'null',
        record('Value', {
          id: 'int',
          purchaser: 'int',
          order_date: {
            type: 'int',
            'connect.version': 1,
            'connect.name': 'io.debezium.time.Date',
          },
          total: 'long',
        }),
      ],
      default: null,
    },
    { name: 'after', type: ['null', 'Value'], default: null },
    {
      name: 'source',
      type: {
        ...record('Source', {
          ...{ version: 'string', connector: 'string', name: 'string' },
          ...{ ts_ms: 'long', table: 'string' },
        }),
        namespace: 'io.debezium.connector.postgresql',
      },
    },
    { name: 'op', type: 'string' },
    { name: 'ts_ms', type: ['null', 'long'], default: null },
    {
      name: 'transaction',
      type: ['null', { ...record('block', { id: 'string' }), namespace: 'event' }],
      default: null,
    },
  ],
};

/** Debezium's outbox event router, with table.expand.json.payload and a column placed in the envelope. */
export const debeziumOutbox = {
  ...{ type: 'record', name: 'ConnectDefault', namespace: 'io.confluent.connect.avro' },
  fields: [
    {
      name: 'payload',
      type: {
        ...record('payload', {
          orderId: 'string',
          customerId: ['null', 'int'],
          orderDate: 'string',
        }),
        namespace: 'outbox.order',
      },
    },
    { name: 'eventType', type: 'string' },
  ],
};
