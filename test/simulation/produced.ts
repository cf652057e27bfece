import { conversionOf, type EventPlan } from './events.ts';

/** Where a record is. */
export interface Place {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** A record that was produced, and what the connector has said of how it ended. */
export interface ProducedRecord extends Place {
  readonly plan: EventPlan;
  outcome: string | undefined;
}

/** The full set of what was produced: what an observer compares with. */
export class ProducedRecords {
  readonly #byPartition = new Map<string, ProducedRecord[]>();

  add(place: Place, plan: EventPlan): void {
    const partition = `${place.topic}/${place.partition}`;
    const records = this.#byPartition.get(partition) ?? [];
    records.push({ ...place, plan, outcome: undefined });
    this.#byPartition.set(partition, records);
  }

  get all(): readonly ProducedRecord[] {
    return [...this.#byPartition.values()].flat();
  }

  /** The record at a place. */
  at({ topic, partition, offset }: Place): ProducedRecord {
    const records = this.#byPartition.get(`${topic}/${partition}`) ?? [];
    const found = records.find((record) => record.offset === offset);
    if (!found) throw new Error(`no record ${topic}/${partition}/${offset}`);
    return found;
  }

  /** The first record of a partition that has no outcome. */
  firstOpen(topic: string, partition: number): ProducedRecord | undefined {
    const records = this.#byPartition.get(`${topic}/${partition}`);
    return records?.find(({ outcome }) => outcome === undefined);
  }

  /** The records that report a conversion. */
  ofConversion(conversion: string): readonly ProducedRecord[] {
    return this.all.filter(({ plan }) => conversionOf(plan) === conversion);
  }
}

/** A place in words: `orders/0/12`. */
export function nameOf({ topic, partition, offset }: Place): string {
  return `${topic}/${partition}/${offset}`;
}
