import { z } from 'zod';
import { httpUrl, path, percentage, secret, timeout } from './values.ts';

const fields = z
  .strictObject({
    leads: path.optional().meta({ description: 'The field of a row with its number of leads.' }),
    orders: path.optional().meta({ description: 'The field of a row with its number of orders.' }),
  })
  .refine(
    ({ leads, orders }) => leads !== undefined || orders !== undefined,
    'needs leads, orders or both: the fields of a row of the statistics that count them',
  );

/** The part `reconcile`: where the command of that name finds what Powerspace has counted. */
export const reconcile = z.strictObject({
  url: httpUrl.default('https://api.powerspace.com/v4/advertiser').meta({
    description: "The address of Powerspace's statistics; ?date=…&token=… is put behind it.",
  }),
  token: secret.meta({ description: 'The token that Powerspace gave you for its statistics.' }),
  fields: fields.meta({
    description:
      'Where a row of the statistics has its numbers, as paths; those of all rows are added up.',
  }),
  tolerance: percentage.prefault('1%').meta({
    description: 'How far the two may be apart, in percent of what the ledger has.',
  }),
  timeout: timeout.prefault('30s').meta({ description: 'Time for a whole answer.' }),
});
