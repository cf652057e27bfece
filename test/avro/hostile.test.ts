import { describe, expect, test } from 'vitest';
import { UndecodableError } from '../../src/avro/errors.ts';
import { avro, compileReader, encode, long, record } from './schemas.ts';

/** Readers of a record with this one field: that skips it, and that reads it. */
function readersOf(type: unknown) {
  const schema = avro(record('Event', { field: type }));
  return [compileReader(schema, []), compileReader(schema, ['field'])];
}

function expectUndecodable(type: unknown, bytes: Buffer) {
  for (const reader of readersOf(type)) {
    expect(() => reader.read(bytes)).toThrow(UndecodableError);
  }
}

const array = (items: unknown) => ({ type: 'array', items });
const map = (values: unknown) => ({ type: 'map', values });

describe('hostile bytes', () => {
  test.each([array('int'), map('int'), array('string'), array('null')])(
    'a block size that leads backwards does not loop: %j',
    (type) => {
      expectUndecodable(type, Buffer.from('010300', 'hex'));
    },
  );

  test.each([array('int'), map('null'), array(record('Item', { name: 'string' }))])(
    'a count of 4 billion items asks for no memory: %j',
    (type) => {
      expectUndecodable(type, long(4_000_000_000));
      expectUndecodable(type, Buffer.concat([long(-4_000_000_000), long(0)]));
    },
  );

  test.each([2n ** 53n, -(2n ** 63n), 2n ** 63n - 1n])(
    'a count of %d items is refused',
    (count) => {
      expectUndecodable(array('int'), Buffer.concat([long(count), long(0)]));
      expectUndecodable(array('null'), Buffer.concat([long(count), long(0)]));
      expectUndecodable(map('int'), Buffer.concat([long(count), long(0)]));
    },
  );

  test('a block size past the end is refused', () => {
    expectUndecodable(array('int'), Buffer.concat([long(-1), long(1000), long(7), long(0)]));
  });

  test.each([
    'null',
    { type: 'fixed', name: 'Nothing', size: 0 },
    record('Empty', { nothing: 'null', empty: record('Within', {}) }),
  ])('items that take no bytes are read, and skipped, up to a limit: %j', (items) => {
    const [skips, reads] = readersOf(array(items));
    const few = Buffer.concat([long(3), long(2), long(0)]);
    expect(skips?.read(few)).toEqual([]);
    expect(reads?.read(few)[0]).toHaveLength(5);
    const many = Buffer.concat([long(10 ** 12), long(0)]);
    expectUndecodable(array(items), many);
    expect(() => reads?.read(many)).toThrow('1000000000000 items in 1 bytes');
    const inBlocks = Buffer.concat([...Array(200).fill(long(600)), long(0)]);
    expect(() => reads?.read(inBlocks)).toThrow('more than 50000 values');
    expect(skips?.read(inBlocks)).toEqual([]);
  });

  test('decimals of many digits count as the many values that take as long', () => {
    const decimals = array({ type: 'bytes', logicalType: 'decimal', precision: 600 });
    const [skips, reads] = readersOf(decimals);
    const one = Buffer.concat([long(256), Buffer.alloc(256, 0x7f)]);
    const few = Buffer.concat([long(1_000), ...Array(1_000).fill(one), long(0)]);
    expect(reads?.read(few)[0]).toHaveLength(1_000);
    const many = Buffer.concat([long(2_000), ...Array(2_000).fill(one), long(0)]);
    expect(() => reads?.read(many)).toThrow('more than 50000 values');
    expect(skips?.read(many)).toEqual([]);
  });

  test('blocks that say their size are read, and skipped by it', () => {
    const items = Buffer.concat([long(1), long(300)]);
    const blocks = Buffer.concat([long(-2), long(items.length), items, long(1), long(5), long(0)]);
    const [skips, reads] = readersOf(array('int'));
    expect(skips?.read(blocks)).toEqual([]);
    expect(reads?.read(blocks)).toEqual([[1, 300, 5]]);
  });

  test('a map key sets no prototype', () => {
    const schema = record('Event', { field: map(map('int')) });
    const entry = Object.fromEntries([
      ['__proto__', { admin: 1 }],
      ['constructor', {}],
    ]);
    const bytes = encode(schema, { field: entry });
    const [value] = compileReader(avro(schema), ['field']).read(bytes);
    const read = value as Record<string, unknown>;
    expect(Object.getPrototypeOf(read)).toBeNull();
    expect(Object.keys(read)).toEqual(['__proto__', 'constructor']);
    expect('admin' in read).toBe(false);
  });

  test.each([
    ['a long of 70 bits', 'long', Buffer.from('ffffffffffffffffff02', 'hex')],
    ['a long that never ends', 'long', Buffer.alloc(30, 0xff)],
    ['a text that is no UTF-8', 'string', Buffer.from('04c328', 'hex')],
    ['a symbol that is not there', { type: 'enum', name: 'E', symbols: ['A'] }, long(1)],
  ])('%s is refused where it is asked for', (_, type, bytes) => {
    const [, reads] = readersOf(type);
    expect(() => reads?.read(bytes)).toThrow(UndecodableError);
  });

  test('a text may hold the replacement character itself', () => {
    const [, reads] = readersOf('string');
    expect(reads?.read(Buffer.from('06efbfbd', 'hex'))).toEqual(['\ufffd']);
  });

  test.each([
    ['a branch that is not there', ['null', 'int'], long(2)],
    ['a branch below 0', ['null', 'int'], long(-1)],
    ['a branch of 2^60', ['null', 'int'], long(2n ** 60n)],
    ['a text of negative length', 'string', long(-1)],
    ['bytes of negative length', 'bytes', long(-5)],
    ['a text longer than the rest', 'string', Buffer.concat([long(3), Buffer.from('ab')])],
    ['a length of 2^60', 'bytes', long(2n ** 60n)],
  ])('%s is refused', (_, type, bytes) => {
    expectUndecodable(type, bytes);
  });

  test('the message says what is wrong with which bytes', () => {
    const [, reads] = readersOf(['null', 'int']);
    expect(() => reads?.read(long(2))).toThrow(
      '1 bytes that are no Event: branch or symbol 2 of 2',
    );
    expect(() => reads?.read(Buffer.from([0, 0, 0]))).toThrow(
      '3 bytes that are no Event: 2 bytes are left over',
    );
  });

  test('nothings within nothings are not counted out', () => {
    // Each inner array is fifty thousand nulls in five bytes; all of them would take hours.
    const inner = Buffer.concat([long(49_999), long(0)]);
    const bytes = Buffer.concat([long(50_000), ...Array(50_000).fill(inner), long(0)]);
    const schema = avro(record('Event', { field: array(array('null')) }));
    for (const path of [
      'field',
      'field[*]',
      'field[*][*]',
      'field[*][0]',
      'field[7][3]',
      'field[7]',
    ]) {
      const reader = compileReader(schema, [path]);
      if (path.startsWith('field[7]')) expect(() => reader.read(bytes)).not.toThrow();
      else expect(() => reader.read(bytes), path).toThrow('more than 50000 values');
    }
    expect(compileReader(schema, []).read(bytes)).toEqual([]);
  });

  test('a branch of many nothings is skipped at once, and read to a limit', () => {
    const fields = Object.fromEntries(
      Array.from({ length: 500 }, (_, index) => [`f${index}`, 'null']),
    );
    const schema = avro(record('Event', { field: array(['null', record('Nothings', fields)]) }));
    const bytes = Buffer.concat([long(100_000), Buffer.alloc(100_000, 2), long(0)]);
    expect(() => compileReader(schema, ['field']).read(bytes)).toThrow('more than 50000 values');
    expect(compileReader(schema, ['field[5].f7']).read(bytes)).toEqual([null]);
    expect(compileReader(schema, []).read(bytes)).toEqual([]);
  });

  test.each([510, 100_000])('records %d levels within each other are undecodable', (levels) => {
    const schema = avro(record('Node', { parent: ['null', 'Node'] }));
    const bytes = Buffer.concat([Buffer.alloc(levels, 2), Buffer.from([0])]);
    for (const path of ['parent', 'parent.parent']) {
      expect(() => compileReader(schema, [path]).read(bytes)).toThrow('more than 500 levels');
    }
    expect(() => compileReader(schema, []).read(bytes)).toThrow('more than 500 levels');
  });

  test('a block of another size than it says is undecodable where it is read', () => {
    const [, reads] = readersOf(array('int'));
    const block = (size: number) =>
      Buffer.concat([long(-1), long(size), long(7), long(0), long(0)]);
    expect(reads?.read(block(1).subarray(0, -1))).toEqual([[7]]);
    expect(() => reads?.read(block(2))).toThrow('a block of another size than it says');
  });

  test.each([
    ['an int of 33 bits', 'int', long(2 ** 32)],
    ['an int of six bytes', 'int', Buffer.from('808080808000', 'hex')],
    ['a boolean of 2', 'boolean', Buffer.from([2])],
  ])('%s is refused where it is asked for', (_, type, bytes) => {
    const [, reads] = readersOf(type);
    expect(() => reads?.read(bytes)).toThrow(UndecodableError);
  });

  test('records within each other without end are undecodable, not the end of the process', () => {
    const node = record('Node', { parent: ['null', 'Node'], name: 'string' });
    const bytes = Buffer.alloc(1_000_000, 2);
    for (const paths of [['name'], ['parent'], ['parent.name']]) {
      expect(() => compileReader(avro(node), paths).read(bytes)).toThrow(UndecodableError);
    }
  });
});
