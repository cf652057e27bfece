import { writeFile } from 'node:fs/promises';
import { createDashboard } from './dashboard/dashboard.ts';

// Run from the top of the project: `npm run dashboard`.
await writeFile(
  'deploy/grafana/dashboard.json',
  `${JSON.stringify(createDashboard(), undefined, 2)}\n`,
);
