import {
  addReport,
  codesOfRows,
  distinctCodes,
  emptyParts,
  isAnyLacking,
  OLDEST_BAND,
  type SingleReports,
} from "../../tiles/areas/area-parts.ts";
import type { AreaTally } from "../../tiles/codec/area-tally-codec.ts";
import { AGE_BANDS, ageBand } from "../../tiles/layers.ts";
import { FULL_QUARTERS, type ReportColumns } from "../../tiles/report-columns.ts";
import type { AreasNear } from "../areas/area-shapes.ts";

/** Ages can be told for so long at the least, however many reports change bands meanwhile. */
const LEAST_MS = 3 * 3_600_000;
/** So many reports at the least, or this share of all, are told one by one, so that the others stay right for longer. */
const LEAST_ROWS = 4;
const SHARE = 1 / 128;
/** More are not: the item must stay small. */
const MOST_ROWS = 12_000;

/** Number of the area that each row lies in; -1: in none. */
export function areasOfRows(rows: ReportColumns, near: AreasNear): Int32Array {
  return Int32Array.from({ length: rows.length }, (_, row) => {
    const found = near.find(rows.lonE6[row] as number, rows.latE6[row] as number);
    return near.areas[found]?.number ?? -1;
  });
}

/** The tally of a cell's rows. @param rows all those created before `beforeMs` */
export function makeTally(
  rows: ReportColumns,
  areaOfRow: ArrayLike<number>,
  { beforeMs, atMs }: { readonly beforeMs: number; readonly atMs: number },
): AreaTally {
  const nextMs = rows.createdAtMs.map((createdAtMs) => nextBandMs(createdAtMs, atMs));
  const codes = codesOfRows(rows, areaOfRow).map((code, row) => (nextMs[row] === -Infinity ? -1 : code));
  const isOld = (row: number): boolean => ageBand(atMs - (rows.createdAtMs[row] as number)) === OLDEST_BAND;
  gatherOld(codes, areaOfRow, isOld);
  const changes = nextMs.filter((_, row) => (codes[row] as number) >= 0).sort();
  const untilMs = boundOf(changes, atMs);
  const ascending = distinctCodes(codes);
  const partOf = new Map(ascending.map((code, part) => [code, part]));
  const parts = emptyParts(ascending, isAnyLacking(rows.quarters));
  const single: number[] = [];
  for (let row = 0; row < rows.length; row++) {
    const part = partOf.get(codes[row] as number);
    if (part === undefined) continue;
    if ((nextMs[row] as number) < untilMs) single.push(row);
    else {
      const band = ageBand(atMs - (rows.createdAtMs[row] as number));
      const [severity, quarters] = [rows.severity[row] as number, rows.quarters[row] as number];
      addReport(parts, part, band === OLDEST_BAND ? OLD_REPORT : { band, severity, quarters });
    }
  }
  const partOfRow = (row: number): number => partOf.get(codes[row] as number) as number;
  // Rows ascend by time.
  single.sort((a, b) => partOfRow(a) - partOfRow(b) || a - b);
  const singles: SingleReports = {
    length: single.length,
    part: Uint32Array.from(single, partOfRow),
    createdAtMs: Float64Array.from(single, (row) => rows.createdAtMs[row] as number),
    severity: Uint8Array.from(single, (row) => rows.severity[row] as number),
    quarters: Uint8Array.from(single, (row) => rows.quarters[row] as number),
  };
  return { beforeMs, atMs, untilMs, parts, singles };
}

/** What is kept of a report that is too old for scores. */
const OLD_REPORT = { band: OLDEST_BAND, severity: 0, quarters: FULL_QUARTERS };

/** Moves reports that are too old for scores to the first part of their area that has others, or else to its first. */
function gatherOld(codes: Float64Array, areaOfRow: ArrayLike<number>, isOld: (row: number) => boolean): void {
  const [young, old] = [new Map<number, number>(), new Map<number, number>()];
  codes.forEach((code, row) => {
    if (code < 0) return;
    const first = isOld(row) ? old : young;
    const number = areaOfRow[row] as number;
    first.set(number, Math.min(first.get(number) ?? Infinity, code));
  });
  codes.forEach((code, row) => {
    const number = areaOfRow[row] as number;
    if (code >= 0 && isOld(row)) codes[row] = young.get(number) ?? (old.get(number) as number);
  });
}

/** When a report is in another band than at a time, or expires; -Infinity when it has. */
export function nextBandMs(createdAtMs: number, atMs: number): number {
  const band = ageBand(atMs - createdAtMs);
  return band < 0 ? -Infinity : createdAtMs + (AGE_BANDS[band]?.untilMs ?? 0) + 1;
}

/** Reports that change before are told one by one, so the others are right until then. @param changes ascending */
function boundOf(changes: Float64Array, atMs: number): number {
  const wanted = Math.max(LEAST_ROWS, Math.floor(changes.length * SHARE));
  const byCount = changes[wanted] ?? Infinity;
  return Math.max(byCount, Math.min(atMs + LEAST_MS, changes[MOST_ROWS] ?? Infinity));
}
