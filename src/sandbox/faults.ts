import { z } from 'zod';
import type { IncomingPostback } from './postback.ts';
import { seededRandom } from './random.ts';

const milliseconds = z.int().min(0).max(86_400_000);
const headerText = z.string().regex(/^[\x20-\x7e]+$/, 'has characters that no header may have');

const action = z.discriminatedUnion('type', [
  z
    .strictObject({
      type: z.literal('answer'),
      status: z.int().min(200).max(599),
      retryAfter: z
        .union([z.int().nonnegative(), headerText])
        .optional()
        .meta({ description: 'The header Retry-After: seconds, or a date as HTTP writes it.' }),
      location: headerText.optional().meta({ description: 'The header Location, for a redirect.' }),
    })
    .meta({ description: 'Answers this status, whatever the request says.' }),
  z
    .strictObject({ type: z.literal('delay'), milliseconds })
    .meta({ description: 'Answers as without a fault, but later.' }),
  z
    .strictObject({ type: z.literal('slowBody'), milliseconds: milliseconds.default(1_000) })
    .meta({ description: 'Answers as without a fault, with a body of 64 bytes, one at a time.' }),
  z
    .strictObject({ type: z.literal('endlessBody') })
    .meta({ description: 'Answers as without a fault, with a body that never ends.' }),
  z
    .strictObject({ type: z.literal('close') })
    .meta({ description: 'Reads the request and closes the connection without an answer.' }),
  z
    .strictObject({ type: z.literal('reset') })
    .meta({ description: 'Reads the request and resets the connection (TCP RST).' }),
  z
    .strictObject({ type: z.literal('hang') })
    .meta({ description: 'Reads the request, keeps the connection open and never answers.' }),
  z
    .strictObject({ type: z.literal('garbage') })
    .meta({ description: 'Answers with bytes that are not HTTP and closes the connection.' }),
]);

const regularExpression = z
  .union([z.instanceof(RegExp), z.string()])
  .transform((value, context) => {
    try {
      return new RegExp(value);
    } catch (error) {
      context.addIssue({ code: 'custom', message: String(error) });
      return z.NEVER;
    }
  });

const fault = z.strictObject({
  kind: z.enum(['lead', 'order']).optional().meta({ description: 'Only postbacks of this kind.' }),
  clickId: regularExpression.optional().meta({
    description: 'Only click ids in which this regular expression is found, such as ^abc.',
  }),
  rate: z
    .number()
    .min(0)
    .max(1)
    .default(1)
    .meta({ description: 'The share of the matching postbacks that it meets, 0 to 1.' }),
  times: z
    .int()
    .min(1)
    .optional()
    .meta({ description: 'How many postbacks it meets at most; by default all.' }),
  action,
});

/** A list of faults as it is read from JSON; of those that match a postback, the first one acts. */
export const faultsSchema = z.array(fault).max(1_000);

/** A rule: which postbacks go wrong, and how. `{ rate: 0.1, action: { type: 'answer', status: 503 } }` */
export type Fault = z.input<typeof fault>;
/** How a postback goes wrong. */
export type FaultAction = z.output<typeof action>;

interface Rule extends z.output<typeof fault> {
  /** How many postbacks it may still meet. */
  left: number;
}

/**
 * Decides what goes wrong. The same seed, the same faults and the same postbacks in the same order
 * meet the same faults.
 */
export class FaultInjector {
  readonly #seed: number;
  #rules: Rule[] = [];
  #random: () => number;

  constructor(seed: number) {
    this.#seed = seed;
    this.#random = seededRandom(seed);
  }

  /** Replaces the faults and starts counting and chance anew; throws a ZodError for what is no fault. */
  set(faults: readonly Fault[]): void {
    const parsed = faultsSchema.parse(faults);
    this.#rules = parsed.map((rule) => ({ ...rule, left: rule.times ?? Number.POSITIVE_INFINITY }));
    this.#random = seededRandom(this.#seed);
  }

  /** What goes wrong with this postback; undefined when nothing does. */
  next({ kind, clickId }: IncomingPostback): FaultAction | undefined {
    for (const rule of this.#rules) {
      if (rule.left === 0) continue;
      if (rule.kind !== undefined && rule.kind !== kind) continue;
      if (rule.clickId !== undefined && clickId.search(rule.clickId) === -1) continue;
      if (rule.rate < 1 && this.#random() >= rule.rate) continue;
      rule.left -= 1;
      return rule.action;
    }
    return undefined;
  }
}
