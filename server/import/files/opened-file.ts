import { createReadStream } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { errorCode, OperatorError } from "../../console/operator-error.ts";

export type ByteStream = Readable & { readonly bytesRead: number };

/** A file on disk that is read more than once. */
export interface OpenedFile {
  /** As messages call it. */
  readonly path: string;
  readonly sizeBytes: number;
  /** Bytes from a position on, fewer where the file ends. @throws OperatorError */
  readAt(position: number, length: number): Promise<Buffer>;
  /** From a position on. @param end the last byte's position; default: all @throws OperatorError when the file was changed since it was opened */
  stream(start: number, end?: number): Promise<ByteStream>;
  /** Gives back what is held for it. */
  close(): Promise<void>;
}

const CHUNK_BYTES = 256 * 1024;

/** @throws OperatorError when it is not there, no file, or may not be read */
export async function openPath(path: string): Promise<OpenedFile> {
  const { size, mtimeMs } = await statFile(path);
  // Told at once if it may not be read.
  await (await openHandle(path)).close();
  return {
    path,
    sizeBytes: size,
    async readAt(position, length) {
      const handle = await openHandle(path);
      try {
        return await readFrom(handle, position, length);
      } finally {
        await handle.close();
      }
    },
    async stream(start, end) {
      const now = await statFile(path);
      if (now.size !== size || now.mtimeMs !== mtimeMs) {
        throw new OperatorError(`${path} was changed while it was being imported: run the import again.`);
      }
      return createReadStream(path, { start, highWaterMark: CHUNK_BYTES, ...(end !== undefined && { end }) });
    },
    async close() {},
  };
}

/** A file that is kept open, and closed at the end. @param path as messages call it */
export async function openedByHandle(path: string, handle: FileHandle): Promise<OpenedFile> {
  const { size } = await handle.stat();
  return {
    path,
    sizeBytes: size,
    readAt: (position, length) => readFrom(handle, position, length),
    async stream(start, end) {
      let position = start;
      async function* chunks(): AsyncGenerator<Buffer> {
        while (end === undefined || position <= end) {
          const wanted = end === undefined ? CHUNK_BYTES : Math.min(CHUNK_BYTES, end + 1 - position);
          const chunk = await readFrom(handle, position, wanted);
          if (chunk.length === 0) return;
          position += chunk.length;
          yield chunk;
        }
      }
      // Not a stream of the handle, which would close it when it is destroyed.
      const stream = Readable.from(chunks(), { objectMode: false });
      return Object.defineProperty(stream, "bytesRead", { get: () => position - start }) as ByteStream;
    },
    close: () => handle.close(),
  };
}

async function readFrom(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}

const openHandle = (path: string): Promise<FileHandle> =>
  open(path).catch((error: unknown) => {
    throw readFailure(path, error);
  });

/** Also a link to itself, and what is behind a file as if it were a folder. */
const NOWHERE: ReadonlySet<string> = new Set(["ENOENT", "ENOTDIR", "ELOOP", "ENAMETOOLONG"]);

async function statFile(path: string): Promise<{ size: number; mtimeMs: number }> {
  try {
    const found = await stat(path);
    if (found.isFile()) return found;
  } catch (error) {
    if (!NOWHERE.has(errorCode(error) ?? "")) throw readFailure(path, error);
    throw new OperatorError(`There is no file ${path}.`);
  }
  throw new OperatorError(`${path} is not a file.`);
}

/** What a failure to read says to the operator, where it is theirs to mend. */
export function readFailure(path: string, error: unknown, packing = "gzip"): unknown {
  const code = errorCode(error) ?? "";
  if (code.startsWith("Z_")) {
    const message = error instanceof Error ? error.message : code;
    return new OperatorError(
      `${path} is a damaged or cut-off ${packing} file (${message}): nothing was imported, get it again.`,
    );
  }
  if (code === "EACCES" || code === "EPERM") return new OperatorError(`${path} may not be read by this user.`);
  return error;
}
