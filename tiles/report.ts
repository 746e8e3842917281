import type { ReportLayer } from "./layers.ts";

/**
 * One anonymous signal. Coordinates are WGS 84 degrees, times are Unix milliseconds; both as coarse as `kept.ts` says, but for reports that
 * an older program stored.
 */
export interface Report {
  /** Sorts by time and carries its cell, see `report-id.ts`. */
  readonly id: string;
  readonly layer: ReportLayer;
  /** 1..40 characters. */
  readonly category: string;
  /** 1..5 */
  readonly severity: number;
  readonly lonDeg: number;
  readonly latDeg: number;
  /** At most 280 characters. */
  readonly text?: string;
  /**
   * A bucket of whoever reported, 1..255, of that day, neighbourhood and layer: bounds what one person's reports weigh. Never published;
   * without one the report counts by itself.
   */
  readonly reporter?: number;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
}

/** Rounds a coordinate to the resolution of stored formats. What is kept of a report is coarser: `kept.ts`. */
export function roundDegrees(deg: number): number {
  return Math.round(deg * 1e6) / 1e6;
}
