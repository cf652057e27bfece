import { inflateSync, type Zlib } from 'node:zlib';
import { toError } from '../errors.ts';
import { UndecodableError } from './errors.ts';

/**
 * An event is far smaller. Inflating this much takes some 20 ms, and a record of Kafka's usual limit (1 MB)
 * could be blown up to 1 GB.
 */
const inflatedLimit = 8 * 1024 * 1024;

/** What zlib compressed. Throws UndecodableError for other bytes, and for what would grow beyond 8 MB, which it doesn't. */
export function inflateBounded(compressed: Buffer): Buffer {
  try {
    const options = { maxOutputLength: inflatedLimit, info: true } as const;
    // Missing in the typings: with `info`, the answer is in an object, beside the engine.
    const { buffer, engine } = inflateSync(compressed, options) as unknown as Inflated;
    const left = compressed.length - engine.bytesWritten;
    if (left === 0) return buffer;
    throw new Error(`${left} bytes are left over`);
  } catch (thrown) {
    const { message, code }: NodeJS.ErrnoException = toError(thrown);
    const reason =
      code === 'ERR_BUFFER_TOO_LARGE' ? `more than ${inflatedLimit} bytes when inflated` : message;
    throw new UndecodableError(`its ${compressed.length} bytes are no zlib value: ${reason}`, {
      cause: thrown,
    });
  }
}

interface Inflated {
  readonly buffer: Buffer;
  readonly engine: Zlib;
}
