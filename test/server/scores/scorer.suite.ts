import type { Pool } from "pg";
import { beforeEach, describe, expect, it } from "vitest";
import { silentLog } from "../../../server/console/log.ts";
import type { DerivedStore } from "../../../server/ports/derived-store.ts";
import type { RunSql } from "../../../server/ports/sql.ts";
import { sqlOfPool } from "../../../server/postgres/sql.ts";
import { createScorer } from "../../../server/scores/scorer.ts";
import { REPORT_LAYERS } from "../../../tiles/layers.ts";
import { SCORE_NAMES } from "../../../tiles/scores/scores.ts";
import { seededRandom } from "../../kit/random.ts";
import { makeCity } from "../../kit/sample-reports.ts";
import {
  AUSTIN,
  countByHand,
  createWorld,
  DAY,
  failAtRandom,
  HOUR,
  MINUTE,
  MISSION,
  NOWHERE,
  readCounts,
  readCurrent,
  readHistory,
} from "../../kit/score-world.ts";

export const describeScorer = (pool: () => Pool) =>
  describe("the scorer", () => {
    let sql: RunSql;
    beforeEach(async () => {
      sql = sqlOfPool(pool());
      await sql("UPDATE score_state SET epoch = 0, counted_until = NULL");
    });

    it("scores cells of every precision, each with its city, and writes nothing when nothing changed", async () => {
      const world = createWorld();
      await world.add({ ...MISSION, severity: 5 });
      await world.add({ ...MISSION, layer: "vibe", severity: 2, ageMs: 40 * DAY });
      await world.add({ ...AUSTIN, layer: "vibe", severity: 5 }, 3);
      await world.add(NOWHERE);
      await world.compact();
      const scorer = world.scorer(sql);
      expect(await scorer.run()).toMatchObject({ neighborhoods: 3, rows: 9 });
      await expectCurrent(pool(), world);
      const cities = (await readHistory(pool())).map(({ geohash, city }) => [
        geohash.slice(0, 2),
        geohash.length,
        city,
      ]);
      expect(cities).toContainEqual(["9q", 6, "san-francisco"]);
      expect(cities).toContainEqual(["9v", 6, "austin"]);
      expect(cities.filter(([prefix]) => prefix === "ek" || prefix === "e7").every(([, , city]) => city === null)).toBe(
        true,
      );

      expect(await scorer.run()).toMatchObject({ neighborhoods: 0, rows: 0 });
      await world.compact();
      expect(await scorer.run()).toMatchObject({ neighborhoods: 0, rows: 0 });
      // A process that knows nothing yet finds in the database that all is done.
      expect(await world.scorer(sql).run()).toMatchObject({ neighborhoods: 0, rows: 0 });
    });

    it("scores again what changed and what aged, one row an hour", async () => {
      const world = createWorld();
      await world.add(MISSION);
      await world.add(AUSTIN);
      await world.compact();
      const scorer = world.scorer(sql);
      await scorer.run();
      await world.add(MISSION);
      await world.compact();
      expect(await scorer.run()).toMatchObject({ neighborhoods: 1, rows: 3 });
      expect((await readHistory(pool(), "9q8yy")).map(({ at, safety }) => [at, safety])).toEqual([
        ["01 12", 82],
        ["01 12", 82],
      ]);
      world.clock.nowMs += HOUR;
      await world.add(MISSION);
      await world.compact();
      await scorer.run();
      expect((await readHistory(pool(), "9q8yy")).map(({ at, safety }) => [at, safety])).toEqual([
        ["01 12", 82],
        ["01 13", 73],
        ["01 12", 82],
        ["01 13", 73],
      ]);
      // Tomorrow the reports weigh 0.7.
      world.clock.nowMs += DAY;
      await world.compact();
      expect(await scorer.run()).toMatchObject({ neighborhoods: 2, rows: 6 });
      await expectCurrent(pool(), world);
    });

    it("writes every cell once a day, and one last row when its reports have gone", async () => {
      const world = createWorld();
      await world.add({ ...MISSION, ageMs: 86 * DAY });
      await world.compact();
      const scorer = world.scorer(sql);
      const days: unknown[] = [];
      for (let day = 0; day < 8; day++) {
        for (let hour = 0; hour < 2; hour++) {
          await world.compact();
          await scorer.run();
          world.clock.nowMs += 12 * HOUR;
        }
      }
      for (const row of await readHistory(pool(), "9q8yy")) if (row.geohash.length === 6) days.push(row.at);
      expect(days).toEqual(["01 12", "02 00", "03 00", "04 00", "05 00"]);
      expect(await sql("SELECT * FROM scored_slices")).toEqual([]);
    });

    it("says once that a neighbourhood has no scores any more when its reports have gone", async () => {
      const world = createWorld();
      await world.add({ ...MISSION, severity: 5 });
      await world.compact();
      await world.scorer(sql).run();
      const [geohash] = [...(await readCurrent(pool())).keys()].filter((key) => key.length === 6);
      for (const item of await world.derived.list("slices/safety/9q8"))
        await world.derived.remove("slices/safety/9q8", [item]);
      world.clock.nowMs += DAY;
      await world.scorer(sql).run();
      expect(
        (await readHistory(pool(), geohash)).map(({ safety, overall, worth, count }) => [
          safety,
          overall,
          worth,
          count,
        ]),
      ).toEqual([
        [85, 85, 4, 1],
        [null, null, 0, 0],
      ]);
    });

    it("thins hours to days after eight days", async () => {
      const world = createWorld();
      const scorer = world.scorer(sql);
      for (let hour = 0; hour < 5; hour++) {
        await world.add(MISSION);
        await world.compact();
        await scorer.run();
        world.clock.nowMs += HOUR;
      }
      const before = await readHistory(pool(), "9q8y");
      expect(before).toHaveLength(15);
      world.clock.nowMs += 9 * DAY;
      await world.compact();
      await scorer.run();
      const after = await readHistory(pool(), "9q8yy");
      expect(after.filter(({ geohash }) => geohash.length === 6).map(({ at }) => at)).toEqual(["01 16", "10 17"]);
    });

    it("keeps months apart", async () => {
      const world = createWorld();
      await world.add(MISSION);
      await world.compact();
      await world.scorer(sql).run();
      const parts = await sql<{ part: string }>(
        "SELECT DISTINCT tableoid::regclass::text AS part FROM neighborhood_scores",
      );
      expect(parts).toEqual([{ part: "neighborhood_scores_2026_06" }]);
    });

    it("counts reports by day, layer and neighbourhood, and keeps what has expired", async () => {
      const world = createWorld();
      await world.addAll(makeCity(300, world.clock.now(), 4, [MISSION.lonDeg, MISSION.latDeg]));
      await world.add({ ...AUSTIN, layer: "vibe", severity: 4, ageMs: 2 * DAY }, 2);
      await world.compact();
      await world.scorer(sql).run();
      const byHand = countByHand(world.reports);
      expect((await readCounts(pool())).map(({ city, ...row }) => row)).toEqual(byHand);
      expect((await readCounts(pool())).filter(({ layer }) => layer === "vibe")).toEqual([
        expect.objectContaining({ city: "austin", day: "2026-05-30", reports: 2, severity: 8 }),
      ]);
      world.clock.nowMs += 60 * DAY;
      await world.add(AUSTIN);
      await world.add(MISSION);
      await world.compact();
      await world.scorer(sql).run();
      expect((await readCounts(pool())).map(({ city, ...row }) => row)).toEqual(countByHand(world.reports));
    });

    it("counts a day anew: what is no longer there is no longer counted", async () => {
      const world = createWorld();
      await world.add(MISSION, 2);
      await world.compact();
      await sql(
        `INSERT INTO report_counts (geohash, layer, day, report_count, severity_sum, worth_quarters, severity_quarters, counted_at)
         VALUES ('9q8yyz', 'safety', '2026-06-01', 7, 7, 28, 28, $1)`,
        [new Date(world.clock.now() - MINUTE)],
      );
      await world.scorer(sql).run();
      expect((await readCounts(pool())).map(({ geohash, reports }) => [geohash.slice(5), reports])).toEqual([
        [expect.stringMatching(/[^z]/), 2],
      ]);
    });

    it("leaves a hidden report out of the scores, and of the counts of its day", async () => {
      const world = createWorld();
      await world.add({ ...MISSION, severity: 5, ageMs: 3 * DAY }, 2);
      await world.add(MISSION);
      await world.compact();
      const scorer = world.scorer(sql);
      await scorer.run();
      const [hidden] = world.reports.splice(0, 1);
      if (hidden !== undefined) await world.store.edit(hidden.id, { kind: "hide" });
      world.clock.nowMs += HOUR;
      await world.compact();
      await scorer.run();
      await expectCurrent(pool(), world);
      expect((await readCounts(pool())).map(({ city, ...row }) => row)).toEqual(countByHand(world.reports));
    });

    it("goes on behind a failure with what is left, and does not read again what was scored", async () => {
      const world = createWorld();
      for (let i = 0; i < 8; i++) await world.add({ lonDeg: -120 + 5 * i, latDeg: 40 });
      await world.compact();
      const read: string[] = [];
      const derived: DerivedStore = {
        ...world.derived,
        list(group, options) {
          if (/^slices\/safety\/...$/.test(group)) read.push(group);
          return world.derived.list(group, options);
        },
      };
      let writes = 0;
      const failsOnce: RunSql = async (text, values) => {
        if (text.includes("INSERT INTO neighborhood_scores") && ++writes === 5) throw new Error("away");
        return sql(text, values);
      };
      const scorer = createScorer({ ...world, derived, sql: failsOnce, log: silentLog });
      await expect(scorer.run()).rejects.toThrow("away");
      expect(read).toHaveLength(5);
      expect(await scorer.run()).toMatchObject({ neighborhoods: 4, counted: 8 });
      expect(read).toHaveLength(9);
      expect(new Set(read).size).toBe(8);
      await expectCurrent(pool(), world);
      // What changes then is found all the same.
      await world.add({ lonDeg: -120, latDeg: 40 });
      world.clock.nowMs += HOUR;
      await world.compact();
      expect(await scorer.run()).toMatchObject({ neighborhoods: 1, counted: 1 });
      await expectCurrent(pool(), world);
    });

    it("converges when statements fail or their answers are lost, at random, and two scorers run at once", async () => {
      const random = seededRandom(21);
      const world = createWorld();
      const reports = makeCity(400, world.clock.now(), 5, [MISSION.lonDeg, MISSION.latDeg]);
      const flaky = failAtRandom(sql, random, 0.3);
      for (let round = 0; round < 8; round++) {
        await world.addAll(reports.slice(round * 50, (round + 1) * 50));
        await world.compact();
        // Every other time a process that knows nothing takes over.
        const scorers = [world.scorer(flaky.sql), world.scorer(flaky.sql)];
        for (let tries = 0; tries < 3; tries++) await Promise.allSettled(scorers.map((scorer) => scorer.run()));
        if (round % 2 === 0) world.clock.nowMs += 20 * MINUTE;
      }
      expect(flaky.faults()).toBeGreaterThan(10);
      await world.scorer(sql).run();
      await expectCurrent(pool(), world);
      expect((await readCounts(pool())).map(({ city, ...row }) => row)).toEqual(countByHand(world.reports));
      const [duplicates] = await sql<{ n: number }>(
        `SELECT count(*)::int AS n FROM (SELECT 1 FROM neighborhood_scores
       GROUP BY geohash, date_trunc('hour', calculated_at) HAVING count(*) > 1) d`,
      );
      expect(duplicates?.n).toBe(0);
    });
  });

/** The newest row of every cell holds what all reports at once make of it. */
async function expectCurrent(pool: Pool, world: ReturnType<typeof createWorld>): Promise<void> {
  const current = await readCurrent(pool);
  const { rows } = await pool.query(
    `SELECT DISTINCT ON (geohash) geohash, ${SCORE_NAMES.map((name) => `${name}::float8`).join(", ")},
            report_count_7d AS count,
            ARRAY[safety_quarters, vibe_quarters, infrastructure_quarters, opportunity_quarters] AS worth
     FROM neighborhood_scores ORDER BY geohash, calculated_at DESC`,
  );
  expect(current.size).toBe(rows.length);
  const expected = [...world.expected().values()].sort((a, b) => (a.geohash < b.geohash ? -1 : 1));
  expect(rows).toEqual(
    expected.map(({ geohash, scores, worthQuarters, reportCount7d }) => ({
      geohash,
      ...Object.fromEntries(SCORE_NAMES.map((name) => [name, pointsOf(scores[name])])),
      count: reportCount7d,
      worth: REPORT_LAYERS.map((layer) => worthQuarters[layer]),
    })),
  );
}

const pointsOf = (tenths: number | null): number | null => (tenths === null ? null : tenths / 10);
