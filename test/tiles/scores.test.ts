import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { microCellsOfReports } from "../../tiles/cells/micro-cells.ts";
import { BASE32 } from "../../tiles/geo/geohash.ts";
import { REPORT_LAYERS, type ReportLayer } from "../../tiles/layers.ts";
import type { Report } from "../../tiles/report.ts";
import { columnsOfReports } from "../../tiles/report-columns.ts";
import {
  CONFIDENCES,
  confidencesOf,
  EMPTY_TALLY,
  gather,
  meanScores,
  perLayer,
  SCORE_NAMES,
  type ScoredCell,
  type ScoreName,
  type ScoreTally,
  scoreCells,
  scoresOfTally,
  tallyNeighborhoods,
  unclampedTenths,
} from "../../tiles/scores/scores.ts";
import { weighRows } from "../../tiles/weigh-rows.ts";
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
  readonly reporter?: number;
}

const at = ({ ageMs, ...told }: Told, lonDeg = -122.42, latDeg = 37.77): Report =>
  makeReport({ lonDeg, latDeg, createdAtMs: NOW - ageMs, ...told }, random);

function tallies(reports: readonly Report[]): Map<string, ScoreTally> {
  return tallyNeighborhoods(
    Object.fromEntries(
      REPORT_LAYERS.map((layer) => {
        const columns = weighRows(columnsOfReports(reports.filter((report) => report.layer === layer)));
        return [layer, microCellsOfReports(columns, 7, NOW)];
      }),
    ),
  );
}

function tallyOf(told: readonly Told[]): ScoreTally {
  const [tally = EMPTY_TALLY] = tallies(told.map((each) => at(each))).values();
  return tally;
}

function scoresOf(told: readonly Told[]): (number | null)[] {
  const scores = scoresOfTally(tallyOf(told));
  return SCORE_NAMES.map((name) => {
    const tenths = scores[name];
    return tenths === null ? null : tenths / 10;
  });
}

const safety = (severity: number, ageMs: number): Told => ({ layer: "safety", severity, ageMs });
const infrastructure = (severity: number, ageMs: number): Told => ({ layer: "infrastructure", severity, ageMs });
const vibe = (severity: number, ageMs: number): Told => ({ layer: "vibe", severity, ageMs });
const opportunity = (severity: number, ageMs: number): Told => ({ layer: "opportunity", severity, ageMs });
/** By one client, an hour ago. */
const byOne = (severity: number, reporter = 7): Told => ({ ...safety(severity, HOUR), reporter });
const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

