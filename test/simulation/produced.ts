import { conversionsOf, type EventPlan, topics } from './events.ts';

/** Where a record is. */
export interface Place {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** A record that was produced, and what the connector has said of how it, or its conversions, ended. */
export interface ProducedRecord extends Place {
  readonly plan: EventPlan;
  /** In the order in which they were written, and in the order of their Kafka timestamps. */
  readonly number: number;
  /** By kind: of a record that nothing was made of, by undefined. */
  readonly outcomes: Map<string | undefined, string>;
}

/** Whether every conversion of a record has its outcome, or the record itself. */
export function isSettled({ plan, outcomes }: ProducedRecord): boolean {
  const isWhole = outcomes.has(undefined) || outcomes.has('click');
  const kinds = conversionsOf(plan).map((conversion) => conversion.split(' ')[0]);
  return isWhole || (kinds.length > 0 && kinds.every((kind) => outcomes.has(kind)));
}

/** The full set of what was produced: what an observer compares with. */
export class ProducedRecords {
  readonly #byPartition = new Map<string, ProducedRecord[]>();
  #count = 0;

  add(place: Place, plan: EventPlan): void {
    const partition = `${place.topic}/${place.partition}`;
    const records = this.#byPartition.get(partition) ?? [];
    records.push({ ...place, plan, number: this.#count, outcomes: new Map() });
    this.#count += 1;
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
    return records?.find((record) => !isSettled(record));
  }

  /** Whether what was written before this record tells the click of its person. */
  isClickKnownTo({ plan, number }: ProducedRecord): boolean {
    if (plan.oddity !== 'none') return false;
    if (plan.knownBy === 'click') return true;
    const earlier = this.all.filter(
      (other) =>
        other.number < number &&
        topics.indexOf(other.plan.topic) < topics.indexOf(plan.topic) &&
        other.plan.oddity === 'none' &&
        other.plan.user === plan.user,
    );
    const isVisitorKnown = plan.topic === 'accounts' || plan.knownBy === 'visitor';
    return earlier.some((other) => {
      const isLanding = other.plan.topic === 'landings';
      if (isVisitorKnown) return isLanding || other.plan.knownBy === 'click';
      return !isLanding && this.isClickKnownTo(other);
    });
  }

  /** The records that report a conversion. */
  ofConversion(conversion: string): readonly ProducedRecord[] {
    return this.all.filter(({ plan }) => conversionsOf(plan).includes(conversion));
  }
}

/** A place in words: `orders/0/12`. */
export function nameOf({ topic, partition, offset }: Place): string {
  return `${topic}/${partition}/${offset}`;
}
