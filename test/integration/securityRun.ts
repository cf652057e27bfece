import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { TestContext } from 'vitest';
import { folderWith } from '../cli/commandLine.ts';
import { client } from '../tokenIssuer.ts';
import { brokerUser } from './secureBroker.ts';

/** The one topic that is read. */
export const topic = 'accounts';
const schema = {
  ...{ type: 'record', name: 'UserSignedUp' },
  fields: ['userId', 'clickId'].map((name) => ({ name, type: 'string' })),
};
/** A sign-up, in Avro's binary encoding of two short texts. */
export function encode(...texts: readonly string[]): Buffer {
  return Buffer.concat(
    texts.flatMap((text) => [Buffer.from([text.length * 2]), Buffer.from(text)]),
  );
}

/** A folder with a configuration (JSON is YAML) that takes its secrets from files. */
export async function configure(settings: object, powerspaceUrl: string): Promise<string> {
  const secrets = new Map([
    [brokerUser.password, `\${file:kafka-password}`],
    [client.secret, `\${file:client-secret}`],
  ]);
  const configuration = {
    kafka: settings,
    powerspace: { url: powerspaceUrl },
    admin: { listen: '127.0.0.1:0', token: `\${file:admin-token}` },
    log: { level: 'debug' },
    mappings: [
      {
        ...{ topic, event: 'UserSignedUp', record: 'lead', format: 'bare' },
        ...{ schema: 'UserSignedUp.avsc', click: 'clickId', id: 'userId' },
      },
    ],
  };
  const text = JSON.stringify(configuration, (_, value) => secrets.get(value) ?? value, 2);
  return folderWith({
    'connector.yaml': text,
    'UserSignedUp.avsc': JSON.stringify(schema),
    'kafka-password': `${brokerUser.password}\n`,
    'client-secret': `${client.secret}\n`,
    'admin-token': 'qZ7canary-admin-token\n',
  });
}

/** Takes what OpenTelemetry exports; its texts stand as they are in the bytes. */
export async function recordBodies(context: TestContext) {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    void buffer(request).then((body) => {
      bodies.push(body.toString('latin1'));
      response.end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.onTestFinished(async () => {
    server.closeAllConnections();
    await server[Symbol.asyncDispose]();
  });
  return { bodies, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}
