import type { Delivery } from './delivery.ts';

/**
 * The deliveries that wait to be sent: in order for each click (its lane), while different clicks overtake
 * each other. Only the first of a lane is ever ready.
 */
export class Lanes {
  readonly #lanes = new Map<string, Delivery[]>();
  #ready: Delivery[] = [];

  /** Queues deliveries, those of one click in the order of their events. */
  add(deliveries: readonly Delivery[]): void {
    for (const delivery of deliveries.toSorted((one, other) => one.at - other.at)) {
      const { clickId } = delivery.postback;
      const lane = this.#lanes.get(clickId);
      if (lane) {
        lane.splice(placeIn(lane, delivery), 0, delivery);
      } else {
        this.#lanes.set(clickId, [delivery]);
        this.#ready.push(delivery);
      }
    }
  }

  /** The next that may be sent. */
  first(): Delivery | undefined {
    return this.#ready[0];
  }

  /** Takes that one. It stays first in the lane of its click until `finish`. */
  take(): void {
    this.#ready.shift();
  }

  /** Takes the first of those that are ready and that this holds for. */
  takeFirst(holds: (delivery: Delivery) => boolean): Delivery | undefined {
    const index = this.#ready.findIndex(holds);
    return index === -1 ? undefined : this.#ready.splice(index, 1)[0];
  }

  /** Takes those that wait behind another of their click, and that this holds for. */
  takeBehind(holds: (delivery: Delivery) => boolean): readonly Delivery[] {
    const isBehind = (delivery: Delivery, place: number) => place > 0 && holds(delivery);
    const taken = [...this.#lanes.values()].flatMap((lane) => lane.filter(isBehind));
    for (const [clickId, lane] of this.#lanes) {
      this.#lanes.set(
        clickId,
        lane.filter((delivery, place) => !isBehind(delivery, place)),
      );
    }
    return taken;
  }

  /** It is to be sent again. */
  retry(delivery: Delivery): void {
    this.#ready.push(delivery);
  }

  /** It has its outcome; the next of its click is ready. */
  finish(delivery: Delivery): void {
    const { clickId } = delivery.postback;
    const lane = this.#lanes.get(clickId);
    lane?.shift();
    const next = lane?.[0];
    if (next) this.#ready.push(next);
    else this.#lanes.delete(clickId);
  }

  /** Everything that waits, and forgets it. */
  clear(): readonly Delivery[] {
    const waiting = [...this.#lanes.values()].flat();
    this.#lanes.clear();
    this.#ready = [];
    return waiting;
  }
}

/** Behind all that happened before it; the first of a lane may be under way already. */
function placeIn(lane: readonly Delivery[], { at }: Delivery): number {
  const later = lane.findIndex((other, index) => index > 0 && other.at > at);
  return later === -1 ? lane.length : later;
}
