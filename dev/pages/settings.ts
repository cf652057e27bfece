import {
  asSchema,
  describeSettings,
  isSchema,
  type JsonSchema,
} from '../../src/config/jsonSchema.ts';
import { code, formatTable } from './table.ts';

const introduction = `# Settings

Every setting of \`connector.yaml\`. \`npm run pages\` writes this page from the configuration's schema (\`src/config\`), so that it is
complete; [mapping.md](mapping.md), [clicks.md](clicks.md) and [operating.md](operating.md) say how they go together, and
\`connector.example.yaml\` is there to copy from.

- \`\${VAR}\` and \`\${VAR:-default}\` take a value from the environment, \`\${file:/run/secrets/x}\` from a file, in any value; \`$\${\` is a plain \`\${\`.
- A _span_ of time is written as \`500ms\`, \`5s\`, \`10m\`, \`1h\` or \`30d\`; a plain number is milliseconds.
- A _secret_ is in no message, no log line and no output of \`check\`.
- Names of files count from the folder of the configuration.
- What is _required_ is so within its group, which may be left out. A setting that is unknown is an error.
- Not in the file: where traces and metrics go (the standard \`OTEL_*\` variables), proxies (\`HTTPS_PROXY\`, \`HTTP_PROXY\`, \`NO_PROXY\`), and what AWS's own clients read.
`;

/** Where a setting is, and what may stand there: alternatives, of which one holds. */
interface Setting {
  readonly path: string;
  readonly alternatives: readonly JsonSchema[];
  readonly isRequired: boolean;
  /** The values of the setting beside it (record, mechanism) with which it goes; empty where it goes with all. */
  readonly onlyWith: readonly string[];
}

/** docs/settings.md. */
export function createSettingsPage(): string {
  const top = describeSettings();
  const parts = settingsIn('', [top]).map((part) => {
    const inner = settingsUnder(part);
    const rows = (inner.length === 0 ? [part] : inner).map(toRow);
    const table = formatTable(['setting', 'value', 'default', 'what it is'], rows);
    const optional = part.isRequired ? '' : ' Optional.';
    const heading = `## ${code(part.path)}\n\n`;
    return inner.length === 0
      ? heading + table
      : `${heading}${describe(part)}${optional}\n\n${table}`;
  });
  return [introduction, ...parts].join('\n');
}

/** All settings under one, in order, each before those that are under it. */
function settingsUnder({ path, alternatives }: Setting): readonly Setting[] {
  const inItems = alternatives.flatMap(({ items }) => (isSchema(items) ? flatten(items) : []));
  const named = alternatives.flatMap(({ additionalProperties }) =>
    isSchema(additionalProperties) ? flatten(additionalProperties) : [],
  );
  return [
    ...settingsIn(`${path}.`, alternatives),
    ...settingsIn(`${path}[].`, inItems),
    ...settingsIn(`${path}.NAME.`, named),
  ].flatMap((setting) => [setting, ...settingsUnder(setting)]);
}

/** The settings that stand side by side in any of the alternatives. */
function settingsIn(prefix: string, alternatives: readonly JsonSchema[]): readonly Setting[] {
  const groups = alternatives.filter(({ properties }) => properties !== undefined);
  const names = new Set(groups.flatMap(({ properties }) => Object.keys(properties ?? {})));
  return [...names].map((name) => {
    const having = groups.filter(({ properties }) => Object.hasOwn(properties ?? {}, name));
    const isInAll = having.length === groups.length;
    return {
      path: prefix + name,
      alternatives: having.flatMap(({ properties }) => flatten(asSchema(properties?.[name]))),
      isRequired:
        having.every(({ required }) => required?.includes(name)) &&
        (isInAll || having.every((group) => kindsOf(group).length > 0)),
      onlyWith: isInAll ? [] : having.flatMap(kindsOf),
    };
  });
}

/** A schema, or its alternatives, each with what is said of them all. */
function flatten(schema: JsonSchema): readonly JsonSchema[] {
  const { anyOf, oneOf, ...common } = schema;
  const options = (anyOf ?? oneOf)?.map(asSchema);
  return options ? options.flatMap((option) => flatten({ ...option, ...common })) : [schema];
}

/** What tells an alternative from its siblings: its `record`, its `mechanism`. */
function kindsOf({ properties }: JsonSchema): readonly string[] {
  const { record, mechanism } = properties ?? {};
  return choicesOf(asSchema(record ?? mechanism));
}

function choicesOf({ enum: choices, const: constant }: JsonSchema): readonly string[] {
  return (choices ?? [constant]).filter((choice) => typeof choice === 'string');
}

function toRow(setting: Setting): readonly string[] {
  const fallback = setting.alternatives[0]?.default;
  const isScalar = typeof fallback === 'string' || typeof fallback === 'number';
  const whenAbsent = setting.isRequired ? 'required' : isScalar ? code(String(fallback)) : '';
  const values = new Set(setting.alternatives.flatMap(describeValue));
  // A span may be a plain number, as the introduction says.
  if (values.has('span')) values.delete('number');
  return [code(setting.path), [...values].join(', '), whenAbsent, describe(setting)];
}

function describe({ alternatives, onlyWith }: Setting): string {
  const description = (alternatives[0]?.description ?? '').replaceAll('<', '&lt;');
  return onlyWith.length === 0
    ? description
    : `${description} Only with ${onlyWith.map(code).join(', ')}.`;
}

function describeValue(schema: JsonSchema): readonly string[] {
  const choices = choicesOf(schema);
  if (choices.length > 0) return choices.map(code);
  if (schema['secret'] === true) return ['secret'];
  if (schema.examples?.includes('5s')) return ['span'];
  if (schema.format === 'uri') return ['URL'];
  if (schema.type === 'array') return ['list'];
  if (schema.type === 'object') return [schema.properties ? 'group' : 'names and values'];
  if (schema.type === 'boolean') return ['`true`', '`false`'];
  if (schema.maximum !== undefined && schema.type === 'integer') {
    return [`${schema.minimum} to ${schema.maximum}`];
  }
  return [schema.type ?? []].flat().map((type) => (type === 'string' ? 'text' : type));
}
