import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, type TestContext } from 'vitest';
import { z } from 'zod';
import { type FaultyProxy, startProxy } from '../../dev/chaos/proxy.ts';
import { toError } from '../../src/errors.ts';
import { folderWith, type RunningCommand } from '../cli/commandLine.ts';
import { ownConfiguration } from './ownConfiguration.ts';
import { ownTopics } from './ownEvents.ts';
import { openOwnPlatform, recordRequests } from './ownPlatform.ts';
import { logLines } from './ownRun.ts';
import { until } from './until.ts';

/** Where the connector finds Kafka; by default it is the shared broker, with nothing between. */
interface Broker {
  readonly brokers: readonly string[];
  readonly proxy?: FaultyProxy;
  readonly password?: string;
}

/** The platform, with a proxy before its registry, and a folder with the configuration for them. */
export async function openOutageRun(context: TestContext, broker?: Broker) {
  const platform = await openOwnPlatform(context, broker);
  const registry = await proxyTo(context, platform.registryUrl);
  const powerspace = await recordRequests(context);
  const registryUrl = new URL(platform.registryUrl);
  registryUrl.host = `127.0.0.1:${registry.port}`;
  const brokers = broker?.proxy ? [`127.0.0.1:${broker.proxy.port}`] : platform.brokers;
  const text = ownConfiguration(
    { ...platform, brokers, registryUrl: registryUrl.href },
    powerspace.url,
  );
  const login = broker?.proxy
    ? `\n  sasl: {mechanism: plain, username: connector, password: ${broker.password ?? 'right'}}`
    : '';
  const kafka = `kafka:\n  sessionTimeout: 6s\n  connectTimeout: 1s${login}`;
  const configuration = text.replace('kafka:', kafka).replace('sqlite:', 'sqlite:data/');
  const folder = await folderWith({ 'connector.yaml': configuration });
  await mkdir(join(folder, 'data'));
  const behind = async () => {
    const partitions = await platform.offsets(Object.values(ownTopics(platform.prefix)));
    return partitions.reduce((sum, { committed, end }) => sum + end - committed, 0);
  };
  return {
    ...{ platform, registry, powerspace, folder },
    uncommitted: behind,
    /** A broker that has just started does not know at once who coordinates a group. */
    committed: () =>
      until(
        () => behind().catch(toError),
        (records) => records === 0,
      ),
  };
}

/** Stands before a part of this machine. */
async function proxyTo(context: TestContext, url: string): Promise<FaultyProxy> {
  const proxy = await startProxy();
  context.onTestFinished(proxy.close);
  proxy.leadTo(Number(new URL(url).port));
  return proxy;
}

/** Where the admin server of a process is, once it says that it connects. */
export function connectingAt(running: RunningCommand): Promise<string> {
  return adminUrlIn(running, 'connecting');
}

/** The same, once it says that it reads. */
export function readingAt(running: RunningCommand): Promise<string> {
  return adminUrlIn(running, 'reading');
}

async function adminUrlIn(running: RunningCommand, message: string): Promise<string> {
  const told = z.object({ msg: z.literal(message), admin: z.url() });
  const find = () => logLines(running.written.stderr).find((line) => told.safeParse(line).success);
  const found = await Promise.race([
    until(find, (line) => line !== undefined),
    running.ended.then(({ stderr }) => Promise.reject(new Error(`it has ended: ${stderr}`))),
  ]);
  return told.parse(found).admin;
}

const readiness = z.object({ problems: z.array(z.string()).default([]) });

/** Waits until exactly these problems keep the connector from being ready: each contains its text. */
export async function problemsAre(adminUrl: string, texts: readonly string[]): Promise<void> {
  const ask = async () => {
    const response = await fetch(`${adminUrl}/health/ready`);
    const { problems } = readiness.parse(await response.json());
    expect(response.status).toBe(problems.length === 0 ? 200 : 503);
    return problems;
  };
  await until(
    ask,
    (problems) =>
      problems.length === texts.length &&
      texts.every((text) => problems.some((problem) => problem.includes(text))),
  );
}
