import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createTopics, produceEvents } from './ownEvents.ts';
import { openOwnRun, startRun } from './ownRun.ts';

const token = 'sesame-sesame-sesame';

test('a click of POST /clicks is found by a later sign-up and order, and no log line tells of it', async (context) => {
  const { platform, powerspace, folder, committed } = await openOwnRun(context);
  const file = join(folder, 'connector.yaml');
  const admin = 'listen: 127.0.0.1:0';
  const text = (await readFile(file, 'utf8')).replace(admin, `${admin}\n  token: \${CLICKS_TOKEN}`);
  await writeFile(file, `${text}log: {level: debug}\n`);
  await createTopics(platform);
  const running = await startRun(folder, [], { CLICKS_TOKEN: token });
  const post = (body: unknown, given = token) =>
    fetch(`${running.adminUrl}/clicks`, {
      method: 'POST',
      headers: { authorization: `Bearer ${given}` },
      body: JSON.stringify(body),
    });
  const click = {
    clickId: 'posted-click-1',
    user: ['1003', 'cart-77'],
    at: Date.now() - 7_200_000,
  };
  expect((await post(click, `${token}2`)).status).toBe(401);
  expect((await post({ ...click, user: '' })).status).toBe(400);
  expect((await post(click)).status).toBe(200);
  expect((await post([click, click])).status).toBe(200);

  const expected = await produceEvents(platform);
  await committed();
  running.signal('SIGTERM');
  const { exitCode, stderr } = await running.ended;
  expect(powerspace.lines.toSorted()).toEqual(
    [
      ...expected,
      'GET /ld?qci=posted-click-1 HTTP/1.1',
      'GET /ord?qci=posted-click-1&ov=9.99 HTTP/1.1',
    ].toSorted(),
  );
  expect(exitCode).toBe(0);
  expect(stderr).not.toMatch(/posted-click-1|cart-77|sesame/);
});
