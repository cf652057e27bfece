import type { NativeBroker } from '../native/kafka.ts';
import type { Dice } from '../shop/dice.ts';
import type { FaultLog } from './faultLog.ts';
import type { ChaosPlatform } from './platform.ts';
import type { Receiver } from './receiver.ts';
import type { Replicas } from './replicas.ts';
import type { ChaosStore } from './store.ts';
import type { StrangerGroup } from './strangerGroup.ts';
import type { WallClock } from './wallClock.ts';

/** What faults act on. */
export interface World {
  readonly connectors: Replicas;
  readonly broker: NativeBroker;
  readonly receiver: Receiver;
  /** What stands between the connector and each part. */
  readonly proxies: ChaosPlatform['proxies'];
  readonly store: ChaosStore;
  readonly strangers: StrangerGroup;
  /** The connector's; undefined where it can't be set apart from the machine's. */
  readonly wallClock: WallClock | undefined;
  readonly log: FaultLog;
}

/** A fault that is ready to strike; it resolves when it is over. */
export type Injection = (world: World) => Promise<void>;

/** How often a fault is drawn, of all weights together, and how: all chance is drawn before it strikes. */
export interface FaultKind {
  readonly weight: number;
  readonly draw: (dice: Dice) => Injection;
}
