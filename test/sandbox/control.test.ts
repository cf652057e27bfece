import { expect, test } from 'vitest';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { sandboxForTest } from './support.ts';

function putFaults(sandbox: Sandbox, body: string): Promise<Response> {
  return fetch(`${sandbox.url}/sandbox/faults`, { method: 'PUT', body });
}

test('GET /sandbox answers the summary as JSON and is not counted in it', async () => {
  const sandbox = await sandboxForTest();
  await fetch(`${sandbox.url}/ord?qci=a&ov=49.99`);
  await fetch(`${sandbox.url}/sandbox`);
  const response = await fetch(`${sandbox.url}/sandbox`);
  expect(response.headers.get('content-type')).toBe('application/json');
  expect(await response.json()).toEqual({
    leads: 0,
    orders: 1,
    value: '49.99',
    requests: 1,
    byStatus: { 200: 1 },
    notKept: 0,
  });
});

test('GET /sandbox/received answers every entry on a line of JSON, in the order of arrival', async () => {
  const sandbox = await sandboxForTest();
  const clickIds = Array.from({ length: 2_001 }, (_, index) => `click-${index}`);
  for (const clickId of clickIds) await fetch(`${sandbox.url}/ld?qci=${clickId}`);
  const response = await fetch(`${sandbox.url}/sandbox/received`);
  expect(response.headers.get('content-type')).toBe('application/x-ndjson');
  const lines = (await response.text()).split('\n');
  expect(lines.pop()).toBe('');
  expect(lines.map((line) => JSON.parse(line))).toEqual(sandbox.received());
  expect(lines.map((line) => JSON.parse(line).clickId)).toEqual(clickIds);
});

test('GET /sandbox/received answers nothing when nothing was received', async () => {
  const sandbox = await sandboxForTest();
  expect(await (await fetch(`${sandbox.url}/sandbox/received`)).text()).toBe('');
});

test('DELETE /sandbox/received forgets what was received', async () => {
  const sandbox = await sandboxForTest();
  await fetch(`${sandbox.url}/ld?qci=a`);
  const response = await fetch(`${sandbox.url}/sandbox/received`, { method: 'DELETE' });
  expect(response.status).toBe(204);
  expect(sandbox.received()).toEqual([]);
  expect(sandbox.summary()).toMatchObject({ leads: 0, requests: 0 });
});

test('PUT /sandbox/faults replaces the faults', async () => {
  const sandbox = await sandboxForTest({ faults: [{ action: { type: 'answer', status: 500 } }] });
  const faults = [{ kind: 'lead', clickId: '^a', action: { type: 'answer', status: 503 } }];
  expect((await putFaults(sandbox, JSON.stringify(faults))).status).toBe(204);
  expect((await fetch(`${sandbox.url}/ld?qci=abc`)).status).toBe(503);
  expect((await fetch(`${sandbox.url}/ord?qci=abc`)).status).toBe(200);
  expect((await putFaults(sandbox, '[]')).status).toBe(204);
  expect((await fetch(`${sandbox.url}/ld?qci=abc`)).status).toBe(200);
});

test.each([
  ['what is not JSON', 400, 'not now', 'not JSON'],
  ['what is no list', 400, '{}', 'expected array'],
  ['an unknown action', 400, '[{"action": {"type": "explode"}}]', '[0].action.type'],
  ['an unknown setting', 400, '[{"kin": "lead", "action": {"type": "hang"}}]', 'kin'],
  ['a rate beyond 1', 400, '[{"rate": 2, "action": {"type": "hang"}}]', '[0].rate'],
  ['a pattern that is none', 400, '[{"clickId": "(", "action": {"type": "hang"}}]', '[0].clickId'],
  [
    'a header with a line break',
    400,
    '[{"action": {"type": "answer", "status": 503, "retryAfter": "1\\r\\nx: y"}}]',
    '[0].action.retryAfter',
  ],
  ['more than a megabyte', 413, ' '.repeat(1_100_000), 'bytes'],
])('PUT /sandbox/faults refuses %s and keeps the faults', async (_, status, body, reason) => {
  const sandbox = await sandboxForTest({ faults: [{ action: { type: 'answer', status: 500 } }] });
  const response = await putFaults(sandbox, body);
  expect(response.status).toBe(status);
  expect(await response.text()).toContain(reason);
  expect((await fetch(`${sandbox.url}/ld?qci=a`)).status).toBe(500);
});

test('another control path or method is answered 404 and what there is', async () => {
  const sandbox = await sandboxForTest();
  for (const [method, path] of [
    ['POST', '/sandbox/faults'],
    ['GET', '/sandbox/nothing'],
  ]) {
    const response = await fetch(`${sandbox.url}${path}`, { method: method ?? '' });
    expect(response.status).toBe(404);
    expect(await response.text()).toContain('PUT /sandbox/faults');
  }
  expect(sandbox.summary().requests).toBe(0);
});
