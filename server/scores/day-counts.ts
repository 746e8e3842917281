import { encodeGeohash } from "../../tiles/geo/geohash.ts";
import { REPORT_LIFETIME_MS } from "../../tiles/layers.ts";
import type { Report } from "../../tiles/report.ts";
import { DAY_MS, HOUR_MS, startOfDay } from "../kit/utc-time.ts";

/** Reports that were made in a neighbourhood (geohash-6) on a UTC day. */
export interface DayCount {
  readonly geohash: string;
  /** The day's beginning, Unix milliseconds. */
  readonly dayMs: number;
  readonly reports: number;
  readonly severity: number;
}

/** What a cell of the log holds of a day from its beginning until a time: of a busy cell, so that only the rest is read again. */
export interface CountedPart {
  /** Unix milliseconds; lies in the day. */
  readonly untilMs: number;
  /** By neighbourhood: number of reports, sum of their severities. */
  readonly counts: Readonly<Record<string, readonly [reports: number, severity: number]>>;
}

/** What has to be read to count the days that changed. */
export interface DaysToRead {
  /** The first of them. */
  readonly fromDayMs: number;
  /** Reports made before need not be read. */
  readonly fromMs: number;
  /** They are here. */
  readonly part: CountedPart | undefined;
}

const NEIGHBORHOOD_PRECISION = 6;
/** Reading may have to wait, and more expires meanwhile. */
const READ_WITHIN_MS = HOUR_MS;
/** A part ends so long ago: of younger reports the feed still tells, and more come. */
const PART_AGE_MS = 60_000;
/** So many reports are read faster than parts are kept. */
const LEAST_PART = 200;

/**
 * What to read of a cell of which something changed at or after a time. What expires must not be counted away: days of which reports
 * may have gone are left as they are.
 */
export function daysToRead(changedFromMs: number, part: CountedPart | undefined, nowMs: number): DaysToRead {
  const firstWholeMs = startOfDay(nowMs + READ_WITHIN_MS - REPORT_LIFETIME_MS) + DAY_MS;
  const fromDayMs = Math.max(startOfDay(changedFromMs), firstWholeMs);
  const holds = part !== undefined && part.untilMs <= changedFromMs && startOfDay(part.untilMs) === fromDayMs;
  return holds ? { fromDayMs, fromMs: part.untilMs, part } : { fromDayMs, fromMs: fromDayMs, part: undefined };
}

/** Counts the reports that were read, with those that need not be. */
export function countDays(read: DaysToRead, reports: readonly Report[]): DayCount[] {
  const counts = new Map<string, { geohash: string; dayMs: number; reports: number; severity: number }>();
  for (const [geohash, [reports, severity]] of Object.entries(read.part?.counts ?? {})) {
    counts.set(`${geohash}${read.fromDayMs}`, { geohash, dayMs: read.fromDayMs, reports, severity });
  }
  for (const report of reports) {
    const geohash = neighborhoodOf(report);
    const dayMs = startOfDay(report.createdAtMs);
    const key = `${geohash}${dayMs}`;
    const known = counts.get(key) ?? { geohash, dayMs, reports: 0, severity: 0 };
    counts.set(key, known);
    known.reports++;
    known.severity += report.severity;
  }
  return [...counts.values()];
}

/** What need not be read the next time, if that is worth keeping. */
export function partOf(read: DaysToRead, reports: readonly Report[], nowMs: number): CountedPart | undefined {
  const untilMs = nowMs - PART_AGE_MS;
  const dayMs = startOfDay(untilMs);
  if (read.part !== undefined && untilMs <= read.part.untilMs) return read.part;
  const counts: Record<string, [number, number]> = {};
  let sum = 0;
  const add = (geohash: string, count: number, severity: number) => {
    const [counted, severities] = counts[geohash] ?? [0, 0];
    counts[geohash] = [counted + count, severities + severity];
    sum += count;
  };
  if (dayMs === read.fromDayMs) {
    for (const [geohash, [count, severity]] of Object.entries(read.part?.counts ?? {})) add(geohash, count, severity);
  }
  for (const report of reports) {
    if (report.createdAtMs >= dayMs && report.createdAtMs < untilMs) add(neighborhoodOf(report), 1, report.severity);
  }
  return sum < LEAST_PART ? undefined : { untilMs, counts };
}

const neighborhoodOf = ({ lonDeg, latDeg }: Report): string => encodeGeohash(lonDeg, latDeg, NEIGHBORHOOD_PRECISION);
