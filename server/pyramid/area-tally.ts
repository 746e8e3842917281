import {
  type AreaParts,
  addReport,
  codesOfRows,
  copyParts,
  distinctCodes,
  emptyParts,
  isAnyLacking,
} from "../../tiles/areas/area-parts.ts";
import type { AreaTally, SingleReports } from "../../tiles/codec/area-tally-codec.ts";
import { AGE_BANDS, ageBand } from "../../tiles/layers.ts";
import type { ReportColumns } from "../../tiles/report-columns.ts";
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
      const [severity, quarters] = [rows.severity[row] as number, rows.quarters[row] as number];
      addReport(parts, part, { band: ageBand(atMs - (rows.createdAtMs[row] as number)), severity, quarters });
    }
  }
  const singles: SingleReports = {
    length: single.length,
    part: Uint32Array.from(single, (row) => partOf.get(codes[row] as number) as number),
    createdAtMs: Float64Array.from(single, (row) => rows.createdAtMs[row] as number),
    severity: Uint8Array.from(single, (row) => rows.severity[row] as number),
    quarters: Uint8Array.from(single, (row) => rows.quarters[row] as number),
  };
  return { beforeMs, atMs, untilMs, parts, singles };
}

/** When a report is in another band than at a time, or expires; -Infinity when it has. */
function nextBandMs(createdAtMs: number, atMs: number): number {
  const band = ageBand(atMs - createdAtMs);
  return band < 0 ? -Infinity : createdAtMs + (AGE_BANDS[band]?.untilMs ?? 0) + 1;
}

/** Reports that change before are told one by one, so the others are right until then. @param changes ascending */
function boundOf(changes: Float64Array, atMs: number): number {
  const wanted = Math.max(LEAST_ROWS, Math.floor(changes.length * SHARE));
  const byCount = changes[wanted] ?? Infinity;
  return Math.max(byCount, Math.min(atMs + LEAST_MS, changes[MOST_ROWS] ?? Infinity));
}

/** What a tally tells of a time from its `atMs` on, before its `untilMs`. */
export function tallyAt({ parts, singles }: AreaTally, atMs: number): AreaParts {
  if (singles.length === 0) return parts;
  const told = copyParts(parts, isAnyLacking(singles.quarters));
  for (let i = 0; i < singles.length; i++) {
    const band = ageBand(atMs - (singles.createdAtMs[i] as number));
    if (band < 0) continue;
    const [severity, quarters] = [singles.severity[i] as number, singles.quarters[i] as number];
    addReport(told, singles.part[i] as number, { band, severity, quarters });
  }
  return told;
}
