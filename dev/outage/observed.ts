import { Supervisor } from '../chaos/connector.ts';
import { OffsetWatcher } from '../chaos/offsetWatcher.ts';
import type { ChaosPlatform } from '../chaos/platform.ts';
import { ProcessSampler } from '../chaos/processSampler.ts';
import { PersistentProducer } from '../chaos/producer.ts';
import { OutageLoad } from './load.ts';
import { MemberWatcher } from './memberWatcher.ts';
import { collecting } from './memory.ts';

/** The connector, what is produced for it, and who looks on. */
export type Observed = ReturnType<typeof startObserved>;

/** Starts them; how to end them goes into `opened`. */
export function startObserved(
  { kafka, shop, group, configFile }: ChaosPlatform,
  { program, folder }: { readonly program: string; readonly folder: string },
  opened: AsyncDisposableStack,
) {
  const topics = Object.values(shop.topics);
  const producer = new PersistentProducer(kafka, shop);
  opened.defer(() => producer.close());
  const offsets = new OffsetWatcher(kafka, group, topics);
  opened.defer(() => offsets.close());
  const members = new MemberWatcher(kafka, group);
  opened.defer(() => members.close());
  const connector = new Supervisor({
    ...{ program, configFile, name: 'connector' },
    logFolder: folder,
    environment: collecting,
  });
  opened.defer(async () => connector.abandon());
  const memory = new ProcessSampler(() => [connector.processId ?? []].flat());
  return { topics, producer, offsets, members, connector, memory, load: new OutageLoad(producer) };
}
