import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { folderWith, runCommand } from './commandLine.ts';

const money = `{"type": "record", "name": "Money", "namespace": "shop.common", "fields": [
  {"name": "amount", "type": "double"}, {"name": "currency", "type": "string"}]}`;
const order = `{"type": "record", "name": "OrderPlaced", "namespace": "shop", "fields": [
  {"name": "orderId", "type": "string"}, {"name": "customerId", "type": "string"},
  {"name": "total", "type": "shop.common.Money"},
  {"name": "status", "type": {"type": "enum", "name": "Status", "symbols": ["PAID", "OPEN"]}}]}`;

const configuration = (mapping: string) => `kafka:
  brokers: nowhere.invalid:9092
registry:
  url: http://nowhere.invalid:8081
mappings:
  - topic: /orders/
    event: OrderPlaced
    record: order
${mapping}`;

/** A folder with the configuration, and the schemas in a folder of their own, one within another. */
async function folderOf(mapping: string, schemas: Readonly<Record<string, string>>) {
  const folder = await folderWith({ 'connector.yaml': configuration(mapping) });
  await mkdir(join(folder, 'schemas', 'common'), { recursive: true });
  for (const [name, text] of Object.entries(schemas)) {
    await writeFile(join(folder, 'schemas', name), text);
  }
  return folder;
}

const schemas = { 'order.avsc': order, 'common/money.avsc': money };
const check = ['check', '--offline', 'schemas'];

describe('check --offline', { timeout: 60_000 }, () => {
  test('needs nothing but the files, whose types may be in other files', async () => {
    const folder = await folderOf('', schemas);
    const { exitCode, stdout, stderr } = await runCommand(check, { folder });
    expect(stdout.trimEnd().split('\n')).toEqual([
      'ok       configuration  connector.yaml: 1 mapping of 1 topic',
      'ok       schemas        schemas: 2 schema files, 4 mapped fields looked up',
      '                        mappings[0] (OrderPlaced) takes user: customerId, id: orderId, value.amount: total.amount, value.currency: total.currency',
      '',
      'connector.yaml is ready to run',
    ]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  });

  test('tells every problem with its place, for people and as JSON', async () => {
    const mapping = `    user: custmerId
    value:
      amount: total
    when:
      status: [PAID, SHIPPED]
`;
    const folder = await folderOf(mapping, schemas);
    const { exitCode, stdout } = await runCommand(check, { folder });
    expect(stdout.split('\n').filter((line) => line.startsWith('connector.yaml:'))).toEqual([
      'connector.yaml:9:11: error: mappings[0].user: "custmerId" is not a field of shop.OrderPlaced: it has orderId, customerId, total, status; did you mean "customerId"?',
      'connector.yaml:11:15: error: mappings[0].value.amount: "total" is a record, and an amount is needed here',
      'connector.yaml:13:22: error: mappings[0].when.status[1]: "SHIPPED" is no symbol of shop.Status, which has PAID, OPEN',
    ]);
    expect(exitCode).toBe(1);
    const json = JSON.parse((await runCommand([...check, '--json'], { folder })).stdout);
    expect(json).toMatchObject({ ok: false, parts: [{}, { part: 'schemas', state: 'problem' }] });
    expect(json.problems).toHaveLength(3);
  });

  test('says which events there are where the one that is named is not', async () => {
    const folder = await folderOf('', { 'common/money.avsc': money, 'broken.avsc': '{"type": ' });
    const { exitCode, stdout } = await runCommand(check, { folder });
    expect(stdout).toContain(
      'connector.yaml:7:12: error: mappings[0].event: "OrderPlaced" is no event of the folder schemas, which has shop.common.Money',
    );
    expect(stdout).toMatch(/^schemas\/broken\.avsc:.*warning: not JSON, so not an Avro schema/m);
    expect(exitCode).toBe(1);
  });

  test.each([
    [['--offline', 'nowhere'], '--offline "nowhere" can\'t be read: '],
    [['--sample', 'some'], '--sample "some" is no number from 1 to 1000'],
    [['--sample', '5', '--offline', 'schemas'], '--sample reads records from Kafka'],
  ])('check %j is wrong usage', async (options, message) => {
    const folder = await folderOf('', schemas);
    const { exitCode, stdout, stderr } = await runCommand(['check', ...options], { folder });
    expect(stderr).toContain(message);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  });
});
