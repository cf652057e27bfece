import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { type ClickLine, readClickFile } from '../../src/clicks/clickFile.ts';

const columns = { user: ['u'], clickId: 'c', at: 't' };
const at = 1_790_000_000_000;

test.each([
  ['csv', `u,c,t\nmüller,a,${at}\nmeier,b,${at}\n`],
  ['ndjson', `\n{"u": "müller", "c": "a", "t": ${at}}\n{"u": "meier", "c": "b", "t": ${at}}\n`],
] as const)(
  'a line of %s with a user key that is no UTF-8 is told, not stored under another',
  async (format, text) => {
    const input = Readable.from([Buffer.from(text, 'latin1')]);
    const lines: ClickLine[] = [];
    for await (const line of readClickFile(input, { ...columns, format, delimiter: ',' })) {
      lines.push(line);
    }
    expect(lines).toEqual([
      { line: 2, fault: 'it is not text in UTF-8; save the file as such' },
      { line: 3, clicks: [{ userKey: 'meier', clickId: 'b', at }] },
    ]);
  },
);
