import { type LoadedConfig, loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { ConfigurationError, UnavailableError } from '../errors.ts';
import { readStatistics } from '../powerspace/statistics.ts';
import { countSettled, describeStore } from '../store/open.ts';
import type { CommonOptions } from './options.ts';
import { likelyCauses } from './reconcileCauses.ts';
import { formatReconciliation, toReport } from './reconcileReport.ts';
import { reconcileDay } from './reconciliation.ts';
import { sumRows } from './statisticsRows.ts';
import { readUtcDay, type UtcDay } from './utcDay.ts';

/** Options of `reconcile`. */
export interface ReconcileOptions extends CommonOptions {
  /** `YYYY-MM-DD`, `today` or `yesterday`, in UTC. */
  readonly date: string;
}

/**
 * Holds what the ledger has as delivered on a day against what Powerspace has counted; 0 when they differ by no more than
 * the tolerance, 1 otherwise. Throws UsageError, ConfigurationError and UnavailableError.
 */
export async function reconcile(options: ReconcileOptions): Promise<number> {
  const now = Date.now();
  const day = readUtcDay(options.date, now);
  const { config, file } = await loadConfig(options.config, process.env);
  const settings = settingsOf(config, file);
  const [ours, rows] = await Promise.all([
    readOurs(config.store, day),
    readStatistics(settings, day.date),
  ]);
  const { fields, tolerance } = settings;
  const reconciliation = reconcileDay({ day, now, ours, tolerance, theirs: sumRows(rows, fields) });
  const causes = likelyCauses(reconciliation, {
    isEmpty: Array.isArray(rows) && rows.length === 0,
    ledgerRetention: config.privacy.ledgerRetention,
  });
  const report = toReport(reconciliation, { tolerance, causes });
  process.stdout.write(
    options.json ? `${JSON.stringify(report)}\n` : `${formatReconciliation(report).join('\n')}\n`,
  );
  return report.isWithinTolerance ? 0 : 1;
}

function settingsOf({ reconcile }: Config, file: LoadedConfig['file']) {
  if (reconcile) return reconcile;
  const message =
    "needed for this command, but missing: set reconcile.token, with the token of Powerspace's statistics, and reconcile.fields, with where a row of them has its leads and orders, as in connector.example.yaml";
  throw new ConfigurationError([{ severity: 'error', file, setting: 'reconcile', message }]);
}

async function readOurs(store: string, day: UtcDay) {
  const counts = await countSettled(store, day);
  if (counts) return counts;
  const detail = 'there is no ledger in it: no connector has run with this configuration yet';
  throw new UnavailableError(`store ${describeStore(store)}`, detail);
}
