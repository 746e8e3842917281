import { createHash } from "node:crypto";
import type { LogCell, ReportStore } from "../../server/ports/report-store.ts";
import { encodeGeohash } from "../../tiles/geo/geohash.ts";
import { REPORT_LIFETIME_MS } from "../../tiles/layers.ts";
import type { Report } from "../../tiles/report.ts";
import { formatReportId, idTail } from "../../tiles/report-id.ts";

export const DAY_MS = 86_400_000;

/** Austin, in geohash-5 cell 9v6kp. */
export const AUSTIN = { lonDeg: -97.743057, latDeg: 30.267153 } as const;
/** Brooklyn, in geohash-5 cell dr5rm. */
export const BROOKLYN = { lonDeg: -73.949997, latDeg: 40.650002 } as const;

type Fields = Partial<Omit<Report, "id">>;

/** Makes reports that lie in so many write shards, by their seeds. */
export function createReportMaker(shards: number) {
  /** A report with an id that fits the rest; reports that differ in `seed` alone differ in the end of the id. */
  function makeReport(fields: Fields & { createdAtMs: number; seed?: number; shard?: number }): Report {
    const { seed = 0, shard = Math.abs(seed) % shards, ...given } = fields;
    const report = {
      layer: "safety",
      category: "theft",
      severity: 3,
      ...AUSTIN,
      expiresAtMs: fields.createdAtMs + REPORT_LIFETIME_MS,
      ...given,
    } as const;
    const tail = idTail(createHash("sha256").update(String(seed)).digest());
    const geohash5 = encodeGeohash(report.lonDeg, report.latDeg, 5);
    return { ...report, id: formatReportId({ ...report, geohash5, shard, tail }) };
  }

  /** `count` reports of a cell, a second apart, the last one at `endMs`. */
  function makeReports(count: number, endMs: number, fields: Fields = {}): Report[] {
    return Array.from({ length: count }, (_, i) =>
      makeReport({ ...fields, createdAtMs: endMs - (count - 1 - i) * 1000, seed: i }),
    );
  }

  return { makeReport, makeReports };
}

/** Reports as they are when no cell is hot. */
export const { makeReport, makeReports } = createReportMaker(1);

/** The cells of a store, in any order. */
export async function cellsOf(store: Pick<ReportStore, "cells">): Promise<LogCell[]> {
  const cells: LogCell[] = [];
  for await (const cell of store.cells()) cells.push(cell);
  return cells;
}

/** All shown reports of a store, by id. */
export async function reportsOf(store: Pick<ReportStore, "cells" | "readCell">): Promise<Report[]> {
  const reports: Report[] = [];
  for (const cell of await cellsOf(store)) reports.push(...(await store.readCell(cell)).reports);
  return reports.sort((a, b) => (a.id < b.id ? -1 : 1));
}

export const idsOf = (reports: readonly Report[]): string[] => reports.map(({ id }) => id);
