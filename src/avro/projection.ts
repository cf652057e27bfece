import avsc, { type Type } from 'avsc';
import { fieldTypes, recordsIn } from './avscType.ts';

type Schema = Parameters<typeof avsc.Type.forSchema>[0];

/** A path, name by name. */
type Path = readonly string[];

/**
 * Compiles what decodes only the fields that the paths lead to, and skips the others. It gives an object of
 * these fields, in which a path that goes deeper has an object of its own; null stands for what is no record.
 * Throws what avsc throws for a payload that does not follow the schema, from its first byte to its last.
 */
export function compileProjection(
  writer: Type,
  paths: readonly string[],
): (payload: Buffer) => unknown {
  const split = paths.map((path) => path.split('.'));
  const reader = avsc.Type.forSchema(readerSchema([writer], split, createCounter()));
  const resolver = reader.createResolver(writer);
  return (payload) => reader.fromBuffer(payload, resolver);
}

/**
 * A reader's schema for values of any of these types. The records among them are read as one, which takes their
 * names as aliases and has null for the fields that only others have; so avsc has no branches to choose from.
 */
function readerSchema(types: readonly Type[], paths: readonly Path[], count: () => number): Schema {
  const fields = Map.groupBy(paths, ([name]) => name as string);
  const record = {
    type: 'record',
    // A name for each place: avsc keeps its resolvers by name.
    name: `Projection${count()}`,
    aliases: types.flatMap(recordsIn).flatMap(({ name }) => name ?? []),
    fields: [...fields].map(([name, own]) => {
      const within = own.map((path) => path.slice(1));
      const isWhole = within.some((path) => path.length === 0);
      const type = isWhole ? asWritten : readerSchema(fieldTypes(types, name), within, count);
      return { name, type, default: null };
    }),
  };
  return [noRecord, record] as Schema;
}

function createCounter(): () => number {
  let count = 0;
  return () => ++count;
}

/** Reads a value as its writer's type reads it, whatever that is: no promotions, no names to match. */
class AsWritten extends avsc.types.LogicalType {
  constructor() {
    super({ type: 'null', logicalType: 'as-written' } as unknown as Schema);
  }

  protected override _resolve(_writer: Type): ((value: unknown) => unknown) | undefined {
    return (value) => value;
  }

  protected override _fromValue(value: unknown): unknown {
    return value;
  }

  protected override _toValue(value: unknown): unknown {
    return value;
  }
}

/** Reads as null whatever is no record. */
class NoRecord extends AsWritten {
  protected override _resolve(writer: Type) {
    return recordsIn(writer).length === 0 ? () => null : undefined;
  }
}

const asWritten = new AsWritten();
const noRecord = new NoRecord();
