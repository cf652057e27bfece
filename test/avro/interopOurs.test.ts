import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Fixture, fromJson, readFixtures } from '../interop/avro/fixtures.ts';
import { encode } from './schemas.ts';

const folder = join(import.meta.dirname, '../interop/avro');

// Only where somebody has fetched Avro's library, as test/interop/avro/README.md says.
test.skipIf(!existsSync(join(folder, 'target/lib')))(
  'Java reads what our encoder writes to the same values',
  () => {
    const lines = readFixtures().flatMap(encodeOurselves);
    writeFileSync(join(folder, 'target/ours.jsonl'), lines.join('\n'));
    const command = ['-cp', 'target/lib/*', 'Interop.java', 'read', 'target/ours.jsonl'];
    const output = execFileSync('java', command, { cwd: folder, encoding: 'utf8' });
    expect(lines.length).toBeGreaterThan(130);
    expect(output).toBe(`${lines.length} payloads read, 0 of them wrongly\n`);
  },
  60_000,
);

/** Encodes the value of a fixture of Java's again. */
function encodeOurselves({ name, schema, values }: Fixture): readonly string[] {
  if (name.endsWith('blocks with sizes') || !('field' in values)) return [];
  const value = { before: 'b', field: wrapped(name, fromJson(values['field'])), after: 2 ** 40 };
  const bytes = encode(schema, value).toString('hex');
  return [JSON.stringify({ name, schema, bytes, values: { field: values['field'] } })];
}

/** Values of a union with several records stand under the name of their branch. */
function wrapped(name: string, value: unknown): unknown {
  if (name !== 'union' || value === null) return value;
  if (typeof value !== 'object') return { string: value };
  return { ['last4' in value ? 'Card' : 'Cash']: value };
}
