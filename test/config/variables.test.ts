import { describe, expect, test } from 'vitest';
import { load, problemsOf, withSetting } from './files.ts';

const kafka = (settings: string) => withSetting('kafka', `kafka: {brokers: "a:1", ${settings}}`);
const other = (text: string) => withSetting('other', text);
const login = (password: string) =>
  kafka(`sasl: {mechanism: plain, username: u, password: ${password}}`);

async function passwordOf(written: string, environment: NodeJS.ProcessEnv): Promise<unknown> {
  const { sasl } = (await load(login(written), environment)).config.kafka;
  return Reflect.get(sasl ?? {}, 'password');
}

describe('variables from the environment', () => {
  test.each([
    [`\${PASSWORD}`, 'secret'],
    [`"\${PASSWORD}"`, 'secret'],
    [`'a-\${PASSWORD}-\${OTHER}'`, 'a-secret-x'],
    [`\${PASSWORD:-fallback}`, 'secret'],
    [`\${UNSET:-fallback}`, 'fallback'],
    [`\${EMPTY:-fallback}`, 'fallback'],
    [`\${UNSET:-a: b, [c] # d}`, 'a: b, [c] # d'],
    [`$\${PASSWORD}`, `\${PASSWORD}`],
    [`"$\${x} \${OTHER} $\${y} $ {z}"`, `\${x} x \${y} $ {z}`],
  ])('%s', async (written, expected) => {
    const environment = { PASSWORD: 'secret', OTHER: 'x', EMPTY: '' };
    expect(await passwordOf(written, environment)).toBe(expected);
  });

  test('what a variable holds cannot change the structure', async () => {
    for (const secret of ['a: b', 'x # y', '}, group: other', '"', '- a', `\${HOME}`, '*a', 'true'])
      expect(await passwordOf(`\${PASSWORD}`, { PASSWORD: secret })).toBe(secret);
  });

  test('stand in block style, in lists and in parts of a text as well', async () => {
    const { config } = await load(
      `
kafka:
  brokers:
    - \${HOST}:9092
    - "\${HOST}:9093"
  group: \${GROUP:-connector}-1
registry: {url: http://\${HOST}:8081}
mappings: [{topic: \${TOPIC}, event: E, record: lead, user: [\${USER_FIELD}, b]}]`,
      { HOST: 'h', TOPIC: 'accounts', USER_FIELD: 'userId' },
    );
    expect(config.kafka).toMatchObject({ brokers: ['h:9092', 'h:9093'], group: 'connector-1' });
    expect(config.registry?.url).toEqual(['http://h:8081']);
    expect(config.mappings[0]).toMatchObject({ topic: 'accounts', user: ['userId', 'b'] });
  });

  test('one variable can hold several brokers', async () => {
    const content = withSetting('kafka', `kafka: {brokers: [\${BROKERS}]}`);
    const { config } = await load(content, { BROKERS: 'a:1,b:2' });
    expect(config.kafka.brokers).toEqual(['a:1', 'b:2']);
  });

  test('are read as numbers and booleans only where a setting wants one', async () => {
    const { config } = await load(
      `
kafka: {brokers: "a:1", group: \${NUMBER}, ssl: \${FLAG}}
powerspace: {concurrency: \${NUMBER}, timeout: \${NUMBER}00, giveUpAfter: \${TIME}}
registry: {url: http://localhost:8081}
mappings: [{topic: t, event: E, record: lead, user: u, when: {a: \${NUMBER}, b: \${FLAG}}}]`,
      { NUMBER: '12', FLAG: 'true', TIME: '2h' },
    );
    expect(config.kafka).toMatchObject({ group: '12', ssl: true });
    expect(config.powerspace).toMatchObject({
      concurrency: 12,
      timeout: 1_200,
      giveUpAfter: 7_200_000,
    });
    expect(config.mappings[0]?.when).toEqual({ a: '12', b: 'true' });
  });

  test('are left alone in names of settings and in comments', async () => {
    expect(await problemsOf(other(`\${NAME}: 1`), { NAME: 'store' })).toEqual([
      expect.stringContaining('connector.yaml:1:1: error: unknown setting'),
    ]);
    expect(await problemsOf(other(`# \${UNSET}`))).toEqual([]);
  });
});

describe('a reference that cannot be replaced', () => {
  test('a variable that is not set', async () => {
    expect(await problemsOf(login(`x\${PASSWORD}`))).toEqual([
      `connector.yaml:1:73: error: kafka.sasl.password: the environment variable PASSWORD is not set; set it, or give a default: \${PASSWORD:-default}`,
    ]);
  });

  test('every such variable of a value, and nothing else about that value', async () => {
    const lines = await problemsOf(other(`powerspace: {concurrency: "\${A}\${B}"}`));
    expect(lines).toEqual([
      expect.stringMatching(/^connector.yaml:1:27: error: .* variable A is not set/),
      expect.stringMatching(/^connector.yaml:1:27: error: .* variable B is not set/),
    ]);
  });

  test('a list with such a value is not judged either', async () => {
    expect(await problemsOf(withSetting('kafka', `kafka: {brokers: ["a:1", \${HOST}]}`))).toEqual([
      `connector.yaml:1:26: error: kafka.brokers[1]: the environment variable HOST is not set; set it, or give a default: \${HOST:-default}`,
    ]);
  });

  test.each([`\${}`, `\${my-name}`, `\${NAME:?message}`, `\${1X}`, `\${OPEN`, `\${A:-\${B}}`])(
    '%s is no reference',
    async (written) => {
      expect(await problemsOf(login(`"${written}"`), { A: 'a', B: 'b' })).toEqual([
        `connector.yaml:1:73: error: kafka.sasl.password: after \${ the name of an environment variable and } must follow, as in \${NAME} or \${NAME:-default}, or a file, as in \${file:/run/secrets/name}; write $\${ for a plain \${`,
      ]);
    },
  );

  test.each([
    [
      `powerspace: {concurrency: \${VALUE}}`,
      `powerspace.concurrency: expected a number, found the value of \${VALUE}`,
    ],
    [
      `powerspace: {onAmbiguous: \${VALUE}}`,
      `powerspace.onAmbiguous: expected resend or hold, found the value of \${VALUE}`,
    ],
    [
      `powerspace: {url: "\${VALUE}:\${OTHER:-1}"}`,
      `powerspace.url: expected an http:// or https:// address, found the value of \${VALUE} and \${OTHER}`,
    ],
  ])('%s: a value that does not fit is called by its variable', async (text, message) => {
    expect(await problemsOf(other(text), { VALUE: 'nonsense' })).toEqual([
      expect.stringMatching(/^connector\.yaml:1:\d+: error: /),
    ]);
    const [line] = await problemsOf(other(text), { VALUE: 'nonsense' });
    expect(line?.replace(/^.*?: error: /, '')).toBe(message);
  });

  test('a variable that is set to nothing is an empty text', async () => {
    expect(await problemsOf(login(`\${EMPTY}`), { EMPTY: '' })).toEqual([
      `connector.yaml:1:73: error: kafka.sasl.password: expected text, found the value of \${EMPTY}`,
    ]);
  });
});
