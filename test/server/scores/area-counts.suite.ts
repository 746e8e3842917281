import type { Pool } from "pg";
import { beforeEach, describe, expect, it } from "vitest";
import { silentLog } from "../../../server/console/log.ts";
import type { RunSql } from "../../../server/ports/sql.ts";
import { sqlOfPool } from "../../../server/postgres/sql.ts";
import { createAreaScorer } from "../../../server/scores/area-scorer.ts";
import type { Area } from "../../../tiles/areas/area.ts";
import { isInside } from "../../../tiles/areas/area-locator.ts";
import { encodeGeohash } from "../../../tiles/geo/geohash.ts";
import { REPORT_LAYERS } from "../../../tiles/layers.ts";
import type { Report } from "../../../tiles/report.ts";
import { columnsOfReports } from "../../../tiles/report-columns.ts";
import { weighRows } from "../../../tiles/weigh-rows.ts";
import { openAreas } from "../../kit/area-world.ts";
import { makePartition } from "../../kit/made-up-areas.ts";
import { seededRandom } from "../../kit/random.ts";
import { makeReport } from "../../kit/sample-reports.ts";
import { createWorld, DAY, failAtRandom, HOUR } from "../../kit/score-world.ts";

const WEST = -122_440_000;
const SOUTH = 37_750_000;
const partition = (seed: number, areas: number): Area[] =>
  makePartition({ west: WEST, south: SOUTH, size: 4, stepE6: 10_000, areas, random: seededRandom(seed) });

/** Reports on the partition and around it, of few reporters. */
function makeReports(count: number, nowMs: number, days: number, seed = 3): Report[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () =>
    makeReport(
      {
        layer: REPORT_LAYERS[Math.floor(4 * random())] ?? "vibe",
        lonDeg: WEST / 1e6 - 0.005 + 0.05 * random(),
        latDeg: SOUTH / 1e6 - 0.005 + 0.05 * random(),
        severity: 1 + Math.floor(5 * random()),
        reporter: Math.floor(4 * random()),
        createdAtMs: nowMs - 1000 - Math.floor(days * DAY * random()),
      },
      random,
    ),
  );
}

/** What the counts must be: a point in polygon of each row. What a report weighs does not depend on areas. */
function countByHand(reports: readonly Report[], areas: readonly Area[]): string[] {
  const groupOf = ({ lonDeg, latDeg, layer, createdAtMs }: Report) =>
    [layer, new Date(createdAtMs).toISOString().slice(0, 10), encodeGeohash(lonDeg, latDeg, 6)].join(" ");
  const sums = new Map<string, number[]>();
  for (const [key, group] of Map.groupBy(reports, groupOf)) {
    const { length, severity, quarters, lonE6, latE6 } = weighRows(columnsOfReports(group));
    for (let row = 0; row < length; row++) {
      const [x = 0, y = 0, severe = 0, weight = 0] = [lonE6[row], latE6[row], severity[row], quarters[row]];
      const area = areas.find(({ polygons }) => isInside(polygons, x, y));
      if (area === undefined) continue;
      const sum = sums.get(`${area.id} ${key}`) ?? [0, 0, 0, 0];
      sums.set(
        `${area.id} ${key}`,
        sum.map((each, i) => each + ([1, severe, weight, severe * weight][i] ?? 0)),
      );
    }
  }
  return [...sums].map(([key, sum]) => [key, ...sum].join(" ")).sort();
}

