import type { Cursor } from './cursor.ts';
import type { RecordShape, Shape } from './shape.ts';

/** A step of decoding that reads, or skips, one value. */
export type Step<Result> = (cursor: Cursor) => Result;

/** The step of the branch that the bytes name. */
export function choose<Result>(branches: readonly Step<Result>[]): Step<Result> {
  return (cursor) => (branches[cursor.index(branches.length)] as Step<Result>)(cursor);
}

/** Meets a record within itself by a step that counts how deep it goes. */
export function compileOnce<Result>(
  shape: RecordShape,
  known: Map<RecordShape, Step<Result>>,
  compile: () => Step<Result>,
): Step<Result> {
  const earlier = known.get(shape);
  if (earlier !== undefined) return earlier;
  let compiled: Step<Result> | undefined;
  known.set(shape, (cursor) => {
    cursor.descend();
    const result = (compiled as Step<Result>)(cursor);
    cursor.ascend();
    return result;
  });
  compiled = compile();
  known.set(shape, compiled);
  return compiled;
}

/** Whether a value takes no bytes: a null, a fixed of size 0, or a record of nothing else. */
export function isSizeless(shape: Shape, within: ReadonlySet<Shape> = new Set()): boolean {
  if (shape.kind === 'fixed') return shape.size === 0;
  if (shape.kind !== 'record') return shape.kind === 'null';
  if (within.has(shape)) return true;
  const deeper = new Set(within).add(shape);
  return shape.fields.every((field) => isSizeless(field.shape, deeper));
}
