import { writeBase32 } from "./geo/base32.ts";
import { cellKey, geohashOfKey } from "./geo/cell-key.ts";
import { BASE32, columnAt, encodeGeohash, parseCell, rowAt } from "./geo/geohash.ts";
import { REPORT_LIFETIME_MS } from "./layers.ts";
import type { Report } from "./report.ts";
import { idTimePrefix, parseReportId, timeOfId } from "./report-id.ts";

/** What reports say, as columns, ascending by id. Text stays in the store. */
export interface ReportDetails {
  readonly length: number;
  readonly createdAtMs: Float64Array;
  /** The id's shard and tail, 45 bits; with time, place and layer it is the whole id. */
  readonly idRest: Float64Array;
  /** Millionths of a degree. */
  readonly lonE6: Int32Array;
  readonly latE6: Int32Array;
  readonly severity: Uint8Array;
  readonly category: string[];
}

/** Reports as columns: 35 bytes each instead of a few hundred. */
export interface ReportColumns extends ReportDetails {
  /** The bucket of whoever reported, 1..255; 0 of a report that counts by itself, such as an imported one. */
  readonly reporter: Uint8Array;
  /** What it weighs among those of its reporter, in quarters: `weigh-rows.ts`. */
  readonly quarters: Uint8Array;
}

/** What a report weighs that nobody else's bounds. */
export const FULL_QUARTERS = 4;

/** Bytes that a row occupies, for caches bounded in bytes. */
export const BYTES_PER_ROW = 35;

export function allocateColumns(length: number): ReportColumns {
  return {
    length,
    createdAtMs: new Float64Array(length),
    idRest: new Float64Array(length),
    lonE6: new Int32Array(length),
    latE6: new Int32Array(length),
    severity: new Uint8Array(length),
    category: new Array<string>(length).fill(""),
    reporter: new Uint8Array(length),
    quarters: new Uint8Array(length).fill(FULL_QUARTERS),
  };
}

/** Copies row `from` of one set of columns to row `to` of another. */
export function copyRow(source: ReportColumns, from: number, target: ReportColumns, to: number): void {
  copyDetails(source, from, target, to);
  target.reporter[to] = source.reporter[from] as number;
  target.quarters[to] = source.quarters[from] as number;
}

/** The same, without what it weighs. */
export function copyDetails(source: ReportDetails, from: number, target: ReportDetails, to: number): void {
  target.createdAtMs[to] = source.createdAtMs[from] as number;
  target.idRest[to] = source.idRest[from] as number;
  target.lonE6[to] = source.lonE6[from] as number;
  target.latE6[to] = source.latE6[from] as number;
  target.severity[to] = source.severity[from] as number;
  target.category[to] = source.category[from] as string;
}

/** Columns of reports in any order; of two with one id the last wins. @throws RangeError on a malformed id */
export function columnsOfReports(reports: readonly Report[]): ReportColumns {
  const unique = [...new Map(reports.map((report) => [report.id, report])).values()];
  unique.sort((a, b) => (a.id < b.id ? -1 : 1));
  const columns = allocateColumns(unique.length);
  unique.forEach((report, row) => {
    const id = parseReportId(report.id);
    if (id === undefined) throw new RangeError(`not a report id: ${report.id}`);
    columns.createdAtMs[row] = id.createdAtMs;
    columns.idRest[row] = restOfId(report.id);
    columns.lonE6[row] = Math.round(report.lonDeg * 1e6);
    columns.latE6[row] = Math.round(report.latDeg * 1e6);
    columns.severity[row] = report.severity;
    columns.category[row] = report.category;
    columns.reporter[row] = report.reporter ?? 0;
  });
  return columns;
}

/** Both together, ascending by id, each id once. Rows that expired before `expiredMs` are left out. */
export function mergeColumns(a: ReportColumns, b: ReportColumns, expiredMs = -Infinity): ReportColumns {
  const merged = allocateColumns(a.length + b.length);
  let i = 0;
  let j = 0;
  let length = 0;
  while (i < a.length || j < b.length) {
    const order = i >= a.length ? 1 : j >= b.length ? -1 : compareRows(a, i, b, j);
    const source = order <= 0 ? a : b;
    const row = order <= 0 ? i : j;
    if (order <= 0) i++;
    if (order >= 0) j++;
    if ((source.createdAtMs[row] as number) + REPORT_LIFETIME_MS >= expiredMs) copyRow(source, row, merged, length++);
  }
  return length === merged.length ? merged : takeRows(merged, 0, length);
}

