import ngeohash from "ngeohash";
import { beforeEach, describe, expect, it } from "vitest";
import { describeOnEachPostgres } from "../../kit/postgres/each-postgres.ts";
import {
  AUSTIN_A,
  AUSTIN_B,
  addCounts,
  addScores,
  createRelationalApp,
  DAY,
  HOUR,
  NOWHERE,
  SF_A,
  SF_B,
  SF_C,
  SF_D,
  TABLES,
} from "../../kit/trends-fixture.ts";

interface Average {
  readonly average: number | null;
  readonly lowest: number | null;
  readonly highest: number | null;
  readonly neighborhoods: number;
}

interface Changes {
  readonly changes: readonly { readonly city: string; readonly change: number | null }[];
}

interface Rising {
  readonly neighborhoods: readonly { readonly geohash: string; readonly change_percent: number | null }[];
  readonly next_cursor: string | null;
}

interface Daily {
  readonly days: readonly { readonly day: string; readonly reports: number }[];
}

describeOnEachPostgres("the relational questions", TABLES, (pool) => {
  const app = () => createRelationalApp(pool());

  describe("GET /api/trends/average", () => {
    beforeEach(() =>
      addScores(pool(), [
        // 80 for the first half of the week, then 40: 60. What held before the week does not count.
        { geohash: SF_A, agoMs: 10 * DAY, safety: 10 },
        { geohash: SF_A, agoMs: 8 * DAY, safety: 80, vibe: 70 },
        { geohash: SF_A, agoMs: 3.5 * DAY, safety: 40, vibe: 30 },
        // Scored three times within hours, known for two days only: 90, and as much as the other.
        { geohash: SF_B, agoMs: 2 * DAY, safety: 90, vibe: 60 },
        { geohash: SF_B, agoMs: 2 * DAY - HOUR, safety: 90, vibe: 60 },
        { geohash: SF_B, agoMs: 2 * DAY - 2 * HOUR, safety: 90, vibe: 60 },
        // Too long ago to say anything of this week, in the future, of another precision, city or none.
        { geohash: SF_C, agoMs: 20 * DAY, safety: 0 },
        { geohash: SF_C, agoMs: -HOUR, safety: 0 },
        { geohash: SF_A.slice(0, 5), agoMs: DAY, safety: 0 },
        { geohash: AUSTIN_A, agoMs: DAY, safety: 30 },
        { geohash: NOWHERE, agoMs: DAY, safety: 20 },
      ]),
    );
    const average = (query: string) => app().read<Average>(`/api/trends/average?${query}`);

    it("answers the mean of a city's neighbourhoods over the last 7 days", async () => {
      expect(await average("city=san-francisco&layer=safety&days=7")).toEqual({
        layer: "safety",
        city: "san-francisco",
        from: "2026-05-25T12:00:00.000Z",
        to: "2026-06-01T12:00:00.000Z",
        average: 75,
        lowest: 60,
        highest: 90,
        neighborhoods: 2,
      });
    });

    it("takes other spans, scores and areas", async () => {
      // In two days: 40, 90 and 90; 30 for Austin.
      expect(await average("city=san-francisco&days=2")).toMatchObject({ average: 65, neighborhoods: 2 });
      expect(await average("city=san-francisco&layer=vibe")).toMatchObject({ average: 55, lowest: 50, highest: 60 });
      // 90 and 30: the other's last row is more than two days older than the span.
      expect(await average("days=1")).toMatchObject({ average: 60, neighborhoods: 2 });
      expect(await average(`geohash=${SF_B}`)).toMatchObject({ average: 90, neighborhoods: 1 });
      expect(await average("geohash=9")).toMatchObject({ average: 60, neighborhoods: 3 });
      expect(await average("geohash=9&city=austin")).toMatchObject({ average: 30, neighborhoods: 1 });
      expect(await average("bbox=13,52,14,53")).toMatchObject({ average: 20, neighborhoods: 1 });
      expect(await average("bbox=13,52,14,53&city=austin")).toMatchObject({ average: null, neighborhoods: 0 });
      expect(await average("city=brooklyn")).toMatchObject({ average: null, lowest: null, neighborhoods: 0 });
    });
  });

  describe("GET /api/trends/changes", () => {
    beforeEach(() =>
      addScores(pool(), [
        // Last week 65 for two days and 80 for one: 70. This week 80 and 40, half of it each: 60.
        { geohash: SF_A, agoMs: 10 * DAY, safety: 65 },
        { geohash: SF_A, agoMs: 8 * DAY, safety: 80 },
        { geohash: SF_A, agoMs: 3.5 * DAY, safety: 40 },
        // Known this week only.
        { geohash: SF_B, agoMs: 2 * DAY, safety: 0 },
        // 50, and from the first moment of this week on 70.
        { geohash: AUSTIN_A, agoMs: 15 * DAY, safety: 50 },
        { geohash: AUSTIN_A, agoMs: 7 * DAY, safety: 70 },
        { geohash: AUSTIN_B, agoMs: 14 * DAY, safety: 80 },
        { geohash: NOWHERE, agoMs: 10 * DAY, safety: 80 },
      ]),
    );

    it("answers the change week over week by city, of neighbourhoods known in both", async () => {
      const austin = {
        city: "austin",
        this_week: 75,
        last_week: 65,
        change: 10,
        confidence: "medium",
        neighborhoods: 2,
        left_out: 0,
      };
      const sf = {
        city: "san-francisco",
        this_week: 60,
        last_week: 70,
        change: -10,
        confidence: "medium",
        neighborhoods: 1,
        left_out: 1,
      };
      expect(await app().read("/api/trends/changes?layer=safety&by=city")).toEqual({
        layer: "safety",
        by: "city",
        last_week: { from: "2026-05-18T12:00:00.000Z", to: "2026-05-25T12:00:00.000Z" },
        this_week: { from: "2026-05-25T12:00:00.000Z", to: "2026-06-01T12:00:00.000Z" },
        changes: [austin, sf],
      });
      expect((await app().read<Changes>("/api/trends/changes?city=austin")).changes).toEqual([austin]);
      expect((await app().read<Changes>("/api/trends/changes?city=brooklyn")).changes).toEqual([]);
    });

    it("knows no change of a city that is new", async () => {
      await pool().query("DELETE FROM neighborhood_scores WHERE geohash = $1", [SF_A]);
      const { changes } = await app().read<Changes>("/api/trends/changes?city=san-francisco");
      expect(changes).toEqual([
        expect.objectContaining({ this_week: null, last_week: null, change: null, confidence: null, left_out: 1 }),
      ]);
    });

    it("tells no change where few have reported in one of the weeks", async () => {
      await pool().query("UPDATE neighborhood_scores SET safety_quarters = 11 WHERE geohash = $1 AND safety = 40", [
        SF_A,
      ]);
      const { changes } = await app().read<Changes>("/api/trends/changes?city=san-francisco");
      expect(changes).toMatchObject([{ this_week: 60, last_week: 70, change: null, confidence: "low" }]);
    });

    it("compares no week in which there was no score", async () => {
      await pool().query("UPDATE neighborhood_scores SET safety = NULL WHERE geohash = $1 AND safety <> 40", [SF_A]);
      const { changes } = await app().read<Changes>("/api/trends/changes?city=san-francisco");
      expect(changes).toMatchObject([{ change: null, neighborhoods: 0, left_out: 2 }]);
    });
  });

  describe("GET /api/trends/rising", () => {
    beforeEach(() =>
      addCounts(pool(), [
        // 10 on the last day of last month, 13 on the first and last of this: 30% more, exactly.
        [SF_A, "2026-05-02", 10],
        [SF_A, "2026-05-03", 7],
        [SF_A, "2026-06-01", 6],
        // 29% more.
        [SF_B, "2026-04-03", 100],
        [SF_B, "2026-05-20", 129],
        // None last month: the day before it does not count, nor tomorrow.
        [SF_C, "2026-04-02", 50],
        [SF_C, "2026-05-10", 6],
        [SF_C, "2026-06-02", 9],
        // From 1 to 2.
        [SF_D, "2026-04-10", 1],
        [SF_D, "2026-05-10", 2],
        [SF_D, "2026-04-10", 1, "safety"],
        [SF_D, "2026-05-10", 100, "safety"],
        [AUSTIN_A, "2026-04-10", 4],
        [AUSTIN_A, "2026-05-10", 12],
        [AUSTIN_B, "2026-04-10", 9],
        [NOWHERE, "2026-05-10", 20],
      ]),
    );
    const rising = (query: string) => app().read<Rising>(`/api/trends/rising?${query}`);
    const found = async (query: string) =>
      (await rising(query)).neighborhoods.map(({ geohash, change_percent }) => [geohash, change_percent]);

    it("answers the neighbourhoods with at least 30% more reports this month than last", async () => {
      const { latitude, longitude } = ngeohash.decode(SF_C);
      expect(await rising("city=san-francisco&layer=infrastructure&min_change=30")).toEqual({
        areas: [],
        areas_left_out: 0,
        layer: "infrastructure",
        last_month: { from: "2026-04-03", to: "2026-05-02" },
        this_month: { from: "2026-05-03", to: "2026-06-01" },
        neighborhoods: [
          expect.objectContaining({
            geohash: SF_A,
            reports: 13,
            reports_last_month: 10,
            change_percent: 30,
            is_small: false,
          }),
          {
            geohash: SF_C,
            name: expect.stringMatching(/^[A-Z]/),
            city: "san-francisco",
            lat: expect.closeTo(latitude, 6),
            lon: expect.closeTo(longitude, 6),
            reports: 6,
            reports_last_month: 0,
            change_percent: null,
            is_small: true,
          },
        ],
        next_cursor: null,
      });
    });

    it("asks all cities without one, and takes other bounds and areas", async () => {
      const all = [
        [AUSTIN_A, 200],
        [SF_A, 30],
        // What rises from nothing is told last.
        [SF_C, null],
      ];
      expect(await found("city=&layer=infrastructure&min_change=30")).toEqual(all);
      expect(await found("city=san-francisco&min_change=29&min_reports=0")).toEqual([
        [SF_D, 100],
        [SF_A, 30],
        [SF_B, 29],
        [SF_C, null],
      ]);
      expect(await found("min_change=30.01")).toEqual([all[0], all[2]]);
      expect(await found("min_reports=13")).toEqual([[SF_A, 30]]);
      expect(await found("layer=safety")).toEqual([[SF_D, 9900]]);
      expect(await found("geohash=u33")).toEqual([[NOWHERE, null]]);
      expect(await found("bbox=-98,30,-97,31")).toEqual([[AUSTIN_A, 200]]);
    });

    it("pages through them by their rank, each once", async () => {
      const pages: unknown[] = [];
      let path: string | undefined = "/api/trends/rising?min_reports=0&min_change=0&limit=2";
      for (let i = 0; i < 5 && path !== undefined; i++) {
        const response = await app().get(path);
        pages.push(((await response.json()) as Rising).neighborhoods.map(({ geohash }) => geohash));
        path = /<([^>]+)>; rel="next"/.exec(response.headers.get("link") ?? "")?.[1];
      }
      expect(pages).toEqual([[AUSTIN_A, SF_D], [SF_A, SF_B], [SF_C]]);
    });
  });

  describe("GET /api/trends/daily", () => {
    beforeEach(() =>
      addCounts(pool(), [
        [SF_A, "2026-05-30", 4],
        [SF_A, "2026-05-30", 2, "vibe"],
        [SF_A, "2026-06-01", 1],
        [SF_B, "2026-05-30", 3],
        [SF_C, "2026-05-31", 1],
        // The day before the span, and tomorrow.
        [SF_B, "2026-05-29", 9],
        [SF_B, "2026-06-02", 9],
        [AUSTIN_A, "2026-06-01", 5],
        [NOWHERE, "2026-06-01", 8],
      ]),
    );
    const daily = (query: string) => app().read<Daily>(`/api/trends/daily?days=3&${query}`);
    const counts = async (query: string) => (await daily(query)).days.map(({ reports }) => reports);

    it("answers a city's reports of each day, also of the days without, and its busiest neighbourhoods'", async () => {
      await pool().query("UPDATE report_counts SET severity_sum = 10 WHERE geohash = $1 AND layer = 'vibe'", [SF_A]);
      const { latitude, longitude } = ngeohash.decode(SF_A);
      expect(await daily("city=san-francisco&layer=infrastructure,vibe&limit=2")).toEqual({
        layers: ["infrastructure", "vibe"],
        from: "2026-05-30",
        to: "2026-06-01",
        days: [
          { day: "2026-05-30", reports: 9, severity: 3.4 },
          { day: "2026-05-31", reports: 1, severity: 3 },
          { day: "2026-06-01", reports: 1, severity: 3 },
        ],
        neighborhoods: [
          {
            geohash: SF_A,
            name: "Hayes Valley",
            lat: expect.closeTo(latitude, 6),
            lon: expect.closeTo(longitude, 6),
            total: 7,
            reports: [6, 0, 1],
          },
          expect.objectContaining({ geohash: SF_B, total: 3, reports: [3, 0, 0] }),
        ],
        left_out: 1,
      });
    });

    it("takes one layer or all, other areas, and tells only the sums unless asked", async () => {
      expect(await counts("city=san-francisco&layer=vibe")).toEqual([2, 0, 0]);
      expect(await counts("")).toEqual([9, 1, 6]);
      expect(await counts(`geohash=${SF_A}`)).toEqual([6, 0, 1]);
      expect(await counts("geohash=9q8yy&city=austin")).toEqual([0, 0, 0]);
      expect(await counts("bbox=13,52,14,53")).toEqual([0, 0, 8]);
      expect(await daily("city=brooklyn&limit=5")).toMatchObject({ days: [{ severity: null }, {}, {}], left_out: 0 });
      expect(await daily("")).toMatchObject({ neighborhoods: [], left_out: 0 });
      expect((await app().read<Daily>("/api/trends/daily?days=90")).days).toHaveLength(90);
    });
  });
});
