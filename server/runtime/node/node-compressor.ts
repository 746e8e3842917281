import { promisify } from "node:util";
import { brotliCompress, constants, gzip, zstdCompress } from "node:zlib";
import type { Compressor } from "../../serving/content-encoding.ts";

const [brotliAsync, gzipAsync, zstdAsync] = [promisify(brotliCompress), promisify(gzip), promisify(zstdCompress)];

/** Brotli 4 takes as long as gzip 6 for a tile and is smaller; a higher quality costs more than it saves (martin#3061). */
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } };

/** Compresses off the main thread with Node's zlib. */
export const nodeCompressor: Compressor = {
  codings: ["br", "zstd", "gzip"],
  async compress(bytes, coding) {
    if (coding === "br") return brotliAsync(bytes, BROTLI);
    return coding === "zstd" ? zstdAsync(bytes) : gzipAsync(bytes);
  },
};
