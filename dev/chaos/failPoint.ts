import { subscribe } from 'node:diagnostics_channel';
import { type Step, stepChannel } from '../../src/steps.ts';

// Loaded into the connector before its own program (node --import). Told a point of the way of a record, the
// process ends there by SIGKILL, as if it had been pulled out of the machine.

/** Where a connector can be made to end: after a step, or after the request or its answer went over the wire. */
export type FailPoint = Step | 'request-written' | 'answer-read';

/** All of them, in the order in which a record meets them. */
export const failPoints = [
  ...(['decoded', 'joined', 'claimed', 'request-written'] as const),
  ...(['answer-read', 'recorded', 'committed'] as const),
] as const satisfies readonly FailPoint[];

/** What undici tells of each request: its headers are on the wire, its answer's headers are here. */
const wireChannels = {
  'undici:client:sendHeaders': 'request-written',
  'undici:request:headers': 'answer-read',
} as const;

/** The variable that names the point. */
export const failPointVariable = 'FAIL_POINT';

let armed: unknown = process.env[failPointVariable];

function reach(point: FailPoint): void {
  if (point === armed) process.kill(process.pid, 'SIGKILL');
}

subscribe(stepChannel, (message) => reach((message as { step: Step }).step));
for (const [channel, point] of Object.entries(wireChannels)) {
  subscribe(channel, (message) => {
    if (isPostback(message as { request: { path: string } })) reach(point);
  });
}
process.on('message', (point) => {
  armed = point;
});
process.channel?.unref();

/** The registry is asked over undici too. */
function isPostback({ request }: { readonly request: { readonly path: string } }): boolean {
  return /^\/(ld|ord)\?/.test(request.path);
}
