/** A block of the documents that `documents.test.ts` runs. */
export interface DocumentedCommand {
  /** How its first line begins. */
  readonly beginning: string;
  readonly exitCode: number;
}

const npx = 'npx powerspace-connector';

/** Before anything was sent. */
export const beforehand: readonly DocumentedCommand[] = [
  { beginning: `${npx} run --dry-run --from`, exitCode: 0 },
];

/** It runs until it is told to end. */
export const runs = `OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 OTEL_METRICS_EXPORTER=none ${npx} run`;

/** They need the admin server of the one that runs. */
export const whileItRuns: readonly DocumentedCommand[] = [
  { beginning: 'curl -H "Authorization: Bearer $CLICKS_TOKEN"', exitCode: 0 },
];

/** In this order: what is forgotten can't be explained. */
export const afterwards: readonly DocumentedCommand[] = [
  { beginning: 'powerspace-connector dead-letters list', exitCode: 0 },
  { beginning: 'powerspace-connector dead-letters show 0/0', exitCode: 0 },
  { beginning: `${npx} explain order-3fa74ade`, exitCode: 0 },
  { beginning: `${npx} explain o-1002 --user user-1`, exitCode: 1 },
  { beginning: `${npx} clicks import clicks.csv`, exitCode: 0 },
  { beginning: `${npx} clicks forget user-1 --yes`, exitCode: 0 },
];

/** Those of README, "Your own topic, in five minutes", which `gettingStarted.test.ts` runs. */
export const gettingStarted = {
  produce: { beginning: 'npm run produce', exitCode: 0 },
  sandbox: { beginning: `${npx} sandbox`, exitCode: 0 },
  check: { beginning: `${npx} check --sample 10`, exitCode: 0 },
  run: { beginning: 'OTEL_EXPORTER_OTLP_ENDPOINT=$JAEGER_OTLP_URL', exitCode: 0 },
  explain: { beginning: `${npx} explain b-1`, exitCode: 0 },
} satisfies Record<string, DocumentedCommand>;

/** How the first line of every block that is run begins. */
export const ran: readonly string[] = [
  runs,
  ...[...beforehand, ...whileItRuns, ...afterwards, ...Object.values(gettingStarted)].map(
    ({ beginning }) => beginning,
  ),
];
