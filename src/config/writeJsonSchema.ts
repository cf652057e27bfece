import { writeFile } from 'node:fs/promises';
import { createEditorSchema } from './jsonSchema.ts';

// Run from the top of the project: `npm run schema`.
await writeFile(
  'schemas/connector.schema.json',
  `${JSON.stringify(createEditorSchema(), undefined, 2)}\n`,
);
