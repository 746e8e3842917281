import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { microCellsOfReports } from "../../tiles/cells/micro-cells.ts";
import { BASE32 } from "../../tiles/geo/geohash.ts";
import { REPORT_LAYERS, type ReportLayer } from "../../tiles/layers.ts";
import type { Report } from "../../tiles/report.ts";
import { columnsOfReports } from "../../tiles/report-columns.ts";
import {
  EMPTY_TALLY,
  gather,
  meanScores,
  NEUTRAL_SCORES,
  SCORE_NAMES,
  type ScoredCell,
  type ScoreName,
  type ScoreTally,
  scoreCells,
  scoresOfTally,
  tallyNeighborhoods,
  unclampedTenths,
} from "../../tiles/scores/scores.ts";
import { seededRandom } from "../kit/random.ts";
import { makeReport } from "../kit/sample-reports.ts";

const NOW = Date.UTC(2026, 5, 1, 12);
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const random = seededRandom(3);

interface Told {
  readonly layer: ReportLayer;
  readonly severity: number;
  readonly ageMs: number;
}

const at = ({ layer, severity, ageMs }: Told, lonDeg = -122.42, latDeg = 37.77): Report =>
  makeReport({ lonDeg, latDeg, createdAtMs: NOW - ageMs, layer, severity }, random);

function tallies(reports: readonly Report[]): Map<string, ScoreTally> {
  return tallyNeighborhoods(
    Object.fromEntries(
      REPORT_LAYERS.map((layer) => {
        const columns = columnsOfReports(reports.filter((report) => report.layer === layer));
        return [layer, microCellsOfReports(columns, 7, NOW)];
      }),
    ),
  );
}

function scoresOf(told: readonly Told[]): number[] {
  const [tally = EMPTY_TALLY] = tallies(told.map((each) => at(each))).values();
  const scores = scoresOfTally(tally);
  return SCORE_NAMES.map((name) => scores[name] / 10);
}

const safety = (severity: number, ageMs: number): Told => ({ layer: "safety", severity, ageMs });
const infrastructure = (severity: number, ageMs: number): Told => ({ layer: "infrastructure", severity, ageMs });
const vibe = (severity: number, ageMs: number): Told => ({ layer: "vibe", severity, ageMs });
const opportunity = (severity: number, ageMs: number): Told => ({ layer: "opportunity", severity, ageMs });
const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

describe("scores of a neighbourhood", () => {
  it.each([
    // what, reports, safety, vibe, infrastructure, opportunity, overall: by hand
    ["no reports", [], [100, 50, 100, 50, 75]],
    ["one new theft of 3: 100 - 9", [safety(3, HOUR)], [91, 50, 100, 50, 72.8]],
    ["its last millisecond of weight 1", [safety(1, DAY - 1)], [97, 50, 100, 50, 74.3]],
    ["exactly one day: 0.7", [safety(1, DAY)], [97.9, 50, 100, 50, 74.5]],
    ["exactly seven days: 0.7 still", [safety(1, 7 * DAY)], [97.9, 50, 100, 50, 74.5]],
    ["a millisecond more: 0.4", [safety(1, 7 * DAY + 1)], [98.8, 50, 100, 50, 74.7]],
    ["exactly 14 days: 0.4 still", [safety(5, 14 * DAY)], [94, 50, 100, 50, 73.5]],
    ["a millisecond more: 0.2", [safety(5, 14 * DAY + 1)], [97, 50, 100, 50, 74.3]],
    ["exactly 30 days: 0.2 still", [safety(5, 30 * DAY)], [97, 50, 100, 50, 74.3]],
    ["a millisecond more: nothing", [safety(5, 30 * DAY + 1)], [100, 50, 100, 50, 75]],
    ["from the future: new", [safety(1, -HOUR)], [97, 50, 100, 50, 74.3]],
    ["a pothole of 4, two days old: 100 - 4 * 0.7 * 2", [infrastructure(4, 2 * DAY)], [100, 50, 94.4, 50, 73.6]],
    ["a festival of 5: 50 + 10", [vibe(5, 0)], [100, 60, 100, 50, 77.5]],
    ["a market of 2, ten days old: 50 + 2 * 0.4 * 2", [opportunity(2, 10 * DAY)], [100, 50, 100, 51.6, 75.4]],
    ["every layer once", [safety(2, 0), vibe(2, 0), infrastructure(2, 0), opportunity(2, 0)], [94, 54, 96, 54, 74.5]],
    ["safety at the lower clamp: 100 - 7 * 15", times(7, safety(5, 0)), [0, 50, 100, 50, 50]],
    ["just above it: 100 - 6 * 15 - 9", [...times(6, safety(5, 0)), safety(3, 0)], [1, 50, 100, 50, 50.3]],
    ["vibe exactly at the upper clamp: 50 + 5 * 10", times(5, vibe(5, 0)), [100, 100, 100, 50, 87.5]],
    ["and beyond", times(50, vibe(5, 0)), [100, 100, 100, 50, 87.5]],
    [
      "ages mixed: 100 - 3 * (3 + 2 * 0.7 + 1 * 0.4 + 5 * 0.2)",
      [safety(3, 0), safety(2, 3 * DAY), safety(1, 9 * DAY), safety(5, 20 * DAY)],
      [82.6, 50, 100, 50, 70.7],
    ],
  ])("%s", (_, told: readonly Told[], expected) => {
    expect(scoresOf(told)).toEqual(expected);
  });

  const report = fc.record({
    layer: fc.constantFrom(...REPORT_LAYERS),
    severity: fc.integer({ min: 1, max: 5 }),
    ageMs: fc.integer({ min: 0, max: 89 * DAY }),
  });
  const direction = { safety: -1, vibe: 1, infrastructure: -1, opportunity: 1 };
  const index = (layer: ScoreName) => SCORE_NAMES.indexOf(layer);

  it("never leaves 0..100, nor has more than one decimal", () => {
    fc.assert(
      fc.property(fc.array(report, { maxLength: 60 }), (told) => {
        for (const score of scoresOf(told)) {
          expect(score >= 0 && score <= 100).toBe(true);
          expect(Math.round(score * 10) / 10).toBe(score);
        }
      }),
    );
  });

  it("moves one way with severity and with recency", () => {
    fc.assert(
      fc.property(fc.array(report, { maxLength: 10 }), report, (others, one) => {
        const i = index(one.layer);
        const score = (told: Told) => (scoresOf([...others, told])[i] ?? 0) * direction[one.layer];
        const before = score(one);
        if (one.severity < 5) expect(score({ ...one, severity: one.severity + 1 })).toBeGreaterThanOrEqual(before);
        expect(score({ ...one, ageMs: Math.floor(one.ageMs / 2) })).toBeGreaterThanOrEqual(before);
        expect(before).toBeGreaterThanOrEqual((scoresOf(others)[i] ?? 0) * direction[one.layer]);
        const overall = (told: readonly Told[]) => (scoresOf(told)[index("overall")] ?? 0) * direction[one.layer];
        expect(overall([...others, one])).toBeGreaterThanOrEqual(overall(others));
      }),
    );
  });

  it("adds up before the clamp, whichever reports are summed first", () => {
    const weight = (told: readonly Told[], layer: ReportLayer) =>
      [...tallies(told.map((each) => at(each))).values()][0]?.weightTenths[layer] ?? 0;
    fc.assert(
      fc.property(fc.array(report, { maxLength: 20 }), fc.array(report, { maxLength: 20 }), (some, more) => {
        for (const layer of REPORT_LAYERS) {
          const change = (told: readonly Told[]) =>
            unclampedTenths(layer, weight(told, layer)) - unclampedTenths(layer, 0);
          expect(change([...some, ...more])).toBe(change(some) + change(more));
        }
      }),
    );
  });
});

