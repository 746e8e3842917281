import { levelOfZoom } from "../../tiles/cluster/cluster-cells.ts";
import { encodeGeohash } from "../../tiles/geo/geohash.ts";
import { AGE_BANDS, type ReportLayer, type TimeWindow, WINDOW_BANDS } from "../../tiles/layers.ts";
import type { Report } from "../../tiles/report.ts";
import type { App } from "./app.ts";
import type { Ledger } from "./ledger.ts";
import type { Place } from "./places.ts";
import type { Truth } from "./truth.ts";

/** A process as it is looked at when all is quiet. */
export interface Checked {
  readonly name: string;
  readonly app: App;
  /** Just started: nothing is in its memory. */
  readonly isNew: boolean;
}

export interface CheckOptions {
  readonly truth: Truth;
  readonly layers: readonly ReportLayer[];
  readonly places: readonly Place[];
  readonly nowMs: number;
  readonly ledger: Ledger;
  readonly seed: number;
}

/** Coarse zooms see ages to within an hour, and ahead to the end of the running ten minutes. */
export const COARSE_BACK_MS = 61 * 60_000;
export const COARSE_AHEAD_MS = 11 * 60_000;
export const FINE_MS = 60_000;

/** What a cluster cell must and may show: reports that are about to move to another age band, or just have. */
export interface Expected {
  readonly must: Report[];
  readonly may: Report[];
}

export const NOTHING: Expected = { must: [], may: [] };

export interface TilesOf {
  readonly layer: ReportLayer;
  readonly zoom: number;
  readonly window: TimeWindow;
}

/** By the geohashes of cluster cells; those without reports are left out. */
export function expectedAt(
  { layer, zoom, window }: TilesOf,
  { truth, ledger, nowMs }: CheckOptions,
): Map<string, Expected> {
  const { precision } = levelOfZoom(zoom);
  const [backMs, aheadMs] = zoom < 14 ? [COARSE_BACK_MS, COARSE_AHEAD_MS] : [FINE_MS, FINE_MS];
  const longestMs = AGE_BANDS[WINDOW_BANDS[window] - 1]?.untilMs ?? 0;
  const clusterCells = new Map<string, Expected>();
  const gone = [...ledger.imported.values()]
    .map(({ report }) => report)
    .filter((report) => isGone(report, truth, nowMs));
  for (const report of [...truth.live.values(), ...gone]) {
    const leftMs = report.createdAtMs + longestMs - nowMs;
    if (report.layer !== layer || leftMs < -backMs) continue;
    const geohash = encodeGeohash(report.lonDeg, report.latDeg, precision);
    const expected = clusterCells.get(geohash) ?? { must: [], may: [] };
    clusterCells.set(geohash, expected);
    expected.may.push(report);
    if (leftMs > aheadMs) expected.must.push(report);
  }
  return clusterCells;
}

/** Expired, and not edited before that may have hidden it. */
const isGone = ({ id, expiresAtMs }: Report, { live }: Truth, nowMs: number): boolean =>
  !live.has(id) && expiresAtMs <= nowMs && expiresAtMs > nowMs - COARSE_BACK_MS;

/** Places of all reports that there ever were, each once: tiles there may show what they must not. */
export function placesOfReports(truth: Truth, ledger: Ledger): Place[] {
  const drafts = [...ledger.posts.values()].map(({ action }) => action.draft);
  const reports = [...truth.live.values(), ...drafts, ...[...ledger.imported.values()].map(({ report }) => report)];
  const places = new Map(reports.map(({ lonDeg, latDeg }) => [`${lonDeg}/${latDeg}`, { lonDeg, latDeg }]));
  return [...places.values()];
}

/** The name of the action that made a report, which is its text. */
export const nameOf = ({ text, id }: Report): string => text ?? id;
