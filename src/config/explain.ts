import type { z } from 'zod';
import { describeExpected } from './expected.ts';
import { nearestName } from './nearest.ts';
import { type Finding, formatSetting, type SettingPath, valueAt } from './settingPath.ts';
import type { Settings } from './settings.ts';

type Issue = z.core.$ZodIssue;
type UnionIssue = Extract<Issue, { code: 'invalid_union' }>;

/** What messages are made from, beside the issue itself. */
interface Explained {
  readonly root: unknown;
  readonly settings: Settings;
  /** The variables and files that the value at a path was made from: such a value is never shown. */
  referencesAt(path: SettingPath): readonly string[];
}

/** Zod's issues as sentences for somebody who has the file open, and has never heard of zod. */
export function explainIssues(issues: readonly Issue[], explained: Explained): Finding[] {
  return issues.flatMap(narrow).flatMap((issue) => explain(issue, explained));
}

function explain(issue: Issue, explained: Explained): Finding[] {
  const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((name) => ({
      path: [...path, name],
      message: explainUnknown(path, name, explained),
      at: 'name',
      ...(isShowable(path, name, explained) ? {} : { shownAs: path }),
    }));
  if (issue.code === 'invalid_key') return [{ path, message: nameFault(issue), at: 'name' }];
  if (issue.code !== 'custom' && valueAt(explained.root, path) === undefined) {
    const description = explained.settings.descriptionOf(path);
    const what = description ? `: ${uncapitalize(description)}` : '';
    return [{ path, message: `required, but missing${what.replace(/\.$/, '')}` }];
  }
  return [{ path, message: withFound(issue, path, explained) }];
}

/** The issues of the alternative that was meant, where that can be told; else the issue of the union. */
function narrow(issue: Issue): Issue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const entered = issue.errors.filter((branch) => !branch.some(isOfOtherType));
  const [first, second] = entered;
  if (first === undefined) return [issue];
  if (second === undefined) return first.flatMap((inner) => narrow(moveUnder(issue, inner)));
  return chooseGroup(issue, entered).flatMap((inner) => narrow(moveUnder(issue, inner)));
}

/** What is wrong with a name that is a field of the event, or a currency that has a rate. */
function nameFault({ issues }: Extract<Issue, { code: 'invalid_key' }>): string {
  return issues.find(({ message }) => message)?.message ?? 'the name of a field cannot be empty';
}

function isOfOtherType(issue: Issue): boolean {
  return (
    issue.path.length === 0 && (issue.code === 'invalid_type' || issue.code === 'invalid_union')
  );
}

/**
 * Of several groups of settings: the one whose names were used. Where the names don't tell, or come from
 * more than one group: those that no group knows, and what the union expects.
 */
function chooseGroup(union: UnionIssue, groups: readonly Issue[][]): Issue[] {
  const unknown = groups.map((issues) => issues.flatMap(unknownNames));
  const keys = unknown.reduce((one, other) => one.filter((name) => other.includes(name)));
  const best = unknown.findIndex((names) => names.length === keys.length);
  const areAlike = unknown.every((names) => names.length === keys.length);
  if (best >= 0 && !areAlike) return groups[best] ?? [];
  const general: Issue = { code: 'custom', path: [], message: union.message };
  const ofNoGroup: Issue = { code: 'unrecognized_keys', keys, path: [], message: '' };
  return keys.length > 0 ? [ofNoGroup, general] : [general];
}

function unknownNames(issue: Issue): string[] {
  return issue.code === 'unrecognized_keys' && issue.path.length === 0 ? issue.keys : [];
}

function moveUnder(outer: Issue, inner: Issue): Issue {
  return { ...inner, path: [...outer.path, ...inner.path] };
}

/** The message, and, where it says what was expected, what stands there instead. */
function withFound(issue: Issue, path: SettingPath, explained: Explained): string {
  const message = issue.message || describeExpected(issue);
  if (!message.startsWith('expected ')) return message;
  const value = valueAt(explained.root, path);
  if (issue.code === 'custom' && typeof value === 'object') return message;
  const references = explained.referencesAt(path);
  const shown = references.length === 0 && explained.settings.mayShow(path);
  const found = references.length > 0 ? nameReferences(references) : nameFound(issue, value, shown);
  return `${message}, found ${found}${suggest(issue, value, shown)}`;
}

function nameReferences(references: readonly string[]): string {
  return `the value of ${references.map((name) => `\${${name}}`).join(' and ')}`;
}

function nameFound(issue: Issue, value: unknown, shown: boolean): string {
  if (value === null) return 'nothing (a text that begins with #, & or ! must be in quotes)';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (value === '') return 'an empty text';
  if (shown && typeof value === 'string') return JSON.stringify(value.slice(0, 60));
  if (shown && typeof value !== 'object') return String(value);
  if (typeof value === 'string') return issue.code === 'invalid_format' ? 'another text' : 'text';
  return nouns[typeof value] ?? 'something else';
}

const nouns: Readonly<Record<string, string>> = {
  object: 'a group of settings',
  number: 'a number',
  boolean: 'true or false',
};

function suggest(issue: Issue, value: unknown, shown: boolean): string {
  if (issue.code === 'invalid_type' && issue.expected === 'string')
    return typeof value === 'number' || typeof value === 'boolean' ? '; put it in quotes' : '';
  if (!shown || typeof value !== 'string') return '';
  const near = nearestName(value, optionsOf(issue));
  return near === undefined ? '' : `; did you mean ${near}?`;
}

function optionsOf(issue: Issue): string[] {
  if (issue.code === 'invalid_value') return issue.values.map(String);
  return issue.code === 'invalid_union' && 'options' in issue
    ? (issue.options ?? []).map(String)
    : [];
}

/** A password without its quotes, or without the space before it, can end up as a name. */
function isShowable(path: SettingPath, name: string, { settings }: Explained): boolean {
  return /^[\w-]{1,40}$/.test(name) && !settings.hasSecret(path);
}

function explainUnknown(path: SettingPath, name: string, { root, settings }: Explained): string {
  const kinds = settings.kindsWith(path, name);
  if (kinds.length > 0) return `only a mapping with record: ${kinds.join(' or ')} has this setting`;
  const names = settings.namesAt(path, root);
  if (names.includes(name)) return `does not go with the other settings in ${formatSetting(path)}`;
  const near = nearestName(name, names);
  if (near !== undefined) return `unknown setting; did you mean ${near}?`;
  const places = settings.placesOf(name);
  if (places.length > 0 && places.length <= 3)
    return `unknown setting here; it belongs at ${places.join(' or ')}`;
  const where = path.length === 0 ? 'at the top' : `in ${formatSetting(path)}`;
  return `unknown setting; known ${where}: ${names.join(', ')}`;
}

function uncapitalize(sentence: string): string {
  return /^[A-Z][a-z' ]/.test(sentence)
    ? sentence.charAt(0).toLowerCase() + sentence.slice(1)
    : sentence;
}
