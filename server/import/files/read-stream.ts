import type { Readable } from "node:stream";
import { OperatorError } from "../../console/operator-error.ts";
import { type OpenedFile, readFailure } from "./opened-file.ts";

/** What is in a file, unpacked. */
export interface Container {
  /** The name that tells the format. */
  readonly name: string;
  /** The content from its beginning; `onBytes` is told how many bytes of the disk's were read. @throws OperatorError when it is damaged */
  read(onBytes: (sizeBytes: number) => void): AsyncGenerator<Buffer>;
}

/** Reads a file, or a part of it, through what unpacks it. */
export async function* readStream(
  file: OpenedFile,
  onBytes: (sizeBytes: number) => void,
  unpack: (stream: Readable) => Readable,
  range: { readonly start: number; readonly end?: number } = { start: 0 },
): AsyncGenerator<Buffer> {
  const stream = await file.stream(range.start, range.end);
  try {
    for await (const chunk of unpack(stream)) {
      onBytes(range.start + stream.bytesRead);
      yield chunk;
    }
  } catch (error) {
    throw error instanceof OperatorError
      ? error
      : readFailure(file.path, error, range.end === undefined ? "gzip" : "ZIP");
  } finally {
    stream.destroy();
  }
}
