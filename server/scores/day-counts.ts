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

/** Adds up the reports of days, a part of them at a time. */
export interface DayCounter {
  add(reports: readonly Report[]): void;
  /** All counts of the days, with what need not be read. */
  days(): DayCount[];
  /** What need not be read the next time, if that is worth keeping. */
  part(): CountedPart | undefined;
}

/** Reports and severities by neighbourhood. */
type Sums = Map<string, { reports: number; severity: number }>;

/** @param nowMs when reading began */
export function createDayCounter({ fromDayMs, part }: DaysToRead, nowMs: number): DayCounter {
  const days = new Map<number, Sums>();
  const untilMs = Math.max(nowMs - PART_AGE_MS, part?.untilMs ?? 0);
  const partDayMs = startOfDay(untilMs);
  const beginning: Sums = new Map();
  for (const [geohash, [reports, severity]] of Object.entries(part?.counts ?? {})) {
    addTo(sumsOf(fromDayMs), geohash, reports, severity);
    if (partDayMs === fromDayMs) addTo(beginning, geohash, reports, severity);
  }

  function sumsOf(dayMs: number): Sums {
    const known = days.get(dayMs) ?? new Map();
    days.set(dayMs, known);
    return known;
  }

  return {
    add(reports) {
      for (const { lonDeg, latDeg, createdAtMs, severity } of reports) {
        const geohash = encodeGeohash(lonDeg, latDeg, NEIGHBORHOOD_PRECISION);
        const dayMs = startOfDay(createdAtMs);
        addTo(sumsOf(dayMs), geohash, 1, severity);
        if (dayMs === partDayMs && createdAtMs < untilMs) addTo(beginning, geohash, 1, severity);
      }
    },
    days: () =>
      [...days].flatMap(([dayMs, sums]) => Array.from(sums, ([geohash, sum]) => ({ geohash, dayMs, ...sum }))),
    part() {
      const counts = Array.from(
        beginning,
        ([geohash, { reports, severity }]) => [geohash, [reports, severity]] as const,
      );
      const sum = counts.reduce((total, [, [reports]]) => total + reports, 0);
      return sum < LEAST_PART ? undefined : { untilMs, counts: Object.fromEntries(counts) };
    },
  };
}

function addTo(sums: Sums, geohash: string, reports: number, severity: number): void {
  const known = sums.get(geohash) ?? { reports: 0, severity: 0 };
  sums.set(geohash, known);
  known.reports += reports;
  known.severity += severity;
}