/** All of them together, pairwise, so that many cost their rows times the logarithm of their number. */
export function mergeAllColumns(runs: readonly ReportColumns[]): ReportColumns {
  if (runs.length <= 1) return runs[0] ?? allocateColumns(0);
  const middle = runs.length >> 1;
  return mergeColumns(mergeAllColumns(runs.slice(0, middle)), mergeAllColumns(runs.slice(middle)));
}

/** The rows that were created from `fromMs` on, and before `beforeMs`; rows ascend by that. */
export function rowsBetween(columns: ReportColumns, fromMs: number, beforeMs: number): ReportColumns {
  const { createdAtMs, length } = columns;
  let from = 0;
  while (from < length && (createdAtMs[from] as number) < fromMs) from++;
  let until = length;
  while (until > from && (createdAtMs[until - 1] as number) >= beforeMs) until--;
  return from === 0 && until === length ? columns : takeRows(columns, from, until);
}

/** The rows that lie in a geohash cell; the same object when all do. */
export function rowsInside(columns: ReportColumns, geohash: string): ReportColumns {
  const { column, row } = parseCell(geohash);
  const precision = geohash.length;
  return rowsWhere(
    columns,
    (i) =>
      columnAt((columns.lonE6[i] as number) / 1e6, precision) === column &&
      rowAt((columns.latE6[i] as number) / 1e6, precision) === row,
  );
}

/** The rows that are chosen by a test, in their order; the same object when all are. */
export function rowsWhere(columns: ReportColumns, isChosen: (row: number) => boolean): ReportColumns {
  const chosen: number[] = [];
  for (let row = 0; row < columns.length; row++) if (isChosen(row)) chosen.push(row);
  return chosen.length === columns.length ? columns : pickRows(columns, chosen);
}

/** Rows by the cells of a precision that they lie in, by geohash ascending. */
export function splitRows(columns: ReportColumns, precision: number): Map<string, ReportColumns> {
  const byKey = new Map<number, number[]>();
  for (let row = 0; row < columns.length; row++) {
    const column = columnAt((columns.lonE6[row] as number) / 1e6, precision);
    const key = cellKey(column, rowAt((columns.latE6[row] as number) / 1e6, precision), precision);
    const rows = byKey.get(key);
    if (rows === undefined) byKey.set(key, [row]);
    else rows.push(row);
  }
  const ascending = [...byKey].sort(([a], [b]) => a - b);
  return new Map(ascending.map(([key, rows]) => [geohashOfKey(key, precision), pickRows(columns, rows)]));
}

function pickRows(columns: ReportColumns, rows: readonly number[]): ReportColumns {
  const picked = allocateColumns(rows.length);
  for (const [to, from] of rows.entries()) copyRow(columns, from, picked, to);
  return picked;
}

/** The rows of `a` whose ids are not in `b`. */
export function rowsMissing(a: ReportColumns, b: ReportColumns): ReportColumns {
  const missing = allocateColumns(a.length);
  let length = 0;
  for (let i = 0, j = 0; i < a.length; i++) {
    while (j < b.length && compareRows(b, j, a, i) < 0) j++;
    if (j >= b.length || compareRows(b, j, a, i) !== 0) copyRow(a, i, missing, length++);
  }
  return takeRows(missing, 0, length);
}

/** The rows of `a` that are not in `b`, or are there of another reporter or weight. */
export function rowsUnlike(a: ReportColumns, b: ReportColumns): ReportColumns {
  const unlike = allocateColumns(a.length);
  let length = 0;
  for (let i = 0, j = 0; i < a.length; i++) {
    while (j < b.length && compareRows(b, j, a, i) < 0) j++;
    const isThere = j < b.length && compareRows(b, j, a, i) === 0;
    if (!isThere || a.quarters[i] !== b.quarters[j] || a.reporter[i] !== b.reporter[j]) copyRow(a, i, unlike, length++);
  }
  return takeRows(unlike, 0, length);
}

