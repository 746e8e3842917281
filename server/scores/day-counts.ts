import { encodeGeohash } from "../../tiles/geo/geohash.ts";
import { keptFromAny } from "../../tiles/kept.ts";
import { REPORT_LIFETIME_MS } from "../../tiles/layers.ts";
import type { Report } from "../../tiles/report.ts";
import { DAY_MS, HOUR_MS, startOfDay } from "../kit/utc-time.ts";
import { type AreasOfCell, NO_AREAS } from "./areas-of-cells.ts";
import { createReporterRanks, type ReporterRanks } from "./reporter-ranks.ts";

/** Sums of some reports. */
export interface CountedReports {
  readonly reports: number;
  readonly severity: number;
  /** What the reports weigh, and their severities times that, in quarters. */
  readonly worthQuarters: number;
  readonly severityQuarters: number;
}

/** Reports that were made in a neighbourhood (geohash-6) on a UTC day. */
export interface DayCount extends CountedReports {
  readonly geohash: string;
  /** The day's beginning, Unix milliseconds. */
  readonly dayMs: number;
  /** Those of them that lie in areas, by the areas' ids. */
  readonly areas: ReadonlyMap<string, CountedReports>;
}

/** What a cell of the log holds of a day from its beginning until a time: of a busy cell, so that only the rest is read again. */
export interface CountedPart {
  /** Unix milliseconds; lies in the day. */
  readonly untilMs: number;
  /** By neighbourhood. */
  readonly counts: Readonly<Record<string, CountedNeighborhood>>;
  /** By which areas was counted, as `AreasOfCell`; of older ones by none. */
  readonly areasKey?: string;
}

/** `DayCount` as a list, and how many reports each of its reporters has sent: what the next ones weigh follows from that. */
export type CountedNeighborhood = readonly [
  reports: number,
  severity: number,
  worthQuarters: number,
  severityQuarters: number,
  ranks: string,
  areas?: Readonly<Record<string, readonly [number, number, number, number]>>,
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
 * may have gone are left as they are. What was counted by other areas is read again.
 */
export function daysToRead(
  changedFromMs: number,
  part: CountedPart | undefined,
  nowMs: number,
  areasKey = "",
): DaysToRead {
  const firstWholeMs = startOfDay(nowMs + READ_WITHIN_MS - REPORT_LIFETIME_MS) + DAY_MS;
  const fromDayMs = Math.max(startOfDay(changedFromMs), firstWholeMs);
  const isOfAreas = (part?.areasKey ?? "") === areasKey;
  const holds =
    isOfAreas && part !== undefined && part.untilMs <= changedFromMs && startOfDay(part.untilMs) === fromDayMs;
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

type MutableCount = { -readonly [Name in keyof CountedReports]: CountedReports[Name] };

/** Of the reports of a neighbourhood and day. */
interface Sums extends MutableCount {
  readonly ranks: ReporterRanks;
  readonly areas: Map<string, MutableCount>;
}

/** By neighbourhood. */
type SumsOfDay = Map<string, Sums>;

/** @param nowMs when reading began */
export function createDayCounter(
  { fromDayMs, part }: DaysToRead,
  nowMs: number,
  areas: AreasOfCell = NO_AREAS,
): DayCounter {
  const days = new Map<number, SumsOfDay>();
  // Of a time that is cut to it more may come for as long.
  const untilMs = Math.max(keptFromAny(nowMs) - PART_AGE_MS, part?.untilMs ?? 0);
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
        const inAreas = areas.find(report.lonDeg, report.latDeg);
        addTo(sumsIn(dayOf(dayMs), geohash), report, inAreas);
        if (dayMs === partDayMs && report.createdAtMs < untilMs) addTo(sumsIn(beginning, geohash), report, inAreas);
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
      return { untilMs, counts: Object.fromEntries(counts), ...(areas.key !== "" && { areasKey: areas.key }) };
    },
  };
}

const byId = (a: Report, b: Report): number => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

function sumsIn(day: SumsOfDay, geohash: string): Sums {
  const sums = day.get(geohash) ?? sumsOf([0, 0, 0, 0, ""]);
  day.set(geohash, sums);
  return sums;
}

/** @param inAreas ids of the areas that the report lies in */
function addTo(sums: Sums, { severity, reporter = 0 }: Report, inAreas: readonly string[]): void {
  const quarters = sums.ranks.next(reporter);
  addReport(sums, severity, quarters);
  for (const id of inAreas) {
    const ofArea = sums.areas.get(id) ?? { reports: 0, severity: 0, worthQuarters: 0, severityQuarters: 0 };
    sums.areas.set(id, ofArea);
    addReport(ofArea, severity, quarters);
  }
}

function addReport(sums: MutableCount, severity: number, quarters: number): void {
  sums.reports++;
  sums.severity += severity;
  sums.worthQuarters += quarters;
  sums.severityQuarters += quarters * severity;
}

const sumsOf = ([
  reports,
  severity,
  worthQuarters,
  severityQuarters,
  ranks,
  areas = {},
]: CountedNeighborhood): Sums => ({
  reports,
  severity,
  worthQuarters,
  severityQuarters,
  ranks: createReporterRanks(ranks),
  areas: new Map(
    Object.entries(areas).map(([id, [ofArea, sum, worth, weighed]]) => [
      id,
      { reports: ofArea, severity: sum, worthQuarters: worth, severityQuarters: weighed },
    ]),
  ),
});

function countedOf(sums: Sums): CountedNeighborhood {
  const numbers = numbersOf(sums);
  const areas = Object.fromEntries(Array.from(sums.areas, ([id, ofArea]) => [id, numbersOf(ofArea)]));
  return sums.areas.size === 0 ? [...numbers, sums.ranks.text()] : [...numbers, sums.ranks.text(), areas];
}

const numbersOf = (sums: CountedReports) =>
  [sums.reports, sums.severity, sums.worthQuarters, sums.severityQuarters] as const;
