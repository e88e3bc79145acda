// The codecs that kafkajs leaves to its users, as they bring them along: without native code, so that they install anywhere.
import zstd from '@bokuweb/zstd-wasm';
import kafkajs from 'kafkajs';
import snappy from 'kafkajs-snappy';
import lz4 from 'lz4js';

const { CompressionCodecs, CompressionTypes } = kafkajs;

/** The longest batch that is read here, when its frame does not say how long it is. */
const LONGEST = { defaultHeapSize: 8 << 20 };

/**
 * Takes a frame of LZ4 apart. lz4js would do so itself, but looks for the checksum of a block before the block, where it
 * stands behind; aiokafka writes such checksums. They are not looked at here: the batch has one of its own.
 */
function unframed(frame) {
  const [flags, sizes] = [frame[4], (frame[5] >> 4) & 7];
  const blocks = [];
  for (let at = 7 + (flags & 8 ? 8 : 0) + (flags & 1 ? 4 : 0); ; ) {
    const size = frame.readUInt32LE(at);
    if (size === 0) break;
    const length = size & 0x7fffffff;
    blocks.push({ from: at + 4, length, plain: size > 0x7fffffff });
    at += 4 + length + (flags & 16 ? 4 : 0);
  }
  // A block may refer to those before it, so all of them lie in a row.
  const whole = Buffer.alloc(blocks.length * (1 << (8 + 2 * sizes)));
  let end = 0;
  for (const { from, length, plain } of blocks) {
    if (plain) end += frame.copy(whole, end, from, from + length);
    else end = lz4.decompressBlock(frame, whole, from, length, end);
  }
  return whole.subarray(0, end);
}

const codec = (compress, decompress) => () => ({
  compress: async encoder => Buffer.from(compress(encoder.buffer)),
  decompress: async buffer => Buffer.from(decompress(buffer)),
});

/** Gives kafkajs what it lacks. */
export async function bringCodecs() {
  await zstd.init();
  CompressionCodecs[CompressionTypes.Snappy] = snappy;
  CompressionCodecs[CompressionTypes.LZ4] = codec(lz4.compress, unframed);
  CompressionCodecs[CompressionTypes.ZSTD] = codec(bytes => zstd.compress(bytes), bytes => zstd.decompress(bytes, LONGEST));
}
