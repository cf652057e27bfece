/** What Debezium calls its types, as the logical types that say the same. */
const logicalTypes: ReadonlyMap<unknown, string> = new Map([
  ['io.debezium.time.Date', 'date'],
  ['io.debezium.time.Timestamp', 'local-timestamp-millis'],
  ['io.debezium.time.MicroTimestamp', 'local-timestamp-micros'],
  ['io.debezium.time.NanoTimestamp', 'local-timestamp-nanos'],
  ['io.debezium.data.VariableScaleDecimal', 'variable-scale-decimal'],
]);

/**
 * The logical type of a schema: its own, or the one that its type of Debezium's stands for. Kafka Connect's converters
 * write those only as `connect.name`:
 * https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-data-types
 */
export function logicalTypeOf(schema: object): unknown {
  const { logicalType, 'connect.name': connectName }: ConnectAttributes = schema;
  return logicalType ?? logicalTypes.get(connectName);
}

interface ConnectAttributes {
  readonly logicalType?: unknown;
  readonly 'connect.name'?: unknown;
}
