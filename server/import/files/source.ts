import { createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { errorCode, OperatorError } from "../../console/operator-error.ts";
import { createCsvReader } from "./csv.ts";
import { createGeoJsonReader } from "./geojson.ts";
import { createNdjsonReader } from "./ndjson.ts";
import type { Format, RowReader } from "./row.ts";

/** A file to import, as it stood when it was opened. */
export interface Source {
  readonly path: string;
  readonly format: Format;
  /** Bytes on disk, compressed or not. */
  readonly sizeBytes: number;
  /**
   * The content from its beginning, decompressed; `onBytes` is told how many bytes of the disk's were read.
   * @throws OperatorError when the file cannot be read, is damaged, or is not what it was when it was opened.
   */
  read(onBytes: (sizeBytes: number) => void): AsyncGenerator<Buffer>;
  /** A new reader for the file's rows. */
  rows(): RowReader;
}

export interface SourceOptions {
  readonly format?: Format | undefined;
  /** Between the fields of a CSV file; one ASCII character. */
  readonly delimiter?: string | undefined;
}

const CHUNK_BYTES = 256 * 1024;

const FORMAT_OF_ENDING: Readonly<Record<string, Format>> = {
  csv: "csv",
  ndjson: "ndjson",
  jsonl: "ndjson",
  geojsonl: "ndjson",
  geojson: "geojson",
  json: "geojson",
};

/** The format that a file's name tells, with or without `.gz`. */
export function formatOfPath(path: string): Format | undefined {
  const ending = /\.([a-z]+)(\.gz)?$/i.exec(path)?.[1]?.toLowerCase() ?? "";
  return FORMAT_OF_ENDING[ending];
}

/** @throws OperatorError when the file is not there or its format is not known. */
export async function openSource(path: string, options: SourceOptions = {}): Promise<Source> {
  const format = options.format ?? formatOfPath(path);
  if (format === undefined) {
    throw new OperatorError(`The name of ${path} does not tell its format: say --format csv, ndjson or geojson.`);
  }
  const { size: sizeBytes, mtimeMs } = await statFile(path);
  const gzipped = await startsWithGzip(path);

  async function* read(onBytes: (sizeBytes: number) => void): AsyncGenerator<Buffer> {
    const now = await statFile(path);
    if (now.size !== sizeBytes || now.mtimeMs !== mtimeMs) {
      throw new OperatorError(`${path} was changed while it was being imported: run the import again.`);
    }
    const file = createReadStream(path, { highWaterMark: CHUNK_BYTES });
    // The pipeline's errors come out of the stream that is iterated.
    const content = gzipped ? pipeline(file, createGunzip({ chunkSize: CHUNK_BYTES }), () => {}) : file;
    try {
      for await (const chunk of content) {
        onBytes(file.bytesRead);
        yield chunk;
      }
    } catch (error) {
      throw readFailure(path, error);
    }
  }

  return { path, format, sizeBytes, read, rows: () => createReader(format, options.delimiter) };
}

function createReader(format: Format, delimiter: string | undefined): RowReader {
  if (format === "csv") return createCsvReader(delimiter);
  return format === "ndjson" ? createNdjsonReader() : createGeoJsonReader();
}

async function statFile(path: string): Promise<{ size: number; mtimeMs: number }> {
  try {
    const found = await stat(path);
    if (found.isFile()) return found;
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw readFailure(path, error);
    throw new OperatorError(`There is no file ${path}.`);
  }
  throw new OperatorError(`${path} is not a file.`);
}

/** By its content, not by its name: a download may have been unpacked on the way and kept its `.gz`. */
async function startsWithGzip(path: string): Promise<boolean> {
  const file = await open(path).catch((error: unknown) => {
    throw readFailure(path, error);
  });
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
  } finally {
    await file.close();
  }
}

function readFailure(path: string, error: unknown): unknown {
  const code = errorCode(error) ?? "";
  if (code.startsWith("Z_")) {
    const message = error instanceof Error ? error.message : code;
    return new OperatorError(
      `${path} is a damaged or cut-off gzip file (${message}): nothing was imported, get it again.`,
    );
  }
  if (code === "EACCES" || code === "EPERM") return new OperatorError(`${path} may not be read by this user.`);
  return error;
}
