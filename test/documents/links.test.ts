import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { documents as pages } from './blocks.ts';

const documents = [...pages, 'CHANGELOG.md', 'bench/README.md'];

/** A document without its code blocks, in which nothing is a link or a heading. */
function proseOf(document: string): string {
  return readFileSync(document, 'utf8').replace(/^( *)```[\s\S]*?^\1```$/gm, '');
}

/** The anchors that GitHub gives the headings: small letters, hyphens for spaces, without punctuation. */
function anchorsOf(document: string): readonly string[] {
  return [...proseOf(document).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{M}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** What is wrong with a link of a document; undefined where there is nothing. */
function problemOf(document: string, link: string): string | undefined {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? document : join(dirname(document), path);
  if (!existsSync(target)) return `there is no ${target}`;
  if (anchor === undefined || anchorsOf(target).includes(anchor)) return undefined;
  return `${target} has no heading for #${anchor}`;
}

test('each link of the documents within the project leads to a file, and to a heading of it', () => {
  const links = documents.flatMap((document) =>
    Array.from(proseOf(document).matchAll(/\]\(([^)\s]+)\)/g), ([, link = '']) => ({
      document,
      link,
    })),
  );
  const relative = links.filter(({ link }) => !/^https?:/.test(link));
  expect(relative.length).toBeGreaterThan(40);
  const problems = relative.flatMap(({ document, link }) => {
    const problem = problemOf(document, link);
    return problem === undefined ? [] : [`${document}: ${link}: ${problem}`];
  });
  expect(problems).toEqual([]);
});

test('each file of the project that the documents name is there', () => {
  const named = documents.flatMap((document) =>
    Array.from(
      proseOf(document).matchAll(/`((?:bench|deploy|dev|docs|schemas|src|test)\/[\w./-]+)`/g),
      ([, path = '']) => ({ document, path }),
    ),
  );
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter(({ path }) => !existsSync(path))).toEqual([]);
});

test('the README leads to each page of docs/', () => {
  const readme = proseOf('README.md');
  expect(pages.filter((page) => page !== 'README.md' && !readme.includes(`](${page})`))).toEqual(
    [],
  );
});
