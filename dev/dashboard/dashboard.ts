import { type Panel, rows } from './rows.ts';

const datasource = { type: 'prometheus', uid: '$datasource' };
/** Grafana's grid is 24 wide. */
const width = 8;
const height = 7;

/**
 * The dashboard as Grafana imports it, with a choice of data source, namespace and job.
 *
 * @see https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/
 */
export function createDashboard() {
  return {
    uid: 'powerspace-connector',
    title: 'Powerspace connector',
    tags: ['powerspace'],
    schemaVersion: 39,
    editable: true,
    refresh: '1m',
    time: { from: 'now-6h', to: 'now' },
    templating: {
      list: [
        { name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus' },
        chooseLabel('namespace', 'label_values(powerspace_ready, namespace)'),
        chooseLabel('job', 'label_values(powerspace_ready{namespace=~"$namespace"}, job)'),
      ],
    },
    panels: layOut(),
  };
}

/** Several of a label's values, all at first; also what has no such label. */
function chooseLabel(name: string, query: string) {
  return {
    ...{ name, datasource, query, type: 'query', refresh: 2, sort: 1 },
    ...{ multi: true, includeAll: true, allValue: '.*', current: { text: 'All', value: '$__all' } },
  };
}

function layOut() {
  const panels: object[] = [];
  let y = 0;
  const id = () => panels.length + 1;
  for (const { title, panels: own } of rows) {
    panels.push({ id: id(), type: 'row', title, gridPos: { x: 0, y, w: 24, h: 1 }, panels: [] });
    y += 1;
    for (const [index, panel] of own.entries()) {
      const x = (index * width) % 24;
      if (index > 0 && x === 0) y += height;
      panels.push({
        ...{ id: id(), gridPos: { x, y, w: width, h: height } },
        ...toPanel(panel),
      });
    }
    y += height;
  }
  return panels;
}

function toPanel({ title, description, type = 'timeseries', unit, queries }: Panel) {
  return {
    ...{ type, title, datasource },
    ...(description !== undefined && { description }),
    fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
    targets: Object.entries(queries).map(([legendFormat, expr], index) => ({
      ...{ refId: String.fromCharCode(65 + index), datasource, expr, legendFormat },
    })),
  };
}
