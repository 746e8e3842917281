import type { Pool } from "pg";
import { describe, expect, it } from "vitest";
import { silentLog } from "../../../server/console/log.ts";
import { createSql } from "../../../server/postgres/questions.ts";
import { sqlOfPool } from "../../../server/postgres/sql.ts";
import { createPyramid } from "../../../server/pyramid/pyramid.ts";
import { createAreaScorer } from "../../../server/scores/area-scorer.ts";
import { areaHistoryStatement, createScoreHistory } from "../../../server/scores/score-history.ts";
import type { Area } from "../../../tiles/areas/area.ts";
import { createTestApp, readJson } from "../../kit/app-fixture.ts";
import { openAreas } from "../../kit/area-world.ts";
import { createWorld, DAY, HOUR, MISSION } from "../../kit/score-world.ts";

/** A square around a place, degrees. */
function square(id: string, lonDeg: number, latDeg: number): Area {
  const [west, south] = [Math.round((lonDeg - 0.01) * 1e6), Math.round((latDeg - 0.01) * 1e6)];
  const [east, north] = [west + 20_000, south + 20_000];
  const ring = Int32Array.from([west, south, east, south, east, north, west, north]);
  return { id, name: `Square ${id}`, box: { west, south, east, north }, polygons: [[ring]] };
}

const HERE = square("made-up-n-here", MISSION.lonDeg, MISSION.latDeg);
const THERE = square("made-up-n-there", MISSION.lonDeg + 0.05, MISSION.latDeg);

export const describeAreaScores = (pool: () => Pool) =>
  describe("the history of areas", () => {
    async function open() {
      const sql = sqlOfPool(pool());
      const world = createWorld();
      const areas = openAreas(world);
      await areas.bring([HERE, THERE]);
      const rows = async () =>
        sql<{ area: string; safety: string | null; n7: number; n30: number; at: Date }>(
          `SELECT area, safety::text, report_count_7d AS n7, report_count_30d AS n30, calculated_at AS at
           FROM area_scores ORDER BY area, calculated_at`,
        );
      const scorer = () => createAreaScorer({ ...world, sql, log: silentLog });
      return { sql, world, areas, rows, scorer };
    }

    it("has the scores of the reports inside, written once an hour at the most, and again only when they change", async () => {
      const { sql, world, rows, scorer: create } = await open();
      await world.add({ ...MISSION, severity: 5, ageMs: HOUR });
      await world.compact();
      const scorer = create();
      expect((await scorer.run()).rows).toBe(2);
      expect(await rows()).toMatchObject([
        { area: HERE.id, safety: "85.0", n7: 1, n30: 1 },
        { area: THERE.id, safety: null, n7: 0, n30: 0 },
      ]);
      expect((await scorer.run()).rows).toBe(0);
      expect((await create().run()).rows).toBe(0);
      world.clock.nowMs += HOUR;
      await world.add({ ...MISSION, severity: 1 });
      expect((await scorer.run()).rows).toBe(1);
      expect((await rows()).filter(({ area }) => area === HERE.id)).toMatchObject([
        { safety: "85.0" },
        { safety: "82.0" },
      ]);
      const [known] = await sql<{ name: string; west: number }>("SELECT name, west FROM areas WHERE id = $1", [
        HERE.id,
      ]);
      expect(known).toEqual({ name: HERE.name, west: HERE.box.west / 1e6 });
    });

    it("is part of an area's card, and is thinned to a row a day after eight days", async () => {
      const { sql, world, areas, rows, scorer: create } = await open();
      const questions = createSql(sql, silentLog);
      const pyramid = createPyramid({ ...world, log: silentLog });
      const history = createScoreHistory({ sql: questions, clock: world.clock, statement: areaHistoryStatement });
      const { app } = createTestApp({
        ...world,
        pyramid,
        areas: { ...areas, reports: pyramid.areaReports, history },
      });
      await world.add({ ...MISSION, severity: 5, ageMs: HOUR });
      const scorer = create();
      for (let day = 0; day < 8; day++) {
        await world.compact();
        await scorer.run();
        world.clock.nowMs += HOUR;
        await world.add({ ...MISSION, severity: 1 });
        await scorer.run();
        world.clock.nowMs += DAY - HOUR;
      }
      await pyramid.poll();
      const card = await readJson<{
        history: string;
        series: { day: string; safety: number }[];
        scores: { safety: number };
        change_7d: { safety: number };
      }>(app.request(`/api/areas/${HERE.id}`));
      expect(card.history).toBe("available");
      expect(card.series).toHaveLength(9);
      expect(card.series[0]?.safety).toBe(82);
      expect(card.series.at(-1)?.safety).toBe(card.scores.safety);
      expect(card.change_7d.safety).toBe(Math.round(10 * (card.scores.safety - (card.series[1]?.safety ?? 0))) / 10);
      const before = (await rows()).length;
      world.clock.nowMs += 9 * DAY;
      expect((await scorer.run()).thinned).toBe(before - 2 * 8);
    });
  });
