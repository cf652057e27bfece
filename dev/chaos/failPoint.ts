import { subscribe } from 'node:diagnostics_channel';
import { type Step, stepChannel } from '../../src/steps.ts';
import { type FailPoint, failPointVariable } from './failPoints.ts';

// Loaded into the connector before its own program (node --import). Told a point of the way of a record, the
// process ends there by SIGKILL, as if it had been pulled out of the machine. Whoever only names points imports
// failPoints.ts: this module changes the process that loads it.

/** What undici tells of each request: its headers are on the wire, its answer's headers are here. */
const wireChannels = {
  'undici:client:sendHeaders': 'request-written',
  'undici:request:headers': 'answer-read',
} as const;

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
