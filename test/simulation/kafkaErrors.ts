import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const errors = require('kafkajs/src/errors');
const { errorCodes } = require('kafkajs/src/protocol/error');

/** Kafka's error codes that the simulated brokers answer with. */
export type KafkaErrorType =
  | 'ILLEGAL_GENERATION'
  | 'NOT_LEADER_FOR_PARTITION'
  | 'REBALANCE_IN_PROGRESS'
  | 'UNKNOWN_MEMBER_ID';

/** The error that kafkajs makes of a broker's error code. */
export function kafkaError(type: KafkaErrorType): Error {
  return new errors.KafkaJSProtocolError(
    errorCodes.find((known: { type: string }) => known.type === type),
  );
}

/** The error of a connection that can't be used. */
export function connectionError(): Error {
  return new errors.KafkaJSConnectionError('no connection', { broker: 'simulated' });
}
