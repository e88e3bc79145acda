// The codecs that kafkajs leaves to its users, as they bring them along: without native code, so that they install anywhere.
import zstd from '@bokuweb/zstd-wasm';
import kafkajs from 'kafkajs';
import snappy from 'kafkajs-snappy';
import lz4 from 'lz4js';

const { CompressionCodecs, CompressionTypes } = kafkajs;

/** The longest batch that is read here, when its frame does not say how long it is. */
const LONGEST = { defaultHeapSize: 8 << 20 };

const codec = (compress, decompress) => () => ({
  compress: async encoder => Buffer.from(compress(encoder.buffer)),
  decompress: async buffer => Buffer.from(decompress(buffer)),
});

/** Gives kafkajs what it lacks. */
export async function bringCodecs() {
  await zstd.init();
  CompressionCodecs[CompressionTypes.Snappy] = snappy;
  CompressionCodecs[CompressionTypes.LZ4] = codec(lz4.compress, lz4.decompress);
  CompressionCodecs[CompressionTypes.ZSTD] = codec(bytes => zstd.compress(bytes), bytes => zstd.decompress(bytes, LONGEST));
}
