/** Hours and days of UTC, which is what scores and counts are kept by. Times are Unix milliseconds. */

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

export const startOfHour = (timeMs: number): number => Math.floor(timeMs / HOUR_MS) * HOUR_MS;
export const startOfDay = (timeMs: number): number => Math.floor(timeMs / DAY_MS) * DAY_MS;

/** `2026-06-01` */
export const formatDay = (timeMs: number): string => new Date(timeMs).toISOString().slice(0, 10);
