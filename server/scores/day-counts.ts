import { encodeGeohash } from "../../tiles/geo/geohash.ts";
import { REPORT_LIFETIME_MS } from "../../tiles/layers.ts";
import type { Report } from "../../tiles/report.ts";
import { DAY_MS, HOUR_MS, startOfDay } from "../kit/utc-time.ts";
import { createReporterRanks, type ReporterRanks } from "./reporter-ranks.ts";

/** Reports that were made in a neighbourhood (geohash-6) on a UTC day. */
export interface DayCount {
  readonly geohash: string;
  /** The day's beginning, Unix milliseconds. */
  readonly dayMs: number;
  readonly reports: number;
  readonly severity: number;
  /** What the reports weigh, and their severities times that, in quarters. */
  readonly worthQuarters: number;
  readonly severityQuarters: number;
}

/** What a cell of the log holds of a day from its beginning until a time: of a busy cell, so that only the rest is read again. */
export interface CountedPart {
  /** Unix milliseconds; lies in the day. */
  readonly untilMs: number;
  /** By neighbourhood. */
  readonly counts: Readonly<Record<string, CountedNeighborhood>>;
}

/** `DayCount` as a list, and how many reports each of its reporters has sent: what the next ones weigh follows from that. */
export type CountedNeighborhood = readonly [
  reports: number,
  severity: number,
  worthQuarters: number,
  severityQuarters: number,
  ranks: string,
];

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

/** Adds up the reports of days, a part of them at a time, ascending by id. */
export interface DayCounter {
  add(reports: readonly Report[]): void;
  /** All counts of the days, with what need not be read. */
  days(): DayCount[];
  /** What need not be read the next time, if that is worth keeping. */
  part(): CountedPart | undefined;
}

/** Of the reports of a neighbourhood and day. */
interface Sums {
  reports: number;
  severity: number;
  worthQuarters: number;
  severityQuarters: number;
  readonly ranks: ReporterRanks;
}

/** By neighbourhood. */
type SumsOfDay = Map<string, Sums>;

/** @param nowMs when reading began */
export function createDayCounter({ fromDayMs, part }: DaysToRead, nowMs: number): DayCounter {
  const days = new Map<number, SumsOfDay>();
  const untilMs = Math.max(nowMs - PART_AGE_MS, part?.untilMs ?? 0);
  const partDayMs = startOfDay(untilMs);
  const beginning: SumsOfDay = new Map();
  for (const [geohash, counted] of Object.entries(part?.counts ?? {})) {
    dayOf(fromDayMs).set(geohash, sumsOf(counted));
    if (partDayMs === fromDayMs) beginning.set(geohash, sumsOf(counted));
  }

  function dayOf(dayMs: number): SumsOfDay {
    const known = days.get(dayMs) ?? new Map();
    days.set(dayMs, known);
    return known;
  }

  return {
    add(reports) {
      for (const report of reports.toSorted(byId)) {
        const geohash = encodeGeohash(report.lonDeg, report.latDeg, NEIGHBORHOOD_PRECISION);
        const dayMs = startOfDay(report.createdAtMs);
        addTo(dayOf(dayMs), geohash, report);
        if (dayMs === partDayMs && report.createdAtMs < untilMs) addTo(beginning, geohash, report);
      }
    },
    days: () =>
      [...days].flatMap(([dayMs, sums]) =>
        Array.from(sums, ([geohash, { ranks, ...sum }]) => ({ geohash, dayMs, ...sum })),
      ),
    part() {
      const reports = [...beginning.values()].reduce((total, sums) => total + sums.reports, 0);
      if (reports < LEAST_PART) return undefined;
      const counts = Array.from(beginning, ([geohash, sums]) => [geohash, countedOf(sums)] as const);
      return { untilMs, counts: Object.fromEntries(counts) };
    },
  };
}

const byId = (a: Report, b: Report): number => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

function addTo(day: SumsOfDay, geohash: string, { severity, reporter = 0 }: Report): void {
  const sums = day.get(geohash) ?? sumsOf([0, 0, 0, 0, ""]);
  day.set(geohash, sums);
  const quarters = sums.ranks.next(reporter);
  sums.reports++;
  sums.severity += severity;
  sums.worthQuarters += quarters;
  sums.severityQuarters += quarters * severity;
}

const sumsOf = ([reports, severity, worthQuarters, severityQuarters, ranks]: CountedNeighborhood): Sums => ({
  reports,
  severity,
  worthQuarters,
  severityQuarters,
  ranks: createReporterRanks(ranks),
});

const countedOf = (sums: Sums): CountedNeighborhood => [
  sums.reports,
  sums.severity,
  sums.worthQuarters,
  sums.severityQuarters,
  sums.ranks.text(),
];
