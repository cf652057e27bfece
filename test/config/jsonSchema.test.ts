import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { createEditorSchema } from '../../src/config/jsonSchema.ts';
import { valueAt } from '../../src/config/settingPath.ts';

const schema = createEditorSchema();
const at = (...path: string[]) =>
  valueAt(
    schema,
    path.flatMap((part) => ['properties', part]),
  );

describe('the JSON Schema for editors', () => {
  test('is up to date in schemas/connector.schema.json (else: npm run schema)', async () => {
    const file = new URL('../../schemas/connector.schema.json', import.meta.url);
    const written: unknown = JSON.parse(await readFile(file, 'utf8'));
    expect(written).toEqual(JSON.parse(JSON.stringify(schema)));
  });

  test('marks secrets', () => {
    expect(at('kafka', 'sasl')).toHaveProperty('oneOf.0.properties.password.secret', true);
  });

  test('keeps descriptions and the defaults as a person writes them', () => {
    expect(at('clicks', 'window')).toMatchObject({
      description: 'How long a click counts.',
      default: '30d',
    });
    expect(at('powerspace', 'concurrency')).toMatchObject({ default: 64 });
  });

  test('takes a number, a span of time or a reference for a duration, and shows examples', () => {
    const alternatives = valueAt(at('powerspace', 'giveUpAfter'), ['anyOf']);
    expect(alternatives).toMatchObject([
      {
        type: 'string',
        pattern: expect.stringContaining('ms|s|m|h|d'),
        examples: ['500ms', '5s', '10m', '1h', '30d'],
      },
      { type: 'number', minimum: 0 },
      { type: 'string', pattern: '\\$\\{' },
    ]);
  });

  test('takes a reference where a number, a choice or an address is wanted', () => {
    const settings = [at('powerspace', 'concurrency'), at('log', 'level'), at('powerspace', 'url')];
    for (const setting of settings)
      expect(valueAt(setting, ['anyOf'])).toContainEqual({ type: 'string', pattern: '\\$\\{' });
  });
});
