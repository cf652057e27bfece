import type { LoadedConfig } from './load.ts';
import { formatSetting, type SettingPath } from './settingPath.ts';

/** Where the value of a setting of a mapping stands, or its name, for a Problem with it. */
export function placeInMapping(
  loaded: Pick<LoadedConfig, 'file' | 'locate' | 'locateName'>,
  index: number,
  path: SettingPath,
  at: 'value' | 'name' = 'value',
) {
  const whole = ['mappings', index, ...path];
  const place = at === 'name' ? loaded.locateName(whole) : loaded.locate(whole);
  return { file: loaded.file, ...place, setting: formatSetting(whole) };
}
