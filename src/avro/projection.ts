import avsc, { type Type } from 'avsc';
import { branchesOf, fieldNamed, type RecordType } from './avscType.ts';
import type { Cursor } from './cursor.ts';
import type { Step } from './fieldPath.ts';
import type { FieldValue } from './fieldValue.ts';
import { eachItem, type Read, Reads } from './read.ts';
import { byBranch, inSequence, type Put, type Visit } from './sequence.ts';
import { type Skip, Skips } from './skip.ts';

/** What a path still has to go through from here, and where its value belongs. */
interface Wanted {
  readonly steps: readonly Step[];
  readonly place: number;
  /** A path through all items of an array gives the values that are not null, as an array. */
  readonly gathers: boolean;
  /** Whether the name of the record there is wanted, and null for what is no record. */
  readonly tellsName?: true;
}

/**
 * Compiles what decodes only the values that the paths lead to and skips the others: their bytes are passed, but
 * not looked at. `values` holds null at first; it stays where a path leads to nothing.
 */
export function compileProjection(writer: Type, paths: readonly (readonly Step[])[]): Visit {
  const wanted = paths.map((steps, place) => ({
    steps,
    place,
    gathers: steps.some(({ kind }) => kind === 'items'),
  }));
  return new Projection().visit(writer, wanted);
}

/** Compiles what tells, as the first value, the name of the record that the path leads to. */
export function compileRecordName(writer: Type, steps: readonly Step[]): Visit {
  return new Projection().visit(writer, [{ steps, place: 0, gathers: false, tellsName: true }]);
}

class Projection {
  readonly #skips = new Skips();
  readonly #reads = new Reads(this.#skips);

  visit(type: Type, wanted: readonly Wanted[]): Visit {
    const branches = branchesOf(type);
    if (branches && wanted.length > 0) return this.#union(branches, wanted);
    const whole = wanted.filter(({ steps }) => steps.length === 0);
    const name = whole.find(({ tellsName }) => tellsName);
    if (name) return tellName(type, name.place, this.#skips.of(type));
    const within = this.#within(type, wanted);
    if (whole.length === 0) return within ?? this.#skips.of(type);
    const put = putAll(this.#reads.of(type), whole);
    return within ? twice(within, put) : put;
  }

  /** Undefined where a value of the type has nothing within that is wanted. */
  #within(type: Type, wanted: readonly Wanted[]): Visit | undefined {
    const isArray = type instanceof avsc.types.ArrayType;
    const own = wanted.filter(({ steps: [step] }) => step && (step.kind !== 'name') === isArray);
    if (own.length === 0) return undefined;
    if (isArray) return this.#array(type.itemsType, own);
    if (type instanceof avsc.types.RecordType) return this.#record(type, own);
    if (type instanceof avsc.types.MapType) return this.#map(type.valuesType, own);
    return undefined;
  }

  #union(types: readonly Type[], wanted: readonly Wanted[]): Visit {
    return byBranch(types.map((type) => this.#step(type, wanted)));
  }

  /** The plainest of paths has a shorter way. */
  #step(type: Type, wanted: readonly Wanted[]): Visit | Put {
    const [first, ...others] = wanted;
    const isWhole =
      first &&
      others.length === 0 &&
      first.steps.length === 0 &&
      !first.gathers &&
      !first.tellsName;
    if (!isWhole || branchesOf(type)) return this.visit(type, wanted);
    return { read: this.#reads.of(type), place: first.place };
  }

  #record(type: RecordType, wanted: readonly Wanted[]): Visit {
    const steps: (Visit | Put)[] = [];
    let skipped: Type[] = [];
    for (const field of type.fields) {
      const own = wanted.filter(
        ({ steps: [step] }) => step?.kind === 'name' && fieldNamed(type, step.name) === field,
      );
      if (own.length === 0) {
        skipped.push(field.type);
      } else {
        steps.push(...this.#skips.ofAll(skipped), this.#step(field.type, own.map(afterStep)));
        skipped = [];
      }
    }
    steps.push(...this.#skips.ofAll(skipped));
    return inSequence(steps);
  }

  #array(items: Type, wanted: readonly Wanted[]): Visit {
    const all = wanted.filter(({ steps: [step] }) => step?.kind === 'items');
    const single = wanted.filter(({ steps: [step] }) => step?.kind === 'item');
    const size = this.#skips.sizeOf(items) ?? 1;
    const visitOthers = this.visit(items, all.map(afterStep));
    const visits = new Map(
      [...Map.groupBy(single, indexOf)].map(([index, own]) => [
        index,
        this.visit(items, [...all, ...own].map(afterStep)),
      ]),
    );
    return (cursor, values) => {
      for (const { place } of all) values[place] ??= [];
      eachItem(cursor, size, (index) => {
        // No bytes say how many of these there may be.
        if (size === 0) cursor.spend(1);
        const visit = visits.get(index) ?? visitOthers;
        visit(cursor, values);
      });
    };
  }

  #map(type: Type, wanted: readonly Wanted[]): Visit {
    const keys = [...Map.groupBy(wanted, nameOf)].map(([name, own]) => ({
      key: Buffer.from(name ?? ''),
      visit: this.visit(type, own.map(afterStep)),
    }));
    const skip: Skip = this.#skips.of(type);
    return (cursor, values) =>
      eachItem(cursor, 1, () => {
        const key = cursor.view(cursor.readLength());
        const visit = keys.find((candidate) => candidate.key.equals(key))?.visit ?? skip;
        visit(cursor, values);
      });
  }
}

function afterStep(wanted: Wanted): Wanted {
  return { ...wanted, steps: wanted.steps.slice(1) };
}

function indexOf({ steps: [step] }: Wanted): number | undefined {
  return step?.kind === 'item' ? step.index : undefined;
}

function nameOf({ steps: [step] }: Wanted): string | undefined {
  return step?.kind === 'name' ? step.name : undefined;
}

function tellName(type: Type, place: number, skip: Skip): Visit {
  const name = type instanceof avsc.types.RecordType ? (type.name ?? null) : null;
  return (cursor, values) => {
    values[place] = name;
    skip(cursor);
  };
}

function putAll(read: Read, wanted: readonly Wanted[]): Visit {
  return (cursor, values) => {
    const value = read(cursor);
    for (const { place, gathers } of wanted) {
      if (!gathers) values[place] = value;
      else if (value !== null) gathered(cursor, values, place).push(value);
    }
  };
}

function gathered(cursor: Cursor, values: readonly FieldValue[], place: number): FieldValue[] {
  cursor.spend(1);
  return values[place] as FieldValue[];
}

/** Where a value is wanted both as a whole and in part. */
function twice(first: Visit, second: Visit): Visit {
  return (cursor, values) => {
    const start = cursor.position;
    first(cursor, values);
    cursor.position = start;
    second(cursor, values);
  };
}