describe("scores of larger cells", () => {
  const cell = (geohash: string, reportCount: number, score: number): ScoredCell => ({
    geohash,
    reportCount,
    reportCount7d: 0,
    scores: { safety: score, vibe: score, infrastructure: score, opportunity: score, overall: score },
  });

  it("are means by reports, rounded half up, with the mean of their own scores as overall", () => {
    expect(meanScores([cell("9q8yyk", 1, 900), cell("9q8yym", 3, 500)])).toMatchObject({ safety: 600, overall: 600 });
    // (900 + 901) / 2 = 900.5
    expect(meanScores([cell("9q8yyk", 1, 900), cell("9q8yym", 1, 901)]).vibe).toBe(901);
    expect(meanScores([cell("9q8yyk", 2, 900), cell("9q8yym", 1, 901)]).vibe).toBe(900);
    expect(meanScores([])).toEqual(NEUTRAL_SCORES);
  });

  it("lie between those of their neighbourhoods, and count all their reports", () => {
    const scored = fc.record({
      score: fc.integer({ min: 0, max: 1000 }),
      reportCount: fc.integer({ min: 1, max: 500 }),
    });
    fc.assert(
      fc.property(fc.array(scored, { minLength: 1, maxLength: 32 }), (inside) => {
        const cells = inside.map(({ score, reportCount }, i) => cell(`9q8yy${BASE32[i]}`, reportCount, score));
        const { scores, reportCount } = gather("9q8yy", cells);
        expect(scores.safety).toBeGreaterThanOrEqual(Math.min(...inside.map(({ score }) => score)));
        expect(scores.safety).toBeLessThanOrEqual(Math.max(...inside.map(({ score }) => score)));
        expect(reportCount).toBe(inside.reduce((sum, each) => sum + each.reportCount, 0));
      }),
    );
  });

  it("are made for every cell around a neighbourhood, counting the last seven days apart", () => {
    // Two neighbourhoods of one cell of precision 5, and one far away.
    const reports = [
      at(safety(5, HOUR)),
      at(vibe(1, 40 * DAY)),
      at(safety(5, HOUR), -122.405),
      at(vibe(5, HOUR), -97.74, 30.27),
    ];
    const scored = new Map(scoreCells(tallies(reports)).map((each) => [each.geohash, each]));
    expect([...scored.keys()].map((key) => key.length)).toEqual([6, 6, 6, 5, 5, 4, 4]);
    expect(scored.get("9q8yy")).toMatchObject({ reportCount: 3, reportCount7d: 2, scores: { safety: 850, vibe: 500 } });
    expect(scored.get("9q8y")?.scores).toEqual(scored.get("9q8yy")?.scores);
    expect(scored.get("9v6k")?.scores).toMatchObject({ safety: 1000, vibe: 600 });
  });
});
