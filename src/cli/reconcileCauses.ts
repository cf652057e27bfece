import type { ComparedKind, Kind, Reconciliation } from './reconciliation.ts';
import { dateOf, type UtcDay } from './utcDay.ts';

/** Why the two sides may differ. */
export interface Cause {
  /** What it explains; undefined where that is everything. */
  readonly kind: Kind | undefined;
  /** How much of the difference it can explain at most; undefined where nobody can tell. */
  readonly atMost: number | undefined;
  readonly cause: string;
  /** What to look at. */
  readonly look: string;
}

/** What decides which causes there may be, beside the numbers. */
export interface CauseOptions {
  /** Whether Powerspace has no row at all. */
  readonly isEmpty: boolean;
  /** The setting `privacy.ledgerRetention`, in milliseconds. */
  readonly ledgerRetention: number;
}

/** The likeliest causes, the likeliest first: of the whole day, then of each kind; none where nothing differs. */
export function likelyCauses(
  reconciliation: Reconciliation,
  options: CauseOptions,
): readonly Cause[] {
  const different = reconciliation.kinds.filter(({ difference }) => (difference ?? 0) !== 0);
  if (different.length === 0) return [];
  const { day } = reconciliation;
  return [
    ...causesOfDay(reconciliation, options),
    ...different.flatMap((compared) =>
      (compared.difference ?? 0) < 0 ? causesOfFewer(compared, day) : causesOfMore(compared, day),
    ),
  ];
}

function causesOfDay(
  { day, age, isFinal }: Reconciliation,
  { isEmpty, ledgerRetention }: CauseOptions,
): readonly Cause[] {
  const again = new Date(day.to + 86_400_000).toISOString().slice(0, 16);
  return [
    !isFinal && {
      ...{ kind: undefined, atMost: undefined },
      cause: 'the day is not final: statistics may lag behind what was accepted',
      look: `reconcile --date ${day.date} from ${again}Z on`,
    },
    isEmpty && {
      ...{ kind: undefined, atMost: undefined },
      cause: 'Powerspace has no data at all for this day',
      look: 'whether reconcile.token is of the account whose clicks are reported, and powerspace.url not a sandbox',
    },
    age + day.to - day.from >= ledgerRetention && {
      ...{ kind: undefined, atMost: undefined },
      cause: 'the ledger no longer has all of this day',
      look: 'privacy.ledgerRetention: what is older is removed',
    },
  ].filter((cause) => cause !== false);
}

function causesOfFewer({ kind, ledger }: ComparedKind, day: UtcDay): readonly Cause[] {
  return counted([
    {
      ...{ kind, atMost: ledger.nearEnds },
      cause: 'settled within 5 minutes of midnight: Powerspace may count them on the day beside',
      look: `reconcile --date ${dateOf(day.from - 1)} and --date ${dateOf(day.to)}`,
    },
    {
      ...{ kind, atMost: undefined },
      cause: 'Powerspace counts by other rules than it accepts, or by days of another time zone',
      look: 'whether several days together differ as much; if so, ask Powerspace',
    },
  ]);
}

function causesOfMore({ kind, ledger }: ComparedKind, day: UtcDay): readonly Cause[] {
  const { undeliverable = 0, held = 0 } = ledger.deadLettered;
  return counted([
    {
      ...{ kind, atMost: ledger.sentAgain },
      cause: 'sent again, as an answer was lost or a process was killed: counted twice, perhaps',
      look: 'powerspace_postback_resends_total, and the attempts that explain ID shows',
    },
    {
      ...{ kind, atMost: held + undeliverable },
      cause: 'given up without an answer: Powerspace may have them all the same',
      look: `dead-letters list --reason held,undeliverable --since ${day.date} --until ${dateOf(day.to)}`,
    },
    {
      ...{ kind, atMost: ledger.open },
      cause: 'claimed and not settled yet: on their way, or interrupted after they were sent',
      look: 'health, and powerspace_records_total; a connector that runs settles them',
    },
    {
      ...{ kind, atMost: ledger.justOutside },
      cause: 'settled just outside the day: Powerspace may count them within it',
      look: `reconcile --date ${dateOf(day.from - 1)} and --date ${dateOf(day.to)}`,
    },
    {
      ...{ kind, atMost: undefined },
      cause: 'sent past this ledger: by send, another store, a pixel or another system',
      look: 'who else reports for this account',
    },
  ]);
}

/** Without those of which there is none. */
function counted(causes: readonly Cause[]): readonly Cause[] {
  return causes.filter(({ atMost }) => atMost !== 0);
}
