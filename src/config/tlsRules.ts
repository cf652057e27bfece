import { type Finding, type SettingPath, valueAt } from './settingPath.ts';

/** Each group of ca, cert and key. */
const groups: readonly SettingPath[] = [
  ['kafka', 'ssl'],
  ['kafka', 'sasl', 'ssl'],
  ['registry', 'ssl'],
  ['powerspace', 'ssl'],
];

/** What settings of TLS demand of each other, in parsed YAML that needs not be valid otherwise. */
export function checkTls(root: unknown): Finding[] {
  return [...checkAwsLogin(root), ...groups.flatMap((path) => checkClientCertificate(root, path))];
}

/** MSK takes this login over TLS only. */
function checkAwsLogin(root: unknown): Finding[] {
  const path = ['kafka', 'sasl', 'mechanism'];
  const ssl = valueAt(root, ['kafka', 'ssl']);
  if (valueAt(root, path) !== 'aws-msk-iam' || (ssl !== undefined && ssl !== false)) return [];
  const message = 'needs ssl: true beside it (below kafka): AWS takes this login over TLS only';
  return [{ path, message }];
}

function checkClientCertificate(root: unknown, group: SettingPath): Finding[] {
  const cert = valueAt(root, [...group, 'cert']);
  const key = valueAt(root, [...group, 'key']);
  if ((cert === undefined) === (key === undefined)) return [];
  const [present, absent] = cert === undefined ? ['key', 'cert'] : ['cert', 'key'];
  return [
    {
      path: [...group, present],
      message: `needs ${absent} beside it: a client certificate takes both files`,
    },
  ];
}
