import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createSettingsPage } from '../../dev/pages/settings.ts';

test('docs/settings.md has every setting as the configuration declares it (else: npm run pages)', () => {
  expect(readFileSync('docs/settings.md', 'utf8')).toBe(createSettingsPage());
});
