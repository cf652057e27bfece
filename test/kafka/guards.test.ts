import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { installKafkajsGuards } from '../../src/kafka/guards.ts';

const require = createRequire(import.meta.url);
const Encoder = require('kafkajs/src/protocol/encoder');
const Decoder = require('kafkajs/src/protocol/decoder');
const Long = require('kafkajs/src/utils/long');

installKafkajsGuards();

test('numbers of any length are read as kafkajs wrote them, and what follows them too', () => {
  const powers = Array.from({ length: 63 }, (_, bits) => 2n ** BigInt(bits));
  const numbers = powers.flatMap((power) => [power - 1n, power, -power, -power - 1n, power + 1n]);
  for (const number of numbers) {
    const buffer = new Encoder().writeVarLong(Long.fromValue(number)).writeInt8(42).buffer;
    const decoder = new Decoder(buffer);
    expect([decoder.readVarLong().toString(), decoder.readInt8()]).toEqual([String(number), 42]);
  }
});
