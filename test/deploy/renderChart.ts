import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { TestContext } from 'vitest';
import { parseAllDocuments, stringify } from 'yaml';
import { cached } from '../../dev/native/cache.ts';
import { runMaven } from '../../dev/native/maven.ts';
import { runToEnd } from '../../dev/native/process.ts';
import { findJava } from '../../dev/native/programs.ts';
import { orSkip, run } from './tools.ts';

const version = '0.0.16';
const program = 'RenderChart';

/** Helm as a library; it can do what the chart's tests need of `helm template`, and needs no build of Helm. */
const pom = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>powerspace-connector</groupId><artifactId>helm</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>com.marcnuri.helm-java</groupId><artifactId>helm-java</artifactId><version>${version}</version></dependency>
  </dependencies>
</project>
`;

/** What a chart becomes with some values. */
export interface RenderedChart {
  /** The manifests, as text; empty where the values were refused. */
  readonly text: string;
  /** Why they were refused; empty otherwise. */
  readonly refusal: string;
  /** The manifest of a kind; undefined where there is none. */
  find(kind: string): Manifest | undefined;
}

/** An object of Kubernetes, of which a test looks at some fields. */
// biome-ignore lint/suspicious/noExplicitAny: the schemas of Kubernetes are checked elsewhere
type Manifest = Record<string, any>;

/** Renders a chart with each of the sets of values, in their order. Where Helm can't be had the test is skipped. */
export async function renderChart(
  context: TestContext,
  chart: string,
  sets: readonly object[],
): Promise<readonly RenderedChart[]> {
  const helm = await orSkip(context, cached(`helm-java-${version}-1`, fetchHelm, quiet));
  const { path: java } = await orSkip(context, findJava('Helm', 'PATH'));
  const folder = await mkdtemp(join(tmpdir(), 'connector-chart-'));
  try {
    const files = sets.map((_, index) => join(folder, `${index}.yaml`));
    for (const [index, file] of files.entries()) await writeFile(file, stringify(sets[index]));
    const classPath = [join(helm, 'libs', '*'), helm].join(delimiter);
    const { exitCode, output } = await run(java, ['-cp', classPath, program, chart, ...files]);
    if (exitCode !== 0) throw new Error(`the chart could not be rendered: ${output}`);
    return output
      .split(/^# values: .*\n/m)
      .slice(1)
      .map(readRendered);
  } finally {
    await rm(folder, { recursive: true });
  }
}

const quiet = { report: () => undefined };

function readRendered(output: string): RenderedChart {
  const isRefused = output.startsWith('# refused: ');
  const text = isRefused ? '' : output;
  const documents = parseAllDocuments(text);
  const manifests: Manifest[] = Array.from(documents, (document) => document.toJS());
  return {
    text,
    refusal: isRefused ? output : '',
    find: (kind) => manifests.find((manifest) => manifest?.['kind'] === kind),
  };
}

async function fetchHelm(folder: string): Promise<void> {
  const { path: java } = await findJava('Helm', 'PATH');
  await writeFile(join(folder, 'pom.xml'), pom);
  const libraries = join(folder, 'libs');
  const goal = { name: 'copy-dependencies', settings: [`-DoutputDirectory=${libraries}`] };
  await runMaven(goal, folder, { name: 'Helm', addressVariable: 'PATH' }, undefined);
  const source = new URL(`${program}.java`, import.meta.url).pathname;
  const jars = (await readdir(libraries)).map((name) => join(libraries, name)).join(delimiter);
  const compile = ['-m', 'jdk.compiler/com.sun.tools.javac.Main', '-cp', jars];
  await runToEnd(
    { program: java, arguments: [...compile, '-d', folder, source], workingFolder: folder },
    undefined,
  );
}
