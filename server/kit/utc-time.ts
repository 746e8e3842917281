/** Hours, days and months of UTC, which is what scores, counts and calls are kept by. Times are Unix milliseconds. */

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

export const startOfMinute = (timeMs: number): number => Math.floor(timeMs / 60_000) * 60_000;
export const startOfHour = (timeMs: number): number => Math.floor(timeMs / HOUR_MS) * HOUR_MS;
export const startOfDay = (timeMs: number): number => Math.floor(timeMs / DAY_MS) * DAY_MS;
export const startOfMonth = (timeMs: number): number => monthFrom(timeMs, 0);
export const startOfNextMonth = (timeMs: number): number => monthFrom(timeMs, 1);

function monthFrom(timeMs: number, later: number): number {
  const time = new Date(timeMs);
  return Date.UTC(time.getUTCFullYear(), time.getUTCMonth() + later);
}

/** `2026-06-01` */
export const formatDay = (timeMs: number): string => new Date(timeMs).toISOString().slice(0, 10);
