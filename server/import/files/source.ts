import { OperatorError } from "../../console/operator-error.ts";
import { checkedForUtf8 } from "./check-utf8.ts";
import { openContainer } from "./container.ts";
import { createCsvReader } from "./csv.ts";
import { adviseOnColumns } from "./csv-advice.ts";
import { decoded, type Encoding, findEncoding, isUtf8Name } from "./encoding.ts";
import { formatOfName } from "./file-name.ts";
import { createGeoJsonReader } from "./geojson.ts";
import { createNdjsonReader, createSequenceReader } from "./ndjson.ts";
import { type OpenedFile, openPath } from "./opened-file.ts";
import { readPreamble, withLineFeeds, withoutFirst } from "./preamble.ts";
import type { Format, ReadFormat, RowReader } from "./row.ts";
import { jsonFormOf, refuseMarkup, refuseOtherKinds } from "./sniff.ts";
import { keepStdin, STDIN_PATH } from "./stdin-file.ts";

/** A file to import, as it stood when it was opened. */
export interface Source {
  readonly path: string;
  readonly format: ReadFormat;
  /** Bytes on disk, compressed or not. */
  readonly sizeBytes: number;
  /**
   * The content from its beginning, unpacked and as UTF-8, without lines that are to be skipped; `onBytes` is told how many bytes of the
   * disk's were read.
   * @throws OperatorError when the file cannot be read, is damaged, or is not what it was when it was opened.
   */
  read(onBytes: (sizeBytes: number) => void): AsyncGenerator<Buffer>;
  /** Of the name of a file that holds its rejected rows. */
  readonly rejectsEnding: "csv" | "tsv" | "ndjson";
  /** What to say instead, as a sentence, where columns are wanted that the file does not have. */
  adviseOn(wanted: readonly string[]): string | undefined;
  /** A new reader for the file's rows. */
  rows(): RowReader;
  /** Gives back what is held for the file. */
  close(): Promise<void>;
}

export interface SourceOptions {
  /** Default: by the file's name. */
  readonly format?: Format | undefined;
  /** Between the fields of a CSV file; one ASCII character. */
  readonly delimiter?: string | undefined;
  /** As `parseEncoding` gives it. Default: UTF-8, unless a byte order mark tells another. */
  readonly encoding?: string | undefined;
  /** Lines before the header, which are no rows. */
  readonly skipLines?: number | undefined;
  /** The member of a JSON file that holds the rows. Default: `features`, or the root is an array. */
  readonly rowsIn?: string | undefined;
}

const HEAD_BYTES = 1 << 16;

/**
 * @param path or `-` for standard input
 * @throws OperatorError when the file is not there, its format is not known, or it is one that is not read.
 */
export async function openSource(path: string, options: SourceOptions = {}): Promise<Source> {
  if (path === STDIN_PATH && options.format === undefined) throw unknownFormat("standard input");
  const file = path === STDIN_PATH ? await keepStdin(process.stdin) : await openPath(path);
  try {
    return await sourceOf(file, options);
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function sourceOf(file: OpenedFile, options: SourceOptions): Promise<Source> {
  const { path, sizeBytes } = file;
  const container = await openContainer(file);
  const head = await headOf(container.read(() => {}));
  refuseOtherKinds(head, path);
  const encoding = findEncoding(head, options.encoding);
  const whole = (onBytes: (sizeBytes: number) => void) => decoded(container.read(onBytes), encoding);
  const text = (await headOf(whole(() => {}))).toString("utf8");
  refuseMarkup(text.replace(/^\uFEFF/, ""), path);

  const named = options.format ?? formatOfName(container.name) ?? formatOfName(path.replace(/\.zip$/i, ""));
  if (named === undefined) throw unknownFormat(path);
  const format = named === "tsv" ? "csv" : named;
  const endsWithCr = format !== "geojson" && text.includes("\r") && !text.includes("\n");
  const lines = (onBytes: (sizeBytes: number) => void) => (endsWithCr ? withLineFeeds(whole(onBytes)) : whole(onBytes));
  const preamble = await readPreamble(
    lines(() => {}),
    options.skipLines ?? 0,
    path,
  );
  const read = (onBytes: (sizeBytes: number) => void) => withoutFirst(lines(onBytes), preamble.length);
  const beginning = await headOf(read(() => {}));
  const delimiter = options.delimiter ?? (named === "tsv" ? "\t" : ",");
  const newReader = readerOf(format, beginning, { ...options, delimiter });
  return {
    path,
    format,
    sizeBytes,
    rejectsEnding: format !== "csv" ? "ndjson" : delimiter === "\t" ? "tsv" : "csv",
    read,
    rows: () => withPrefix(checkedForUtf8(newReader(), encoding), rejectsPrefix(encoding, options, preamble)),
    adviseOn(wanted) {
      const text = beginning.toString("utf8").replace(/^\uFEFF/, "");
      const csv = { text, delimiter, skippedLines: options.skipLines ?? 0 };
      return format === "csv" ? adviseOnColumns(csv, wanted) : undefined;
    },
    close: file.close,
  };
}

const unknownFormat = (path: string) =>
  new OperatorError(`The name of ${path} does not tell its format: say --format csv, tsv, ndjson or geojson.`);

function readerOf(format: ReadFormat, head: Buffer, { delimiter, rowsIn }: SourceOptions): () => RowReader {
  if (format === "csv") return () => createCsvReader(delimiter);
  const form = rowsIn === undefined ? jsonFormOf(head.toString("utf8"), format) : "document";
  if (form === "lines") return createNdjsonReader;
  if (form === "separated") return createSequenceReader;
  return () => createGeoJsonReader({ rowsIn, isSequence: form === "sequence" });
}

/** What lets the same options read the rejects, which are UTF-8 as the rows are here: a byte order mark, and the lines that are skipped. */
function rejectsPrefix(encoding: Encoding, options: SourceOptions, preamble: Buffer): Buffer {
  const isMarked = options.encoding !== undefined || !isUtf8Name(encoding);
  const mark = Buffer.from("\uFEFF");
  const rest = preamble.subarray(0, 3).equals(mark) ? preamble.subarray(3) : preamble;
  return Buffer.concat([isMarked ? mark : Buffer.alloc(0), rest]);
}

function withPrefix(reader: RowReader, prefix: Buffer): RowReader {
  const { rejects } = reader;
  // The reader's own, for its columns grow and its counts change.
  return Object.assign(Object.create(reader) as RowReader, {
    rejects: { head: () => Buffer.concat([prefix, rejects.head()]), line: rejects.line },
  });
}

/** How a content begins. */
async function headOf(content: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of content) {
    parts.push(chunk);
    bytes += chunk.length;
    if (bytes >= HEAD_BYTES) break;
  }
  return Buffer.concat(parts).subarray(0, HEAD_BYTES);
}
