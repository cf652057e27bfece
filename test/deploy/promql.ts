import { parser } from '@prometheus-io/lezer-promql';

/** A metric that a query reads, and what it asks of its labels. */
export interface Selector {
  readonly metric: string;
  readonly matchers: readonly {
    readonly label: string;
    readonly operator: string;
    readonly value: string;
  }[];
}

/** What a query reads. */
export interface Query {
  readonly text: string;
  readonly selectors: readonly Selector[];
  /** Labels that it groups or joins by. */
  readonly labels: readonly string[];
}

type Node = ReturnType<typeof parser.parse>['topNode'];

/** Reads a query with Prometheus' own grammar. Throws where it is none; Grafana's variables may stand for durations. */
export function parseQuery(text: string): Query {
  const query = text.replaceAll('$__rate_interval', '5m').replaceAll('$__range', '5m');
  const selectors: Selector[] = [];
  const labels: string[] = [];
  const textOf = (node: Node | null) => (node ? query.slice(node.from, node.to) : '');
  parser.parse(query).iterate({
    enter({ node }) {
      if (node.type.isError) throw new Error(`not PromQL at character ${node.from}: ${query}`);
      if (node.name === 'GroupingLabels') labels.push(...node.getChildren('LabelName').map(textOf));
      if (node.name !== 'VectorSelector') return;
      const matchers = node.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? [];
      selectors.push({
        metric: textOf(node.getChild('Identifier')),
        matchers: matchers.map((matcher) => ({
          label: textOf(matcher.getChild('LabelName')),
          operator: textOf(matcher.getChild('MatchOp')),
          value: textOf(matcher.getChild('StringLiteral')).slice(1, -1),
        })),
      });
    },
  });
  return { text: query, selectors, labels };
}