describe("scores of a neighbourhood", () => {
  it.each([
    // what, reports, safety, vibe, infrastructure, opportunity, overall: by hand
    ["no reports: no scores", [], [null, null, null, null, null]],
    ["one new theft of 3: 100 - 9", [safety(3, HOUR)], [91, null, null, null, 91]],
    ["its last millisecond of weight 1", [safety(1, DAY - 1)], [97, null, null, null, 97]],
    ["exactly one day: 0.7", [safety(1, DAY)], [97.9, null, null, null, 97.9]],
    ["exactly seven days: 0.7 still", [safety(1, 7 * DAY)], [97.9, null, null, null, 97.9]],
    ["a millisecond more: 0.4", [safety(1, 7 * DAY + 1)], [98.8, null, null, null, 98.8]],
    ["exactly 14 days: 0.4 still", [safety(5, 14 * DAY)], [94, null, null, null, 94]],
    ["a millisecond more: 0.2", [safety(5, 14 * DAY + 1)], [97, null, null, null, 97]],
    ["exactly 30 days: 0.2 still", [safety(5, 30 * DAY)], [97, null, null, null, 97]],
    ["a millisecond more: no score", [safety(5, 30 * DAY + 1)], [null, null, null, null, null]],
    ["from the future: new", [safety(1, -HOUR)], [97, null, null, null, 97]],
    ["a pothole of 4, two days old: 100 - 4 * 0.7 * 2", [infrastructure(4, 2 * DAY)], [null, null, 94.4, null, 94.4]],
    ["a festival of 5: 50 + 10", [vibe(5, 0)], [null, 60, null, null, 60]],
    ["a market of 2, ten days old: 50 + 2 * 0.4 * 2", [opportunity(2, 10 * DAY)], [null, null, null, 51.6, 51.6]],
    ["every layer once", [safety(2, 0), vibe(2, 0), infrastructure(2, 0), opportunity(2, 0)], [94, 54, 96, 54, 74.5]],
    ["two layers: (97.9 + 60) / 2 = 78.95", [safety(1, DAY), vibe(5, 0)], [97.9, 60, null, null, 79]],
    ["safety at the lower clamp: 100 - 7 * 15", times(7, safety(5, 0)), [0, null, null, null, 0]],
    ["just above it: 100 - 6 * 15 - 9", [...times(6, safety(5, 0)), safety(3, 0)], [1, null, null, null, 1]],
    ["vibe exactly at the upper clamp: 50 + 5 * 10", times(5, vibe(5, 0)), [null, 100, null, null, 100]],
    ["and beyond", times(50, vibe(5, 0)), [null, 100, null, null, 100]],
    [
      "ages mixed: 100 - 3 * (3 + 2 * 0.7 + 1 * 0.4 + 5 * 0.2)",
      [safety(3, 0), safety(2, 3 * DAY), safety(1, 9 * DAY), safety(5, 20 * DAY)],
      [82.6, null, null, null, 82.6],
    ],
    ["two of one client: 100 - 15 - 7.5", times(2, byOne(5)), [77.5, null, null, null, 77.5]],
    ["three: 100 - 15 - 7.5 - 3.75 = 73.75", times(3, byOne(5)), [73.8, null, null, null, 73.8]],
    ["five", times(5, byOne(5)), [73.8, null, null, null, 73.8]],
    ["five hundred", times(500, byOne(5)), [73.8, null, null, null, 73.8]],
    [
      "three of each of two: 100 - 2 * 26.25",
      [...times(3, byOne(5, 1)), ...times(3, byOne(5, 2))],
      [47.5, null, null, null, 47.5],
    ],
  ])("%s", (_, told: readonly Told[], expected) => {
    expect(scoresOf(told)).toEqual(expected);
  });

  const report = fc.record({
    layer: fc.constantFrom(...REPORT_LAYERS),
    severity: fc.integer({ min: 1, max: 5 }),
    ageMs: fc.integer({ min: 0, max: 89 * DAY }),
    reporter: fc.constantFrom(0, 0, 1, 2),
  });
  const own = report.map((told) => ({ ...told, reporter: 0 }));
  const direction = { safety: -1, vibe: 1, infrastructure: -1, opportunity: 1 };
  const index = (layer: ScoreName) => SCORE_NAMES.indexOf(layer);

  it("never leaves 0..100, nor has more than one decimal", () => {
    fc.assert(
      fc.property(fc.array(report, { maxLength: 60 }), (told) => {
        for (const score of scoresOf(told)) {
          if (score === null) continue;
          expect(score >= 0 && score <= 100).toBe(true);
          expect(Math.round(score * 10) / 10).toBe(score);
        }
      }),
    );
  });

  it("is there exactly where a layer has reports of 30 days, and overall where some layer has", () => {
    fc.assert(
      fc.property(fc.array(report, { maxLength: 6 }), (told) => {
        const isNew = (layer: ScoreName) => told.some((each) => each.layer === layer && each.ageMs <= 30 * DAY);
        const scores = scoresOf(told);
        for (const layer of REPORT_LAYERS) expect(scores[index(layer)] !== null).toBe(isNew(layer));
        expect(scores[index("overall")] !== null).toBe(REPORT_LAYERS.some(isNew));
      }),
    );
  });

  it("moves one way with severity and with recency", () => {
    const start = { safety: 100, vibe: 50, infrastructure: 100, opportunity: 50 };
    fc.assert(
      fc.property(fc.array(own, { maxLength: 10 }), own, (others, one) => {
        const scoreOf = (told: readonly Told[]) =>
          (scoresOf(told)[index(one.layer)] ?? start[one.layer]) * direction[one.layer];
        const score = (told: Told) => scoreOf([...others, told]);
        const before = score(one);
        if (one.severity < 5) expect(score({ ...one, severity: one.severity + 1 })).toBeGreaterThanOrEqual(before);
        expect(score({ ...one, ageMs: Math.floor(one.ageMs / 2) })).toBeGreaterThanOrEqual(before);
        expect(before).toBeGreaterThanOrEqual(scoreOf(others));
      }),
    );
  });

  it("moves by no more than 1.75 of the gravest for what one client sends on a day", () => {
    const sent = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(fc.array(own, { maxLength: 5 }), sent, (others, severities) => {
        const before = tallyOf(others).weightFortieths.safety;
        const after = tallyOf([...others, ...severities.map((severity) => byOne(severity))]).weightFortieths.safety;
        expect(after - before).toBeGreaterThan(0);
        expect(after - before).toBeLessThanOrEqual(1.75 * 5 * 40);
      }),
    );
  });

  it("adds up before the clamp, whichever reports are summed first", () => {
    fc.assert(
      fc.property(fc.array(own, { maxLength: 20 }), fc.array(own, { maxLength: 20 }), (some, more) => {
        for (const layer of REPORT_LAYERS) {
          const change = (told: readonly Told[]) =>
            unclampedTenths(layer, tallyOf(told).weightFortieths[layer]) - unclampedTenths(layer, 0);
          expect(change([...some, ...more])).toBe(change(some) + change(more));
        }
      }),
    );
  });
});

