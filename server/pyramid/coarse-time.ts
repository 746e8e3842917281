import { CELL_PRECISION, type Level, levelOfZoom } from "../../tiles/cluster/cluster-cells.ts";

/**
 * Zooms up to 13 see ages as they will be at the end of the running ten minutes: exact to within an hour, as promised, and
 * the same bytes on every machine for ten minutes instead of new ones with every report that ages. Closer zooms are exact.
 */
export const COARSE_CLOCK_MS = 10 * 60_000;

/** The time at which coarse ages are taken, Unix milliseconds. */
export function coarseTime(nowMs: number): number {
  return Math.ceil(nowMs / COARSE_CLOCK_MS) * COARSE_CLOCK_MS;
}

/** Cell aggregates whose ages have been wrong for longer are made anew. */
export const REFRESH_AFTER_MS = 20 * 60_000;

/** Readers believe a stored cell aggregate for so long after an age in it went wrong. */
export const BELIEVE_AFTER_MS = 2 * REFRESH_AFTER_MS;

/** Whether a level's cluster cells are made of cell aggregates; closer ones are made of the reports themselves. */
export const isCoarse = (level: Level): boolean => level.precision < CELL_PRECISION;

/** The time at which a level sees ages. */
export const timeOfLevel = (level: Level, nowMs: number): number => (isCoarse(level) ? coarseTime(nowMs) : nowMs);

/** The time at which tiles of a zoom see ages. */
export const timeOfZoom = (zoom: number, nowMs: number): number => timeOfLevel(levelOfZoom(zoom), nowMs);
