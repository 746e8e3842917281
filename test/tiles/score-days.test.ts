import { describe, expect, it } from "vitest";
import { microCellsOfReports } from "../../tiles/cells/micro-cells.ts";
import { DAY_MS, REPORT_LAYERS } from "../../tiles/layers.ts";
import { columnsOfReports } from "../../tiles/report-columns.ts";
import { type DayCount, tallyAtEndOf } from "../../tiles/scores/score-days.ts";
import { EMPTY_TALLY, tallyNeighborhoods } from "../../tiles/scores/scores.ts";
import { seededRandom } from "../kit/random.ts";
import { makeReport } from "../kit/sample-reports.ts";

describe("the tally of a past day", () => {
  it("is the one that the reports made until then give at its end", () => {
    const random = seededRandom(5);
    const today = 20_500;
    const reports = REPORT_LAYERS.flatMap((layer) =>
      Array.from({ length: 400 }, () =>
        makeReport(
          { layer, lonDeg: -122.42, latDeg: 37.77, createdAtMs: Math.floor((today - 120 * random()) * DAY_MS) },
          random,
        ),
      ),
    );
    const counts = reports.map(
      ({ layer, createdAtMs, severity }): DayCount => ({
        layer,
        day: Math.floor(createdAtMs / DAY_MS),
        reportCount: 1,
        worthQuarters: 4,
        severityQuarters: 4 * severity,
      }),
    );
    for (const day of [today - 40, today - 12, today - 1]) {
      const endMs = (day + 1) * DAY_MS - 1;
      const cells = REPORT_LAYERS.map((layer) => {
        const known = reports.filter((report) => report.layer === layer && report.createdAtMs <= endMs);
        return [layer, microCellsOfReports(columnsOfReports(known), 6, endMs)] as const;
      });
      const tallies = [...tallyNeighborhoods(Object.fromEntries(cells)).values()];
      const sum = (count: (tally: (typeof tallies)[number]) => number) => tallies.reduce((n, one) => n + count(one), 0);
      const tally = tallyAtEndOf(day, counts);
      expect(tally.reportCount).toBe(sum(({ reportCount }) => reportCount));
      expect(tally.reportCount7d).toBe(sum(({ reportCount7d }) => reportCount7d));
      for (const layer of REPORT_LAYERS) {
        expect(tally.weightFortieths[layer]).toBe(sum(({ weightFortieths }) => weightFortieths[layer]));
        expect(tally.worthQuarters[layer]).toBe(sum(({ worthQuarters }) => worthQuarters[layer]));
        expect(tally.reportCount30d[layer]).toBe(sum(({ reportCount30d }) => reportCount30d[layer]));
      }
    }
  });

  it("is empty before the first report", () => {
    const count: DayCount = { layer: "vibe", day: 20_000, reportCount: 2, worthQuarters: 6, severityQuarters: 27 };
    expect(tallyAtEndOf(19_999, [count])).toEqual(EMPTY_TALLY);
    expect(tallyAtEndOf(20_000, [count]).weightFortieths.vibe).toBe(270);
  });
});