describe("confidence", () => {
  const confidence = (told: readonly Told[]) => {
    const tally = tallyOf(told);
    return confidencesOf(scoresOfTally(tally), tally.worthQuarters);
  };

  it.each([
    ["no report", [], null],
    ["two reporters", times(2, safety(1, DAY)), "low"],
    ["three", times(3, safety(1, 29 * DAY)), "medium"],
    ["three, one of them older than 30 days", [...times(2, safety(1, DAY)), safety(1, 31 * DAY)], "low"],
    ["nine", times(9, safety(1, DAY)), "medium"],
    ["ten", times(10, safety(1, DAY)), "high"],
    ["five hundred reports of one", times(500, byOne(1)), "low"],
    [
      "one with three reports, another with two: 1.75 + 1.5",
      [...times(3, byOne(1, 1)), ...times(2, byOne(1, 2))],
      "medium",
    ],
  ])("of %s", (_, told: readonly Told[], expected) => {
    expect(confidence(told).safety).toBe(expected);
  });

  it("of the overall score is the lowest of those that there are", () => {
    expect(confidence([...times(10, safety(1, DAY)), ...times(3, vibe(1, DAY))])).toEqual({
      safety: "high",
      vibe: "medium",
      infrastructure: null,
      opportunity: null,
      overall: "medium",
    });
    expect(CONFIDENCES).toContain(confidence([safety(1, 0)]).overall);
  });
});

describe("scores of larger cells", () => {
  const cell = (geohash: string, worth: number, score: number | null): ScoredCell => ({
    geohash,
    reportCount: worth,
    reportCount7d: 0,
    reportCount30d: perLayer(() => worth),
    worthQuarters: perLayer(() => worth),
    scores: { ...perLayer(() => score), overall: score },
  });

  it("are means by what each layer's reports weigh, rounded half up, with the mean of their own scores as overall", () => {
    expect(meanScores([cell("9q8yyk", 1, 900), cell("9q8yym", 3, 500)])).toMatchObject({ safety: 600, overall: 600 });
    // (900 + 901) / 2 = 900.5
    expect(meanScores([cell("9q8yyk", 1, 900), cell("9q8yym", 1, 901)]).vibe).toBe(901);
    expect(meanScores([cell("9q8yyk", 2, 900), cell("9q8yym", 1, 901)]).vibe).toBe(900);
    expect(meanScores([cell("9q8yyk", 8, 900), cell("9q8yym", 500, null)]).safety).toBe(900);
    expect(meanScores([])).toEqual(scoresOfTally(EMPTY_TALLY));
  });

  it("weigh each layer by its own reports", () => {
    const [quiet, busy] = [cell("9q8yyk", 4, 900), cell("9q8yym", 4, 500)];
    const vibrant = { ...busy, worthQuarters: { ...busy.worthQuarters, vibe: 12 } };
    expect(meanScores([quiet, vibrant])).toMatchObject({ safety: 700, vibe: 600 });
  });

  it("lie between those of their neighbourhoods, and count all their reports", () => {
    const scored = fc.record({
      score: fc.integer({ min: 0, max: 1000 }),
      worth: fc.integer({ min: 1, max: 500 }),
    });
    fc.assert(
      fc.property(fc.array(scored, { minLength: 1, maxLength: 32 }), (inside) => {
        const cells = inside.map(({ score, worth }, i) => cell(`9q8yy${BASE32[i]}`, worth, score));
        const { scores, reportCount, worthQuarters } = gather("9q8yy", cells);
        expect(scores.safety).toBeGreaterThanOrEqual(Math.min(...inside.map(({ score }) => score)));
        expect(scores.safety).toBeLessThanOrEqual(Math.max(...inside.map(({ score }) => score)));
        expect(reportCount).toBe(inside.reduce((sum, { worth }) => sum + worth, 0));
        expect(worthQuarters.vibe).toBe(reportCount);
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
    expect(scored.get("9q8yy")).toMatchObject({
      reportCount: 3,
      reportCount7d: 2,
      worthQuarters: { safety: 8, vibe: 0 },
      scores: { safety: 850, vibe: null, overall: 850 },
    });
    expect(scored.get("9q8y")?.scores).toEqual(scored.get("9q8yy")?.scores);
    expect(scored.get("9v6k")?.scores).toMatchObject({ safety: null, vibe: 600 });
  });
});
