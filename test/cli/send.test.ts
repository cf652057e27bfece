import { describe, expect, test } from 'vitest';
import { minimal } from '../config/files.ts';
import { sandboxForTest } from '../sandbox/support.ts';
import { folderWith, runCommand, silentAddress, unusedAddress } from './commandLine.ts';

function configuration(powerspaceUrl: string): string {
  return `${minimal}powerspace: {url: '${powerspaceUrl}', timeout: 400ms}
`;
}

describe('send', { timeout: 60_000 }, () => {
  test('tells what it sent and that Powerspace has it', async () => {
    const sandbox = await sandboxForTest();
    const sent = await runCommand(['send', 'lead', '--click', 'a+b/c=', '--url', sandbox.url]);
    const [request, result] = sent.stdout.split('\n');
    expect(request).toBe(`GET ${sandbox.url}/ld?qci=a%2Bb%2Fc%3D`);
    expect(result).toMatch(/^delivered: Powerspace answered 200 \(\d+ ms\)$/);
    expect(sent).toMatchObject({ exitCode: 0, stderr: '' });
    expect(sandbox.received()).toMatchObject([{ kind: 'lead', clickId: 'a+b/c=', status: 200 }]);
  });

  test('sends an order with its value to the address of the configuration', async () => {
    const sandbox = await sandboxForTest();
    const folder = await folderWith({ 'connector.yaml': configuration(sandbox.url) });
    const sent = await runCommand(['send', 'order', '--click', 'abc', '--value', '49.99'], {
      folder,
    });
    expect(sent.stdout).toContain(`GET ${sandbox.url}/ord?qci=abc&ov=49.99\n`);
    expect(sent).toMatchObject({ exitCode: 0, stderr: '' });
    expect(sandbox.summary()).toMatchObject({ orders: 1, value: '49.99' });
  });

  test('says what a 404 means, and ends with 1', async () => {
    const sandbox = await sandboxForTest();
    const { exitCode, stdout, stderr } = await runCommand([
      'send',
      'lead',
      '--click',
      'expired-1',
      '--url',
      sandbox.url,
    ]);
    expect(stdout).toContain(
      'rejected: Powerspace answered 404: the click is unknown or has expired',
    );
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: '' });
  });

  test('sends once, whatever the answer', async () => {
    const sandbox = await sandboxForTest();
    const { exitCode, stdout } = await runCommand([
      'send',
      'lead',
      '--click',
      'flaky-1',
      '--url',
      sandbox.url,
      '--json',
    ]);
    expect(JSON.parse(stdout)).toEqual({
      url: `${sandbox.url}/ld?qci=flaky-1`,
      class: 'transient',
      answer: 'Powerspace answered 503',
      milliseconds: expect.any(Number),
    });
    expect(exitCode).toBe(1);
    expect(sandbox.summary().requests).toBe(1);
  });

  test('names the address that refuses it', async () => {
    const address = await unusedAddress();
    const { exitCode, stdout } = await runCommand([
      'send',
      'lead',
      '--click',
      'abc',
      '--url',
      `http://${address}`,
    ]);
    expect(stdout).toMatch(new RegExp(`^transient: .*ECONNREFUSED ${address}`, 'm'));
    expect(exitCode).toBe(1);
  });

  test('waits for an answer as long as powerspace.timeout says', async () => {
    const url = `http://${await silentAddress()}`;
    const folder = await folderWith({ 'connector.yaml': configuration(url) });
    const { exitCode, stdout } = await runCommand(['send', 'lead', '--click', 'abc'], { folder });
    expect(stdout).toMatch(/^ambiguous: .*no whole answer within 400 ms/m);
    expect(exitCode).toBe(1);
  });

  test.each([
    [['led', '--click', 'abc'], 'send a lead or an order, not "led"'],
    [['lead', '--click', ''], '--click: it is empty'],
    [['lead', '--click', '{clickId}'], '--click: it is a macro that was never substituted'],
    [['lead', '--click', 'null'], '--click: it is the word "null"'],
    [['lead', '--click', 'a b'], '--click: it has characters other than visible ASCII'],
    [['lead', '--click', 'abc', '--value', '1'], 'a lead has no value'],
    [['order', '--click', 'abc', '--value', '1,50'], '--value "1,50" is not an amount'],
    [['order', '--click', 'abc', '--value', '-1'], '--value "-1" is not an amount'],
    [['order', '--click', 'abc', '--value', '0.00'], '--value "0.00" is not an amount'],
    [['lead', '--click', 'abc', '--url', 'pwspace.com'], '--url "pwspace.com" is not an address'],
    [['lead', '--click', 'abc', '--url', 'http://localhost/ld'], '--url "http://localhost/ld" is'],
  ])('refuses %j as wrong usage', async (commandArguments, message) => {
    const url = `http://${await unusedAddress()}`;
    const folder = await folderWith({ 'connector.yaml': configuration(url) });
    const { exitCode, stdout, stderr } = await runCommand(['send', ...commandArguments], {
      folder,
    });
    expect(stderr).toContain(`error: ${message}`);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  });
});
