import { createHash } from "node:crypto";
import { checkColumns } from "./check-columns.ts";
import { createFieldReader, type Mapping } from "./fields/mapping.ts";
import { createProjectionWatch } from "./fields/place-doubts.ts";
import { type Rejection, type RowReportOptions, toldByRow } from "./fields/row-report.ts";
import type { TimeSpan } from "./fields/time.ts";
import type { Row } from "./files/row.ts";
import type { Source } from "./files/source.ts";
import type { RowIdentity } from "./ids/row-identity.ts";
import { createSketch, type Sketch } from "./ids/sketch.ts";
import { createTimeCounts, type TimeCounts } from "./keeping/time-counts.ts";
import { checkSample, createJudging, type Judged, SAMPLE_ROWS } from "./sample.ts";

/** What the first pass over a file found. */
export interface FirstPass {
  readonly rows: number;
  /** SHA-256 of the decompressed content, in hex. */
  readonly contentHash: string;
  /** The places of the rows that were judged are metres or feet, but for a few that could be degrees by chance. */
  readonly isProjected: boolean;
  readonly sketch: Sketch;
  readonly judged: Judged;
  /** Of the rows that were judged and can be imported. */
  readonly times: TimeCounts;
  /** Of all times that were judged and could be read, also of rows that cannot be imported. */
  readonly readableSpan?: TimeSpan;
}

export interface FirstPassOptions {
  readonly source: Source;
  readonly mapping: Mapping;
  /** Is told of every row. */
  readonly identity: RowIdentity;
  /** How rows are judged, by the rules of the second pass. Their times are not mapped yet where they will be. */
  readonly rules: Omit<RowReportOptions, "mapTime"> & { readonly mapsTimes: boolean };
  /** So many rows are judged from the first on; at least the sample is. */
  readonly judgedRows: number;
  readonly signal?: AbortSignal | undefined;
  onProgress?(progress: { readonly rows: number; readonly bytes: number }): void;
}

/**
 * Reads a file once without storing anything: what cannot be imported fails here, before the first row is written.
 * Ends early, with what it has, when the signal is aborted.
 * @throws OperatorError when the file is not readable, the mapping does not fit its columns, or no row of many fits.
 */
export async function readFirstPass(options: FirstPassOptions): Promise<FirstPass> {
  const { source, mapping, identity, rules, judgedRows, signal, onProgress } = options;
  const reader = source.rows();
  const content = createHash("sha256");
  const sketch = createSketch();
  const judge = createJudge(mapping, reader.columns, rules);
  const noteRow = identity.noting(reader.columns, judge.isFit);
  let [rows, bytes] = [0, 0];
  let checked = source.format !== "csv";

  function note(found: Iterable<Row>): void {
    for (const row of found) {
      if (!checked) checkColumns(mapping, reader.columns, source);
      checked = true;
      rows++;
      if (row.problem === undefined) sketch.add(noteRow(row));
      if (rows > judgedRows) continue;
      judge.take(row);
      if (rows !== SAMPLE_ROWS) continue;
      if (judge.judged.rejected === rows) checkColumns(mapping, reader.columns, source);
      checkSample(judge.judged);
    }
  }

  for await (const chunk of source.read((size) => (bytes = size))) {
    if (signal?.aborted) break;
    content.update(chunk);
    note(reader.push(chunk));
    onProgress?.({ rows, bytes });
  }
  if (!signal?.aborted) {
    note(reader.end());
    // A file of objects tells its columns only with its last row; one without any readable row has none to miss.
    if (reader.columns.length > 0) checkColumns(mapping, reader.columns, source);
  }
  const { judged, times, readableSpan, isProjected } = judge;
  const found = { rows, contentHash: content.digest("hex"), sketch, judged, times, isProjected };
  return { ...found, ...(readableSpan && { readableSpan }) };
}

/** Judges rows by the function that the second pass stores them by. */
function createJudge(mapping: Mapping, columns: readonly string[], rules: FirstPassOptions["rules"]) {
  const judging = createJudging();
  const times = createTimeCounts();
  const fieldsOf = createFieldReader(mapping, columns);
  const projection = createProjectionWatch();
  let timeMs = Number.NaN;
  let [oldestMs, newestMs] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  // What is mapped later happened in the last days, whenever it was.
  const mapTime = (readMs: number): number => (rules.mapsTimes ? rules.nowMs : readMs);
  const rowOptions: RowReportOptions = {
    ...rules,
    mapTime(readMs) {
      timeMs = readMs;
      oldestMs = Math.min(oldestMs, readMs);
      newestMs = Math.max(newestMs, readMs);
      return mapTime(readMs);
    },
  };

  return {
    isFit: (row: Row): boolean => "report" in toldByRow(fieldsOf(row), NO_TAILS, { ...rules, mapTime }),
    take(row: Row): void {
      if (row.problem !== undefined) {
        judging.take({ kind: row.problem, reason: row.problem, field: "", value: "" });
        return;
      }
      const values = fieldsOf(row);
      projection.note(values);
      const told = toldByRow(values, NO_TAILS, rowOptions);
      const rejection: Rejection | undefined = "kind" in told ? told : undefined;
      judging.take(rejection);
      if (rejection === undefined) times.add(timeMs);
    },
    get judged(): Judged {
      return judging.judged;
    },
    times,
    get isProjected(): boolean {
      return projection.isProjected();
    },
    get readableSpan(): TimeSpan | undefined {
      return Number.isFinite(oldestMs) ? { oldestMs, newestMs } : undefined;
    },
  };
}

/** Ids of rows that are only judged are of no interest. */
const NO_TAILS = { tail: "00000000" };
