import type { RecordShape, Shape } from './shape.ts';
import { choose, compileOnce, isSizeless, type Step } from './steps.ts';

/** Compiles a shape to a step that goes past one value that nobody asks for. */
export function compileSkip(
  shape: Shape,
  known: Map<RecordShape, Step<void>> = new Map(),
): Step<void> {
  switch (shape.kind) {
    case 'null':
      return () => undefined;
    case 'boolean':
      return (cursor) => cursor.skip(1);
    case 'int':
    case 'long':
    case 'enum':
      return (cursor) => cursor.skipLong();
    case 'float':
      return (cursor) => cursor.skip(4);
    case 'double':
      return (cursor) => cursor.skip(8);
    case 'string':
    case 'bytes':
      return (cursor) => cursor.skip(cursor.length());
    case 'fixed':
      return (cursor) => cursor.skip(shape.size);
    case 'array':
      return skipBlocks(isSizeless(shape.items) ? undefined : compileSkip(shape.items, known));
    case 'map': {
      const skipValue = compileSkip(shape.values, known);
      return skipBlocks((cursor) => {
        cursor.skip(cursor.length());
        skipValue(cursor);
      });
    }
    case 'union':
      return choose(shape.branches.map((branch) => compileSkip(branch, known)));
    case 'record':
      return compileOnce(shape, known, () =>
        sequence(shape.fields.map((field) => compileSkip(field.shape, known))),
      );
  }
}

/** One step after the other. */
function sequence(steps: readonly Step<void>[]): Step<void> {
  return (cursor) => {
    for (const step of steps) step(cursor);
  };
}

/** Without `skipItem`, the items take no bytes. */
function skipBlocks(skipItem: Step<void> | undefined): Step<void> {
  return (cursor) => {
    for (let left = cursor.skipBlock(); left !== 0; left = cursor.skipBlock()) {
      if (left === undefined || skipItem === undefined) continue;
      for (; left > 0; left -= 1) skipItem(cursor);
    }
  };
}
