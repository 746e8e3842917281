import type { Pool } from "pg";
import { describe, expect, it } from "vitest";
import { silentLog } from "../../../server/console/log.ts";
import { sqlOfPool } from "../../../server/postgres/sql.ts";
import { createPyramid } from "../../../server/pyramid/pyramid.ts";
import { encodeGeohash } from "../../../tiles/geo/geohash.ts";
import { createTestApp, readJson } from "../../kit/app-fixture.ts";
import { AUSTIN, createWorld, DAY, HOUR, MISSION } from "../../kit/score-world.ts";

interface Card {
  readonly scores: Record<string, number | null>;
  readonly confidence: Record<string, string | null>;
  readonly worth: Record<string, number>;
  readonly report_count_30d: Record<string, number>;
  readonly history: string;
  readonly change_7d: Record<string, number | null> | null;
  readonly series: { day: string; safety: number; report_count_7d: number }[];
}

const HERE = encodeGeohash(MISSION.lonDeg, MISSION.latDeg, 7);

export const describeScoreHistory = (pool: () => Pool) =>
  describe("the score card's history", () => {
    it("has a value for each day, and the change since a week ago", async () => {
      const sql = sqlOfPool(pool());
      await sql("UPDATE score_state SET counted_until = NULL");
      const world = createWorld();
      const { app } = createTestApp({ ...world, sql, pyramid: createPyramid({ ...world, log: silentLog }) });
      const card = (geohash: string) => readJson<Card>(app.request(`/api/neighborhood/${geohash}`));
      await world.add({ ...MISSION, severity: 1, ageMs: HOUR }, 3);
      await world.add({ ...MISSION, layer: "vibe", severity: 1, ageMs: HOUR }, 2);
      await world.add({ ...AUSTIN, severity: 5, ageMs: HOUR });
      const scorer = world.scorer(sql);
      for (let day = 0; day < 8; day++) {
        await world.compact();
        await scorer.run();
        world.clock.nowMs += DAY;
      }
      await world.add({ ...MISSION, severity: 1 });
      const { history, series, change_7d, ...now } = await card(HERE);
      expect(history).toBe("available");
      // 100 - 9 on the first day, then 100 - 0.7 * 9 for six days, then 100 - 0.4 * 9, and today one of severity 1 more.
      expect(series.map(({ safety }) => safety)).toEqual([91, ...Array(6).fill(93.7), 96.4, 93.4]);
      expect(series.map(({ day }) => day.slice(8))).toEqual(["01", "02", "03", "04", "05", "06", "07", "08", "09"]);
      expect(now).toMatchObject({
        scores: { safety: 93.4, vibe: 51.6, infrastructure: null, opportunity: null, overall: 72.5 },
        confidence: { safety: "medium", vibe: "low", infrastructure: null, opportunity: null, overall: "low" },
        worth: { safety: 4, vibe: 2, infrastructure: 0, opportunity: 0 },
        report_count_30d: { safety: 4, vibe: 2, infrastructure: 0, opportunity: 0 },
      });
      // Told only where it means something: that of the vibe is made of two reports.
      expect(change_7d).toEqual({ safety: -0.3, vibe: null, infrastructure: null, opportunity: null, overall: null });
      const wide = await card(HERE.slice(0, 4));
      expect(wide.series).toHaveLength(9);
    });
  });
