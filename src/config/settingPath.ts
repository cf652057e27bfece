/** The way to a setting from the top of the configuration: `['mappings', 0, 'value', 'amount']`. */
export type SettingPath = readonly (string | number)[];

/**
 * A path as people write it: `mappings[0].value.amount`. A name that has dots or other signs of its
 * own, as the fields in `when` can, stands in brackets: `mappings[0].when["consent.marketing"]`.
 */
export function formatSetting(path: SettingPath): string {
  return path
    .map((part) => {
      if (typeof part === 'number') return `[${part}]`;
      return /^[\w-]+$/.test(part) ? `.${part}` : `[${JSON.stringify(part)}]`;
    })
    .join('')
    .replace(/^\./, '');
}

/** What stands at a path in parsed values; undefined where the path leads nowhere. */
export function valueAt(root: unknown, path: SettingPath): unknown {
  return path.reduce<unknown>(
    (value, part) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, part)
        ? Reflect.get(value, part)
        : undefined,
    root,
  );
}

/** Something wrong with a setting, not yet placed in the file. */
export interface Finding {
  readonly path: SettingPath;
  readonly message: string;
  /** Whether it is the setting's name that is wrong, rather than its value. */
  readonly at?: 'name';
  /** The setting to name instead, where the path itself must not be shown. */
  readonly shownAs?: SettingPath;
}
