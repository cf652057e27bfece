import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { outageAnswers } from './outage/powerspace.ts';
import { formatReport } from './outage/report.ts';
import { runOutage } from './outage/run.ts';
import { runTool } from './runTool.ts';
import { readToolOptions } from './toolOptions.ts';

const usage = `npm run outage -- [--minutes M] [--records N] [--conversions N] [--answer HOW] [--json]

Lets Powerspace be down while records pile up, on real parts, and checks what that does to the connector.
  --minutes M      how long it is down (10)
  --records N      produced meanwhile (1000000)
  --conversions N  of those, leads and orders with a click (30000)
  --answer HOW     what becomes of a postback: ${outageAnswers.join(', ')} (503)
  --json           prints the report as JSON
Exit 0 when every limit held, 1 when one was broken, 2 for wrong usage.`;

const count = z.coerce.number().int().positive();
const optionsSchema = z
  .strictObject({
    minutes: z.coerce.number().positive().default(10),
    records: count.default(1_000_000),
    conversions: count.default(30_000),
    answer: z.enum(outageAnswers).default('503'),
    json: z.boolean().default(false),
  })
  .refine(({ records, conversions }) => conversions * 1.5 <= records, {
    error: 'two conversions are three records, with the visit: ask for more records',
  });

const value = { type: 'string' } as const;
const options = readToolOptions(
  {
    ...{ minutes: value, records: value, conversions: value, answer: value },
    json: { type: 'boolean' },
  },
  optionsSchema,
  usage,
);
if (!options) process.exit(2);
const { json, ...plan } = options;
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => interrupted.abort(new Error(`ended by ${signal}`)));
}
await runTool({
  ...{ json, interrupted: interrupted.signal, format: formatReport },
  run: (report) =>
    runOutage({
      ...plan,
      ...{ interrupted: interrupted.signal, report },
      program: fileURLToPath(new URL('../src/main.ts', import.meta.url)),
    }),
});
