import { promisify } from "node:util";
import {
  brotliCompress,
  brotliCompressSync,
  constants,
  gzip,
  gzipSync,
  zstdCompress,
  zstdCompressSync,
} from "node:zlib";
import type { Compressor } from "../../serving/content-encoding.ts";

const [brotliAsync, gzipAsync, zstdAsync] = [promisify(brotliCompress), promisify(gzip), promisify(zstdCompress)];

/** Brotli 4 takes as long as gzip 6 for a tile and is smaller; a higher quality costs more than it saves (martin#3061). */
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } };

/**
 * Up to here a body is compressed where it is: 20 to 50 us, half of what handing it to another thread takes of the main one, and a
 * quarter of the time until it is back.
 */
const SMALL_BYTES = 8 * 1024;

/** Compresses with Node's zlib, off the main thread unless the body is small. */
export const nodeCompressor: Compressor = {
  codings: ["br", "zstd", "gzip"],
  async compress(bytes, coding) {
    if (bytes.length <= SMALL_BYTES) {
      if (coding === "br") return brotliCompressSync(bytes, BROTLI);
      return coding === "zstd" ? zstdCompressSync(bytes) : gzipSync(bytes);
    }
    if (coding === "br") return brotliAsync(bytes, BROTLI);
    return coding === "zstd" ? zstdAsync(bytes) : gzipAsync(bytes);
  },
};
