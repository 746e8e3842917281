import type { Pool } from "pg";
import { describe, expect, it } from "vitest";
import { silentLog } from "../../../server/console/log.ts";
import { sqlOfPool } from "../../../server/postgres/sql.ts";
import { createPyramid } from "../../../server/pyramid/pyramid.ts";
import { encodeGeohash } from "../../../tiles/geo/geohash.ts";
import { createTestApp, readJson } from "../../kit/app-fixture.ts";
import { AUSTIN, createWorld, DAY, HOUR, MISSION } from "../../kit/score-world.ts";

interface Card {
  readonly scores: Record<string, number>;
  readonly history: string;
  readonly change_7d: Record<string, number> | null;
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
      await world.add({ ...MISSION, severity: 5, ageMs: HOUR });
      await world.add({ ...AUSTIN, severity: 5, ageMs: HOUR });
      const scorer = world.scorer(sql);
      for (let day = 0; day < 8; day++) {
        await world.compact();
        await scorer.run();
        world.clock.nowMs += DAY;
      }
      await world.add({ ...MISSION, severity: 1 });
      const { history, series, change_7d, scores } = await card(HERE);
      expect(history).toBe("available");
      // 100 - 15 on the first day, then 100 - 0.7 * 15 for six days, then 100 - 0.4 * 15, and today one of severity 1 more.
      expect(series.map(({ safety }) => safety)).toEqual([85, ...Array(6).fill(89.5), 94, 91]);
      expect(series.map(({ day }) => day.slice(8))).toEqual(["01", "02", "03", "04", "05", "06", "07", "08", "09"]);
      expect(scores.safety).toBe(91);
      expect(change_7d).toEqual({ safety: 1.5, vibe: 0, infrastructure: 0, opportunity: 0, overall: 0.4 });
      const wide = await card(HERE.slice(0, 4));
      expect(wide.series).toHaveLength(9);
    });
  });
