/**
 * Blocks of the documents that the tests don't run: how their first line begins, and why. A block stands here or in
 * `test/integration/documents.test.ts`, which runs it.
 */
export const notRun: readonly (readonly [beginning: string, reason: string])[] = [
  [
    'npm ci && npm run demo',
    'installs and tests anew, for minutes; .ci/run does, and the demo asserts what it shows',
  ],
  ['npm run services', 'runs until it is told to end; dev/services.test.ts starts and ends it'],
  ['npm run sbom', 'release/package.test.ts runs both commands, in a copy'],
  ['sqlite3 ', 'needs the shell of SQLite, which few machines have'],
  [
    'docker compose up',
    'needs Docker and images; deploy/compose.test.ts holds the file against its library',
  ],
  [
    'docker exec',
    'needs a container of the image; deploy/dockerfile.test.ts looks at the Dockerfile',
  ],
  ['docker build', 'needs Docker and images; deploy/dockerfile.test.ts looks at the Dockerfile'],
  ['powerspace-connector run --from', 'takes days of events; integration/backfill.test.ts runs it'],
  ['npx powerspace-connector reconcile', 'needs a day that is over; cli/reconcile.test.ts runs it'],
  ['curl --silent http://127.0.0.1:9464/health/ready', 'integration/cli.test.ts asks for it'],
  ['powerspace-connector explain ORDER-ID', 'names no order; the one in docs/operating.md is run'],
  ['powerspace-connector check --sample 100', 'integration/cliCheckSample.test.ts runs it'],
  ['helm upgrade', 'needs a cluster; deploy/chart.test.ts renders the chart'],
];