/** The rows whose ids are not among some few; the same object when none is. A report that was moved may have two rows. */
export function withoutIds(columns: ReportColumns, ids: Iterable<string>, layerIndex: number): ReportColumns {
  const dropped = new Set([...ids].flatMap((id) => rowsOfId(columns, id, layerIndex)));
  if (dropped.size === 0) return columns;
  const left = allocateColumns(columns.length - dropped.size);
  for (let row = 0, to = 0; row < columns.length; row++) if (!dropped.has(row)) copyRow(columns, row, left, to++);
  return left;
}

/** Rows `from` up to but not including `until`. */
export function takeRows(columns: ReportColumns, from: number, until: number): ReportColumns {
  return {
    length: until - from,
    createdAtMs: columns.createdAtMs.slice(from, until),
    idRest: columns.idRest.slice(from, until),
    lonE6: columns.lonE6.slice(from, until),
    latE6: columns.latE6.slice(from, until),
    severity: columns.severity.slice(from, until),
    category: columns.category.slice(from, until),
    reporter: columns.reporter.slice(from, until),
    quarters: columns.quarters.slice(from, until),
  };
}

/** Order of two rows by id. Columns of several cells order by time first, then by the id's rest. */
export function compareRows(a: ReportDetails, i: number, b: ReportDetails, j: number): number {
  return (
    (a.createdAtMs[i] as number) - (b.createdAtMs[j] as number) ||
    (a.idRest[i] as number) - (b.idRest[j] as number) ||
    (a.lonE6[i] as number) - (b.lonE6[j] as number) ||
    (a.latE6[i] as number) - (b.latE6[j] as number)
  );
}

/** The id of a row, put together from its columns. */
export function idOfRow(columns: ReportDetails, row: number, layerIndex: number): string {
  const geohash5 = encodeGeohash((columns.lonE6[row] as number) / 1e6, (columns.latE6[row] as number) / 1e6, 5);
  let rest = "";
  for (let left = columns.idRest[row] as number, i = 0; i < 9; i++, left = Math.floor(left / 32)) {
    rest = BASE32.charAt(left % 32) + rest;
  }
  return idTimePrefix(columns.createdAtMs[row] as number) + geohash5 + BASE32.charAt(layerIndex) + rest;
}

/** The row of an id, or -1. */
export const findRow = (columns: ReportDetails, id: string, layerIndex: number): number =>
  rowsOfId(columns, id, layerIndex)[0] ?? -1;

/** The rows of an id; a binary search by time among rows that ascend by id. */
export function rowsOfId(columns: ReportDetails, id: string, layerIndex: number): number[] {
  const timeMs = timeOfId(id);
  const rest = restOfId(id);
  const rows: number[] = [];
  for (let row = firstRowFrom(columns, timeMs); row < columns.length && columns.createdAtMs[row] === timeMs; row++) {
    if (columns.idRest[row] === rest && idOfRow(columns, row, layerIndex) === id) rows.push(row);
  }
  return rows;
}

/** The first row created at a time or later. */
export function firstRowFrom({ createdAtMs, length }: ReportDetails, timeMs: number): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((createdAtMs[middle] as number) < timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

function restOfId(id: string): number {
  let rest = 0;
  for (let i = 16; i < 25; i++) rest = rest * 32 + BASE32.indexOf(id.charAt(i));
  return rest;
}

/** Writes the id of a row, the same text as `idOfRow`. */
export function writeIdOfRow(
  out: Uint8Array,
  at: number,
  rows: ReportDetails,
  row: number,
  layerIndex: number,
): number {
  const lonDeg = (rows.lonE6[row] as number) / 1e6;
  const latDeg = (rows.latE6[row] as number) / 1e6;
  const time = writeBase32(out, at, rows.createdAtMs[row] as number, 10);
  const place = writeBase32(out, time, cellKey(columnAt(lonDeg, 5), rowAt(latDeg, 5), 5), 5);
  const layer = writeBase32(out, place, layerIndex, 1);
  return writeBase32(out, layer, rows.idRest[row] as number, 9);
}
