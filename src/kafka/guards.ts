import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import { gzip, unzip, zstdCompress, zstdDecompress } from 'node:zlib';
import kafkajs from 'kafkajs';
import SnappyCodec from 'kafkajs-snappy';
import { compressFrame, decompressFrame } from 'lz4-napi';

const { CompressionCodecs, CompressionTypes } = kafkajs;
const require = createRequire(import.meta.url);

/**
 * What a batch may grow to. Brokers take 1 MB compressed, which zstd could blow up without end and gzip to 1 GB;
 * LZ4 reaches 255 MB and Snappy 21 MB. A batch beyond it is not read: its partition stands still, and the log
 * says why.
 */
const maxOutputLength = 128 * 1024 * 1024;

/**
 * kafkajs 2.2.4 is no longer maintained; what would stop or burden the connector is mended here. A codec that isn't
 * registered ends its consumer, so each that Kafka has is registered.
 */
export function installKafkajsGuards(): void {
  CompressionCodecs[CompressionTypes.GZIP] = () => ({
    compress: ({ buffer }: { buffer: Buffer }) => promisify(gzip)(buffer),
    decompress: (buffer: Buffer) => promisify(unzip)(buffer, { maxOutputLength }),
  });
  CompressionCodecs[CompressionTypes.Snappy] = SnappyCodec;
  CompressionCodecs[CompressionTypes.LZ4] = () => ({
    compress: ({ buffer }: { buffer: Buffer }) => compressFrame(buffer),
    decompress: (buffer: Buffer) => decompressFrame(buffer),
  });
  CompressionCodecs[CompressionTypes.ZSTD] = () => ({
    compress: ({ buffer }: { buffer: Buffer }) => promisify(zstdCompress)(buffer),
    decompress: (buffer: Buffer) => promisify(zstdDecompress)(buffer, { maxOutputLength }),
  });
  checkRequestsOnlyWhenPending();
  keepOffsetsOutOfRange();
  tellBeforeLeaving();
  readShortNumbersFast();
}

interface RequestQueue {
  readonly pending: readonly unknown[];
  scheduleCheckPendingRequests(): void;
}

const requestQueue: RequestQueue = require('kafkajs/src/network/requestQueue').prototype;
const scheduleCheck = requestQueue.scheduleCheckPendingRequests;

/**
 * kafkajs looks for pending requests about a thousand times a second for as long as it lives, with a timer
 * whose negative delay Node 24 and later warn about (tulios/kafkajs#1556, #1751).
 */
function checkRequestsOnlyWhenPending(): void {
  requestQueue.scheduleCheckPendingRequests = function scheduleWhenPending() {
    if (this.pending.length > 0) scheduleCheck.call(this);
  };
}

interface OffsetManager {
  readonly cluster: {
    fetchTopicsOffset(
      topics: readonly {
        readonly topic: string;
        readonly partitions: readonly { readonly partition: number }[];
        readonly fromBeginning: boolean;
      }[],
    ): Promise<readonly { readonly partitions: readonly { readonly offset: string }[] }[]>;
  };
  readonly resolvedOffsets: Record<string, Record<number, string>>;
  setDefaultOffset(place: { readonly topic: string; readonly partition: number }): Promise<void>;
}

const offsetManager: OffsetManager =
  require('kafkajs/src/consumer/offsetManager/index.js').prototype;

/**
 * Where the log does not have the next offset any more, kafkajs commits "from the beginning" in its place, so that
 * nobody can tell any more how far the group had come. Here it only reads from the beginning.
 */
function keepOffsetsOutOfRange(): void {
  offsetManager.setDefaultOffset = async function readFromBeginning({ topic, partition }) {
    const wanted = { topic, partitions: [{ partition }], fromBeginning: true };
    const [found] = await this.cluster.fetchTopicsOffset([wanted]);
    const offset = found?.partitions[0]?.offset;
    const resolved = this.resolvedOffsets[topic];
    if (resolved && offset !== undefined) resolved[partition] = offset;
  };
}

interface ConsumerGroup {
  readonly instrumentationEmitter: { emit(name: string): void };
  leave(): Promise<void>;
}

const consumerGroup: ConsumerGroup = require('kafkajs/src/consumer/consumerGroup.js').prototype;
const { leave } = consumerGroup;

/** A consumer that crashes tells that it has left once the group has answered, and by then others may have its partitions. */
function tellBeforeLeaving(): void {
  consumerGroup.leave = async function leaveOnceTold() {
    this.instrumentationEmitter.emit('consumer.stop');
    await leave.call(this);
  };
}

interface Decoder {
  readonly buffer: Buffer;
  offset: number;
  readVarLong(): unknown;
}

const decoder: Decoder = require('kafkajs/src/protocol/decoder').prototype;
const Long: { fromInt(value: number): unknown } = require('kafkajs/src/utils/long');
const { readVarLong } = decoder;
/** Bytes of seven bits each that a number of 31 bits holds. */
const shortLength = 4;

/**
 * kafkajs reads the timestamp of each record byte by byte with a dozen bigints, a tenth of all memory that the process
 * asks for; nearly all are of a byte or three, since they count from the first of their batch.
 */
function readShortNumbersFast(): void {
  decoder.readVarLong = function readShortVarLong() {
    let value = 0;
    for (let index = 0; index < shortLength; index += 1) {
      const byte = this.buffer[this.offset + index];
      if (byte === undefined) break;
      value |= (byte & 0x7f) << (7 * index);
      if (byte >= 0x80) continue;
      this.offset += index + 1;
      return Long.fromInt((value >>> 1) ^ -(value & 1));
    }
    return readVarLong.call(this);
  };
}
