import { Big } from 'big.js';
import { Instant } from '../../src/avro/instant.ts';

/** A source of choices that gives the same ones for the same seed (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0, below 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)] as Item;
  }

  times<Item>(limit: number, make: (index: number) => Item): Item[] {
    return Array.from({ length: this.below(limit) }, (_, index) => make(index));
  }

  bits(count: number): bigint {
    let bits = 0n;
    for (let bit = 0; bit < count; bit += 1) bits = (bits << 1n) | BigInt(this.below(2));
    return bits;
  }
}

/** A schema, a value to encode with it, and what reading the bytes must give. */
export interface Sample {
  readonly schema: unknown;
  readonly value: unknown;
  readonly expected: unknown;
}

/** Makes samples with names that are used once each. */
export class Samples {
  readonly #random: Random;
  #names = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  record(depth: number, fieldCount: number): Sample & { readonly names: readonly string[] } {
    const fields = Array.from({ length: fieldCount }, (_, index) => ({
      name: `field${index}`,
      sample: this.any(depth),
    }));
    const object = (part: 'value' | 'expected') =>
      Object.fromEntries(fields.map(({ name, sample }) => [name, sample[part]]));
    return {
      schema: {
        type: 'record',
        name: this.#name('Record'),
        fields: fields.map(({ name, sample }) => ({ name, type: sample.schema })),
      },
      value: object('value'),
      expected: object('expected'),
      names: fields.map(({ name }) => name),
    };
  }

  any(depth: number): Sample {
    const simple = [
      () => same('null', null),
      () => same('boolean', this.#random.below(2) === 1),
      () => same('int', Number(BigInt.asIntN(32, this.#random.bits(this.#random.below(33))))),
      () => this.#long(),
      () => this.#float(),
      () => same('double', (this.#random.next() - 0.5) * 10 ** this.#random.below(300)),
      () => same('string', this.#text()),
      () => same('bytes', this.#bytes(this.#random.below(20))),
      () => this.#fixed(),
      () => this.#enum(),
      () => this.#decimal(),
      () => this.#timestamp(),
    ];
    const nested = [
      () => this.record(depth - 1, this.#random.below(5)),
      () => this.#array(depth - 1),
      () => this.#map(depth - 1),
      () => this.#union(depth - 1),
    ];
    return this.#random.pick(depth > 0 ? [...simple, ...nested, ...nested] : simple)();
  }

  /** Of at most six digits, as a float keeps them. */
  #float(): Sample {
    const expected = Number(((this.#random.next() - 0.5) * 1e6).toPrecision(6));
    return { schema: 'float', value: Math.fround(expected), expected };
  }

  #long(): Sample {
    const value = BigInt.asIntN(64, this.#random.bits(this.#random.below(65)));
    const isSafe = BigInt(Number(value)) === value && Number.isSafeInteger(Number(value));
    return { schema: 'long', value, expected: isSafe ? Number(value) : value };
  }

  #fixed(): Sample {
    const size = this.#random.below(9);
    return same({ type: 'fixed', name: this.#name('Fixed'), size }, this.#bytes(size));
  }

  #enum(): Sample {
    const symbols = ['A', 'B', 'C'];
    return same({ type: 'enum', name: this.#name('Enum'), symbols }, this.#random.pick(symbols));
  }

  #decimal(): Sample {
    const scale = this.#random.below(10);
    const unscaled = BigInt.asIntN(100, this.#random.bits(this.#random.below(101)));
    const base = this.#random.pick([
      { type: 'bytes' },
      { type: 'fixed', name: this.#name('Decimal'), size: 13 },
    ]);
    return same(
      { ...base, logicalType: 'decimal', precision: 31, scale },
      new Big(`${unscaled}e-${scale}`),
    );
  }

  #timestamp(): Sample {
    const unit = this.#random.pick(['millis', 'micros', 'nanos']);
    const kind = this.#random.pick(['timestamp', 'local-timestamp']);
    return same(
      { type: 'long', logicalType: `${kind}-${unit}` },
      new Instant(Math.floor((this.#random.next() - 0.2) * 1e13)),
    );
  }

  /** Items are copies of one sample's value: an array has one type. */
  #array(depth: number): Sample {
    const item = this.any(depth);
    const count = this.#random.below(4);
    return {
      schema: { type: 'array', items: item.schema },
      value: Array(count).fill(item.value),
      expected: Array(count).fill(item.expected),
    };
  }

  #map(depth: number): Sample {
    const item = this.any(depth);
    const keys = this.#random.times(4, (index) => `${index}${this.#text()}`);
    return {
      schema: { type: 'map', values: item.schema },
      value: Object.fromEntries(keys.map((key) => [key, item.value])),
      expected: Object.fromEntries(keys.map((key) => [key, item.expected])),
    };
  }

  /** Two records beside null, so that the encoder wants the branch's name. */
  #union(depth: number): Sample {
    const one = this.record(depth, 2);
    const other = this.record(depth, 2);
    const chosen = this.#random.pick([one, other, undefined]);
    return {
      schema: ['null', one.schema, other.schema],
      value: chosen ? { [(chosen.schema as { name: string }).name]: chosen.value } : null,
      expected: chosen ? chosen.expected : null,
    };
  }

  #text(): string {
    const letters = ['a', 'Z', '0', ' ', 'é', '€', '😀', '\0', '"', '�'];
    return this.#random.times(40, () => this.#random.pick(letters)).join('');
  }

  #bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.#random.below(256)));
  }

  #name(kind: string): string {
    this.#names += 1;
    return `${kind}${this.#names}`;
  }
}

function same(schema: unknown, value: unknown): Sample {
  return { schema, value, expected: value };
}
