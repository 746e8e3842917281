import { createHash } from "node:crypto";
import { checkMapping, createFieldReader, type Mapping } from "./fields/mapping.ts";
import { createProjectionWatch } from "./fields/place-doubts.ts";
import type { TimeSpan } from "./fields/time.ts";
import type { TimeReader } from "./fields/time-reader.ts";
import type { Row } from "./files/row.ts";
import type { Source } from "./files/source.ts";
import type { RowIdentity } from "./ids/row-identity.ts";

/** What the first pass over a file found. */
export interface FirstPass {
  readonly rows: number;
  /** SHA-256 of the decompressed content, in hex. */
  readonly contentHash: string;
  /** Of the times that could be read; `undefined` when none could. */
  readonly span?: TimeSpan;
  /** The places are metres or feet, but for a few that could be degrees by chance. */
  readonly isProjected: boolean;
}

export interface FirstPassOptions {
  readonly source: Source;
  readonly mapping: Mapping;
  /** Is told of every row. */
  readonly identity: RowIdentity;
  readonly readTime: TimeReader;
  readonly signal?: AbortSignal | undefined;
  onProgress?(progress: { readonly rows: number; readonly bytes: number }): void;
}

/**
 * Reads a file once without storing anything: what cannot be imported fails here, before the first row is written.
 * Ends early, with what it has, when the signal is aborted.
 * @throws OperatorError when the file is not readable or the mapping does not fit its columns.
 */
export async function readFirstPass(options: FirstPassOptions): Promise<FirstPass> {
  const { source, mapping, identity, readTime, signal, onProgress } = options;
  const reader = source.rows();
  const content = createHash("sha256");
  const noteRow = identity.noting(reader.columns);
  const fieldsOf = createFieldReader(mapping, reader.columns);
  const projection = createProjectionWatch();
  let [rows, bytes, oldestMs, newestMs] = [0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  let checked = source.format !== "csv";

  function note(found: Iterable<Row>): void {
    for (const row of found) {
      rows++;
      if (row.problem !== undefined) continue;
      noteRow(row);
      const fields = fieldsOf(row);
      projection.note(fields);
      const time = readTime(fields.time);
      if (typeof time !== "number") continue;
      oldestMs = Math.min(oldestMs, time);
      newestMs = Math.max(newestMs, time);
    }
  }

  for await (const chunk of source.read((size) => (bytes = size))) {
    if (signal?.aborted) break;
    content.update(chunk);
    note(reader.push(chunk));
    if (!checked && reader.columns.length > 0) checkMapping(mapping, reader.columns);
    checked ||= reader.columns.length > 0;
    onProgress?.({ rows, bytes });
  }
  if (!signal?.aborted) {
    note(reader.end());
    // A file of objects tells its columns only with its last row; one without any readable row has none to miss.
    if (reader.columns.length > 0) checkMapping(mapping, reader.columns);
  }
  const span = Number.isFinite(oldestMs) ? { span: { oldestMs, newestMs } } : {};
  return { rows, contentHash: content.digest("hex"), isProjected: projection.isProjected(), ...span };
}
