import { writeFile } from 'node:fs/promises';
import { createSettingsPage } from './pages/settings.ts';

// Run from the top of the project: `npm run pages`.
await writeFile('docs/settings.md', createSettingsPage());
