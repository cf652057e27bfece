/** A diagram or a number of the dashboard. */
export interface Panel {
  readonly title: string;
  /** What it shows, where the title does not say it all. */
  readonly description?: string;
  readonly type?: 'timeseries' | 'stat';
  /** A unit of Grafana: `short`, `s`, `percentunit`. */
  readonly unit: string;
  /** Queries, by what their series are called: text, and labels in double braces. */
  readonly queries: Readonly<Record<string, string>>;
}

/** Panels under one heading. */
export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

const of = '{namespace=~"$namespace", job=~"$job"}';
const and = (matcher: string) => `{namespace=~"$namespace", job=~"$job", ${matcher}}`;
const perSecond = (by: string, metric: string, chosen = of) =>
  `sum by (${by}) (rate(${metric}${chosen}[$__rate_interval]))`;
const quantile = (share: number, metric: string) =>
  `histogram_quantile(${share}, ${perSecond('le', `${metric}_bucket`)})`;

const delivery: Row = {
  title: 'Delivery',
  panels: [
    {
      ...{ title: 'Ready', type: 'stat', unit: 'short' },
      description: 'Connectors that can do their work.',
      queries: { ready: `sum(powerspace_ready${of})` },
    },
    {
      ...{ title: 'Last success', type: 'stat', unit: 's' },
      description: 'Since Powerspace last recorded a postback.',
      queries: { ago: `min(powerspace_last_success_age${of})` },
    },
    {
      ...{ title: 'Attempts that are recorded', unit: 'percentunit' },
      queries: {
        share: `sum(rate(powerspace_postback_attempts_total${and('class="delivered"')}[$__rate_interval])) / sum(rate(powerspace_postback_attempts_total${of}[$__rate_interval]))`,
      },
    },
    {
      ...{ title: 'Attempts by class', unit: 'reqps' },
      queries: { '{{class}}': perSecond('class', 'powerspace_postback_attempts_total') },
    },
    {
      ...{ title: 'In flight', unit: 'short' },
      queries: { '{{instance}}': `sum by (instance) (powerspace_postbacks_in_flight${of})` },
    },
    {
      ...{ title: 'Sent again though they may have arrived', unit: 'short' },
      queries: {
        '{{kind}}': `sum by (kind) (increase(powerspace_postback_resends_total${of}[$__rate_interval]))`,
      },
    },
  ],
};

const outcomes: Row = {
  title: 'Outcomes',
  panels: [
    {
      ...{ title: 'Records by outcome', unit: 'cps' },
      queries: { '{{outcome}}': perSecond('outcome', 'powerspace_records_total') },
    },
    {
      ...{ title: 'Skipped, by reason', unit: 'cps' },
      queries: {
        '{{reason}}': perSecond('reason', 'powerspace_records_total', and('outcome="skipped"')),
      },
    },
    {
      ...{ title: 'Dead letters, by reason', unit: 'short' },
      queries: {
        '{{topic}} {{reason}}': `sum by (topic, reason) (increase(powerspace_records_total${and('outcome="dead-lettered"')}[$__rate_interval]))`,
      },
    },
    {
      ...{ title: 'Share of events that became a postback', unit: 'percentunit' },
      description:
        'Over a day, and a week before. Needs the rules of deploy/prometheus/alerts.yaml.',
      queries: {
        now: `namespace_job:powerspace_records_attributed:ratio1d${of}`,
        'a week before': `namespace_job:powerspace_records_attributed:ratio1d${of} offset 1w`,
      },
    },
    {
      ...{ title: 'Orders sent without a value', unit: 'short' },
      queries: {
        '{{topic}}': `sum by (topic) (increase(powerspace_orders_without_value_total${of}[$__rate_interval]))`,
      },
    },
  ],
};

const times: Row = {
  title: 'Lag and latency',
  panels: [
    {
      ...{ title: 'Records not read yet', unit: 'short' },
      queries: { '{{topic}}': `sum by (topic) (powerspace_partition_lag${of})` },
    },
    {
      ...{ title: 'Records read and not committed', unit: 'short' },
      queries: { '{{topic}}': `sum by (topic) (powerspace_partition_uncommitted${of})` },
    },
    {
      ...{ title: 'Partitions that stood still', unit: 'short' },
      description: 'Conversions waited for them in vain, for as long as clicks.maxWait.',
      queries: {
        '{{topic}}': `sum by (topic) (increase(powerspace_partition_standstills_total${of}[$__rate_interval]))`,
      },
    },
    {
      ...{ title: 'An answer of Powerspace', unit: 's' },
      queries: {
        median: quantile(0.5, 'powerspace_postback_attempt_duration'),
        '99 of 100': quantile(0.99, 'powerspace_postback_attempt_duration'),
      },
    },
    {
      ...{ title: 'From reading to the outcome', unit: 's' },
      description: 'Of postbacks, with retries and holds.',
      queries: {
        median: quantile(0.5, 'powerspace_postback_duration'),
        '99 of 100': quantile(0.99, 'powerspace_postback_duration'),
      },
    },
  ],
};

const holds: Row = {
  title: 'Holds',
  panels: [
    {
      ...{ title: 'Held, by reason', unit: 'short' },
      queries: { '{{reason}}': `max by (reason) (powerspace_hold${of})` },
    },
    {
      ...{ title: 'Oldest unsettled postback', unit: 's' },
      queries: {
        '{{instance}}': `max by (instance) (powerspace_records_unsettled_oldest_age${of})`,
      },
    },
    {
      ...{ title: 'Records without an outcome', unit: 'short' },
      queries: { '{{instance}}': `sum by (instance) (powerspace_records_unsettled${of})` },
    },
  ],
};

const stores: Row = {
  title: 'Store',
  panels: [
    {
      ...{ title: 'Clicks', unit: 'short' },
      queries: { clicks: `max(powerspace_store_clicks${of})` },
    },
    {
      ...{ title: 'Age of the newest click', unit: 's' },
      queries: { age: `min(powerspace_store_clicks_newest_age${of})` },
    },
    {
      ...{ title: 'Conversions in the ledger', unit: 'short' },
      queries: { conversions: `max(powerspace_store_ledger${of})` },
    },
    {
      ...{ title: 'Rows removed because they were too old', unit: 'short' },
      queries: {
        '{{table}}': `sum by (table) (increase(powerspace_store_purged_total${of}[$__rate_interval]))`,
      },
    },
  ],
};

/** What the dashboard shows, from top to bottom. */
export const rows: readonly Row[] = [delivery, outcomes, times, holds, stores];
