import { Readable } from 'node:stream';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ClickLine, readClickFile } from '../../src/clicks/clickFile.ts';

const format = { format: 'csv', delimiter: ',', user: ['u'], clickId: 'c', at: 't' } as const;

async function read(lines: readonly string[]): Promise<ClickLine[]> {
  const input = Readable.from([['u,c,t', ...lines].join('\n')]);
  const found: ClickLine[] = [];
  for await (const line of readClickFile(input, format)) found.push(line);
  return found;
}

test('reads lines of CSV alike, with quotes somewhere in the file and without', async () => {
  const field = fc.string({ maxLength: 5, unit: fc.constantFrom(..."a1 \t;\\'é", '\u{1f600}') });
  const line = fc.array(field, { minLength: 1, maxLength: 5 }).map((fields) => fields.join(','));
  await fc.assert(
    fc.asyncProperty(fc.array(line), async (lines) => {
      const besideQuotes = await read([...lines, '"u",c,1']);
      expect(await read([...lines, 'u,c,1'])).toEqual(besideQuotes);
    }),
  );
});
