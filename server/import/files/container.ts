import { pipeline, type Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import type { OpenedFile } from "./opened-file.ts";
import { type Container, readStream } from "./read-stream.ts";
import { openZip } from "./zip.ts";

const CHUNK_BYTES = 256 * 1024;

/**
 * Finds by the content, not by the name, how a file is packed: a download may have been unpacked on the way and kept its `.gz`.
 * @throws OperatorError when it is packed in a way that is not read
 */
export async function openContainer(file: OpenedFile): Promise<Container> {
  const head = await file.readAt(0, 512);
  if (head.length >= 4 && ZIP_STARTS.includes(head.readUInt32LE(0))) {
    return openZip(file);
  }
  const name = file.path.replace(/\.gz$/i, "");
  const isGzip = head[0] === 0x1f && head[1] === 0x8b;
  return {
    name,
    read: (onBytes) => (isGzip ? readStream(file, onBytes, gunzipped) : readStream(file, onBytes, (stream) => stream)),
  };
}

const ZIP_STARTS = [0x04034b50, 0x06054b50];

// The pipeline's errors come out of the stream that is iterated.
const gunzipped = (stream: Readable): Readable => pipeline(stream, createGunzip({ chunkSize: CHUNK_BYTES }), () => {});
