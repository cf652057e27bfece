import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { faultNames, faultsWith } from './chaos/faults.ts';
import { formatReport } from './chaos/report.ts';
import { runChaos } from './chaos/run.ts';
import { storeKinds } from './chaos/store.ts';
import { runTool } from './runTool.ts';
import { readToolOptions } from './toolOptions.ts';

const usage = `npm run chaos -- [--minutes M] [--seed N] [--rate R] [--only FAULT,…]
                     [--store STORE] [--patient] [--json]

Runs the connector on real parts, makes them fail, and checks that nothing is lost and nothing sent twice.
  --minutes M     how long faults are injected (5)
  --seed N        draws the faults; the same seed draws the same ones (the time)
  --rate R        records a second (400)
  --only FAULT,…  of: ${faultNames.join(', ')}
  --store STORE   of the connector: ${storeKinds.join(', ')} (${storeKinds[0]}); with postgres there are two replicas,
                  and the faults database-… on top
  --patient       produces a sign-up or an order only when what it needs is committed
  --json          prints the report as JSON
Exit 0 when every invariant held, 1 when one was broken, 2 for wrong usage.`;

const optionsSchema = z
  .strictObject({
    minutes: z.coerce.number().positive().default(5),
    seed: z.coerce
      .number()
      .int()
      .default(() => Math.floor(Date.now() / 1_000)),
    rate: z.coerce.number().positive().max(20_000).default(400),
    only: z
      .string()
      .transform((names) => names.split(','))
      .pipe(z.array(z.enum(faultNames)).min(1))
      .exactOptional(),
    store: z.enum(storeKinds).default(storeKinds[0]),
    patient: z.boolean().default(false),
    json: z.boolean().default(false),
  })
  .transform(({ only, ...rest }, context) => {
    const possible = faultsWith(rest.store);
    const impossible = only?.filter((name) => !possible.includes(name)) ?? [];
    if (impossible.length > 0) {
      context.addIssue(`${impossible.join(', ')}: only with --store postgres`);
    }
    return { ...rest, faults: only ?? possible };
  });

const value = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const options = readToolOptions(
  {
    ...{ minutes: value, seed: value, rate: value, only: value, store: value },
    ...{ patient: flag, json: flag },
  },
  optionsSchema,
  usage,
);
if (!options) process.exit(2);
const { patient, json, ...plan } = options;
const enough = new AbortController();
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (enough.signal.aborted) interrupted.abort(new Error(`ended by ${signal}`));
    console.error(`${signal}: no more faults; once more ends it without a report`);
    enough.abort();
  });
}
await runTool({
  ...{ json, interrupted: interrupted.signal, format: formatReport },
  run: (report) =>
    runChaos({
      ...plan,
      ...{ enough: enough.signal, interrupted: interrupted.signal, report },
      pace: patient ? 'when-committed' : 'at-once',
      program: fileURLToPath(new URL('../src/main.ts', import.meta.url)),
    }),
});
