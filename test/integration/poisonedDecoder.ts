import { Cursor } from '../../src/avro/cursor.ts';

// Loaded into the connector before its own program (node --import): an event that holds these bytes ends the
// process while it is decoded, as running out of memory or a fault of V8 would.

const marker = 'ends-the-process';
const { open } = Cursor.prototype;

Cursor.prototype.open = function openOrEnd(bytes, position) {
  if (bytes.includes(marker)) process.kill(process.pid, 'SIGKILL');
  return open.call(this, bytes, position);
};