export const describeAreaCounts = (pool: () => Pool) =>
  describe("counts of areas", () => {
    let sql: RunSql;
    beforeEach(async () => {
      sql = sqlOfPool(pool());
      await sql("UPDATE score_state SET epoch = 0, counted_until = NULL");
    });

    async function readCounts(): Promise<string[]> {
      const rows = await sql<{ row: string }>(
        `SELECT concat_ws(' ', area, layer, day::text, geohash, report_count, severity_sum, worth_quarters, severity_quarters) AS row
         FROM area_counts`,
      );
      return rows.map(({ row }) => row).sort();
    }

    it("are exactly those of the places, after an import, new reports, and another set in its place", async () => {
      const world = createWorld();
      const areas = openAreas(world);
      await world.addAll(makeReports(600, world.clock.now(), 40));
      await world.compact();
      const scorer = world.scorer(sql);
      await scorer.run();
      expect(await readCounts()).toEqual([]);

      const [first, second] = [partition(1, 7), partition(2, 5)];
      await areas.bring(first);
      // Another process, and one that has nothing else to do.
      await scorer.run();
      expect(await readCounts()).toEqual(countByHand(world.reports, first));
      expect((await readCounts()).length).toBeGreaterThan(100);

      // A busy day, whose beginning is not read again.
      world.clock.nowMs += HOUR;
      for (let i = 0; i < 3; i++) {
        await world.addAll(makeReports(900, world.clock.now(), 0.02, 10 + i));
        await world.compact();
        await scorer.run();
        world.clock.nowMs += 10 * 60_000;
      }
      expect(await readCounts()).toEqual(countByHand(world.reports, first));

      world.clock.nowMs += HOUR;
      await areas.bring(second);
      await world.scorer(sql).run();
      expect(await readCounts()).toEqual(countByHand(world.reports, second));
    });

    it("are all there after statements that failed, whoever goes on", async () => {
      const world = createWorld();
      await world.addAll(makeReports(300, world.clock.now(), 40));
      await world.compact();
      await world.scorer(sql).run();
      const set = partition(1, 7);
      await openAreas(world).bring(set);
      const flaky = failAtRandom(sql, seededRandom(9), 0.3);
      for (let i = 0; i < 60; i++)
        await world
          .scorer(flaky.sql)
          .run()
          .catch(() => {});
      expect(flaky.faults()).toBeGreaterThan(5);
      await world.scorer(sql).run();
      expect(await readCounts()).toEqual(countByHand(world.reports, set));
    });

    const HISTORY = `
      SELECT area, to_char(calculated_at AT TIME ZONE 'UTC', 'MM-DD HH24') AS at, safety::float8, vibe::float8,
             infrastructure::float8, opportunity::float8, overall::float8, report_count_7d, report_count_30d,
             safety_quarters, vibe_quarters, infrastructure_quarters, opportunity_quarters
      FROM area_scores WHERE calculated_at < $1 ORDER BY area, calculated_at`;

    it("give areas that were imported a past, as the scorer would have written it every night", async () => {
      const startMs = createWorld().clock.nowMs;
      // Between the nights, so that no age ends in the minutes between a night's run and its midnight.
      const reports = makeReports(200, startMs, 24).filter(({ createdAtMs }) => (createdAtMs / DAY) % 1 < 0.9);
      const set = partition(1, 7);
      const then = createWorld();
      then.clock.nowMs = startMs - 5 * DAY + 11 * HOUR + 50 * 60_000;
      await openAreas(then).bring(set);
      const nightly = createAreaScorer({ ...then, sql, log: silentLog });
      for (let night = 0; night < 5; night++) {
        const isNew = ({ createdAtMs }: Report) =>
          createdAtMs <= then.clock.now() && (night === 0 || createdAtMs > then.clock.now() - DAY);
        await then.addAll(reports.filter(isNew));
        await then.compact();
        await nightly.run();
        then.clock.nowMs += DAY;
      }
      const today = new Date(Math.floor(startMs / DAY) * DAY);
      const expected = await sql(HISTORY, [today]);
      expect(expected.length).toBe(5 * set.length);
      await sql("TRUNCATE areas, area_scores");

      const now = createWorld();
      await now.addAll(reports);
      await now.compact();
      await now.scorer(sql).run();
      await openAreas(now).bring(set);
      await now.scorer(sql).run();
      const scorer = () => createAreaScorer({ ...now, sql, log: silentLog });
      await scorer().run();
      const filled = await sql<{ at: string }>(HISTORY, [today]);
      const lastFive = new Set((expected as { at: string }[]).map(({ at }) => at));
      expect(filled.filter(({ at }) => lastFive.has(at))).toEqual(expected);
      expect(new Set(filled.map(({ at }) => at)).size).toBeGreaterThan(20);
      expect((await scorer().run()).rows).toBe(0);

      // What was cut off half way is gone on with, and what is there stays.
      await sql("DELETE FROM area_scores WHERE area = $1", [set[2]?.id]);
      await sql("UPDATE area_scores SET safety = 1 WHERE calculated_at < $1", [today]);
      await sql("UPDATE counted_area_sets SET is_filled = false");
      const flaky = failAtRandom(sql, seededRandom(4), 0.3);
      for (let i = 0; i < 20; i++)
        await createAreaScorer({ ...now, sql: flaky.sql, log: silentLog })
          .run()
          .catch(() => {});
      await scorer().run();
      const again = await sql<{ at: string; area: string }>(HISTORY, [today]);
      expect(again.length).toBe(filled.length);
      expect(again.filter(({ area }) => area === set[2]?.id)).toEqual(
        (filled as unknown as { area: string }[]).filter(({ area }) => area === set[2]?.id),
      );
    });
  });
