import type { Pool } from "pg";
import { beforeEach, describe, expect, it } from "vitest";
import { findArea } from "../../../server/areas/find-area.ts";
import { silentLog } from "../../../server/console/log.ts";
import { asFoundArea } from "../../../server/own-areas/own-area.ts";
import { ownAreaReportsOf } from "../../../server/own-areas/own-area-reports.ts";
import type { RunSql } from "../../../server/ports/sql.ts";
import { sqlOfPool } from "../../../server/postgres/sql.ts";
import { createPyramid } from "../../../server/pyramid/pyramid.ts";
import { readAreaCard } from "../../../server/scores/area-card.ts";
import { createAreaScorer } from "../../../server/scores/area-scorer.ts";
import type { Area } from "../../../tiles/areas/area.ts";
import { REPORT_LAYERS } from "../../../tiles/layers.ts";
import type { Report } from "../../../tiles/report.ts";
import { ACCOUNT_TABLES } from "../../kit/accounts-fixture.ts";
import { openAreas } from "../../kit/area-world.ts";
import { makePartition } from "../../kit/made-up-areas.ts";
import { addUser, OWN_AREA_TABLES, openOwnAreas } from "../../kit/own-areas-fixture.ts";
import { seededRandom } from "../../kit/random.ts";
import { makeReport } from "../../kit/sample-reports.ts";
import { createWorld, DAY, failAtRandom, HOUR } from "../../kit/score-world.ts";

const WEST = -122_440_000;
const SOUTH = 37_750_000;
const partition = (seed: number): Area[] =>
  makePartition({ west: WEST, south: SOUTH, size: 4, stepE6: 12_000, areas: 6, random: seededRandom(seed) });

function makeReports(count: number, nowMs: number, days: number, seed = 3): Report[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () =>
    makeReport(
      {
        layer: REPORT_LAYERS[Math.floor(4 * random())] ?? "vibe",
        lonDeg: WEST / 1e6 - 0.005 + 0.06 * random(),
        latDeg: SOUTH / 1e6 - 0.005 + 0.06 * random(),
        severity: 1 + Math.floor(5 * random()),
        reporter: Math.floor(4 * random()),
        createdAtMs: nowMs - 1000 - Math.floor(days * DAY * random()),
      },
      random,
    ),
  );
}

export const describeOwnAreaScorer = (pool: () => Pool) =>
  describe("areas of accounts", () => {
    let sql: RunSql;
    beforeEach(async () => {
      sql = sqlOfPool(pool());
      await sql(`TRUNCATE ${ACCOUNT_TABLES.join(", ")} CASCADE`);
      await sql("UPDATE score_state SET epoch = 0, counted_until = NULL");
    });

    const planOf = (owner: string, plan: string, status = "active") =>
      pool().query(
        `INSERT INTO api_subscriptions (user_id, plan, status) VALUES ($1, $2, $3)
       ON CONFLICT (user_id) DO UPDATE SET plan = excluded.plan, status = excluded.status`,
        [owner, plan, status],
      );

    /** Counts and scores of public areas and of own ones, by their names. */
    async function readBoth() {
      const COUNT =
        "concat_ws(' ', k.name, layer, day::text, geohash, report_count, severity_sum, worth_quarters, severity_quarters) AS row";
      const SCORE = `concat_ws(' ', k.name, to_char(calculated_at AT TIME ZONE 'UTC', 'MM-DD HH24'), coalesce(safety::text, '-'), coalesce(vibe::text, '-'),
      coalesce(infrastructure::text, '-'), coalesce(opportunity::text, '-'), overall, report_count_7d, report_count_30d,
      safety_quarters, vibe_quarters, infrastructure_quarters, opportunity_quarters) AS row`;
      const rows = async (what: string, table: string, known: string) =>
        (await sql<{ row: string }>(`SELECT ${what} FROM ${table} t JOIN ${known} k ON k.id = t.area`))
          .map(({ row }) => row)
          .sort();
      return {
        counts: await rows(COUNT, "area_counts", "areas"),
        ownCounts: await rows(COUNT, "own_area_counts", "own_areas"),
        scores: await rows(SCORE, "area_scores", "areas"),
        ownScores: await rows(SCORE, "own_area_scores", "own_areas"),
      };
    }

    async function open(pool: Pool) {
      const world = createWorld();
      const publicAreas = openAreas(world);
      const own = openOwnAreas(world, sql);
      const owner = await addUser(pool, "agent@example.com");
      await planOf(owner, "agent");
      const scorePublic = async () => {
        await world.compact();
        await world.scorer(sql).run();
        const areas = createAreaScorer({ ...world, sql, log: silentLog });
        await areas.run();
      };
      return { world, publicAreas, own, owner, scorePublic };
    }

    it("have the card, the counts and the scores of public areas of the same polygons, also after changes", async () => {
      const { world, publicAreas, own, owner, scorePublic } = await open(pool());
      const areas = partition(1);
      await world.addAll(makeReports(350, world.clock.now(), 80));
      await world.compact();
      await publicAreas.bring(areas);
      await scorePublic();
      await own.add(owner, areas);
      const scorer = own.scorer();
      await own.settle(scorer);
      const first = await readBoth();
      expect(first.ownCounts.length).toBeGreaterThan(150);
      expect(first.ownCounts).toEqual(first.counts);
      expect(first.ownScores.length).toBeGreaterThan(100);
      expect(first.ownScores).toEqual(first.scores);
      expect(new Set((await own.table.list(owner, world.clock.now())).areas.map(({ state }) => state))).toEqual(
        new Set(["ready"]),
      );

      for (let hour = 0; hour < 2; hour++) {
        world.clock.nowMs += hour === 0 ? HOUR : DAY;
        await world.addAll(makeReports(100, world.clock.now(), 3, 20 + hour));
        for (const { id } of world.reports.filter((_, i) => i % 40 === hour))
          await world.store.edit(id, { kind: "hide" });
        await scorePublic();
        await own.settle(hour === 0 ? scorer : own.scorer());
      }
      const both = await readBoth();
      expect(both.ownCounts).toEqual(both.counts);
      expect(both.ownScores).toEqual(both.scores);

      const pyramid = createPyramid({ ...world, log: silentLog, shapes: publicAreas.shapes });
      await pyramid.poll();
      const parts = { ...world, log: silentLog };
      for (const area of areas) {
        const found = await findArea(publicAreas, area.id);
        if (found === undefined) throw new Error(area.id);
        const ofCity = await readAreaCard({ ...parts, pyramid, areas: publicAreas }, found);
        const asOwn = asFoundArea({ ...area, id: "own-00000000000000000000000000" });
        const shapes = { meeting: async () => [asOwn.area] };
        const reading = {
          outlines: pyramid.outlines,
          reports: pyramid.reports,
          areaReports: ownAreaReportsOf(pyramid),
        };
        const ofAccount = await readAreaCard({ ...parts, pyramid: reading, areas: { shapes } }, asOwn);
        expect(ofAccount.counts).toEqual(ofCity.counts);
        expect(ofAccount.latest).toEqual(ofCity.latest);
        expect({ ...ofAccount.cell, geohash: "" }).toEqual({ ...ofCity.cell, geohash: "" });
        expect(ofAccount.cell.reportCount).toBeGreaterThan(10);
      }
    });

    it("go on where they were cut off, whoever goes on", { tags: ["slow"] }, async () => {
      const { world, publicAreas, own, owner, scorePublic } = await open(pool());
      const areas = partition(2);
      await world.addAll(makeReports(300, world.clock.now(), 40));
      await world.compact();
      await publicAreas.bring(areas);
      await scorePublic();
      await own.add(owner, areas);
      const flaky = failAtRandom(sql, seededRandom(9), 0.3);
      for (let i = 0; i < 25; i++)
        await own
          .scorer(flaky.sql)
          .run()
          .catch(() => {});
      expect(flaky.faults()).toBeGreaterThan(10);
      // Who took areas and died has them taken away.
      world.clock.nowMs += 6 * 60_000;
      await own.settle();
      const both = await readBoth();
      expect(both.ownCounts).toEqual(both.counts);
      expect(both.ownScores).toEqual(both.scores);
    });

    it("are counted once an hour whatever comes, from rows that are read once for all of a cell's areas", async () => {
      const { world, own, owner, scorePublic } = await open(pool());
      await world.addAll(makeReports(100, world.clock.now(), 20));
      await scorePublic();
      await own.add(owner, partition(3));
      let reads = 0;
      const readCell: typeof world.store.readCell = (cell, range) => {
        reads++;
        return world.store.readCell(cell, range);
      };
      const scorer = own.scorer();
      const counting = openOwnAreas({ ...world, store: { ...world.store, readCell } }, sql).scorer();
      await own.settle(scorer);
      const rows = (await readBoth()).ownScores.length;
      for (let i = 0; i < 3; i++) {
        await world.addAll(makeReports(20, world.clock.now(), 0.01, 30 + i));
        await scorePublic();
        await counting.run();
        world.clock.nowMs += 60_000;
      }
      expect(reads).toBe(0);
      expect((await readBoth()).ownScores.length).toBe(rows);
      world.clock.nowMs += HOUR;
      await own.settle(counting);
      const cells =
        (await sql<{ n: number }>("SELECT count(DISTINCT geohash5)::int AS n FROM own_area_cells"))[0]?.n ?? 0;
      expect(cells).toBeGreaterThan(1);
      // To count, and what the pyramid reads of the log: the former once for each cell and layer at the most.
      expect(reads).toBeLessThanOrEqual(2 * 4 * cells);
      expect((await readBoth()).ownScores.length).toBeGreaterThan(rows);
    });

    it("beyond a smaller plan stay, are not counted, and are counted whole again with the larger one", {
      tags: ["slow"],
    }, async () => {
      const { world, publicAreas, own, owner, scorePublic } = await open(pool());
      const areas = partition(4);
      await world.addAll(makeReports(200, world.clock.now(), 20));
      await world.compact();
      await publicAreas.bring(areas);
      await scorePublic();
      await own.add(owner, areas);
      await own.settle();
      await planOf(owner, "agent", "canceled");
      const states = async () => (await own.table.list(owner, world.clock.now())).areas.map(({ state }) => state);
      expect(await states()).toEqual(["ready", "paused", "paused", "paused", "paused", "paused"]);
      const before = await readBoth();
      world.clock.nowMs += DAY;
      await own.settle();
      world.clock.nowMs += HOUR;
      await world.addAll(makeReports(150, world.clock.now(), 0.5, 77));
      await scorePublic();
      await own.settle();
      const paused = await readBoth();
      const first = areas[0]?.name ?? "";
      const notFirst = (rows: readonly string[]) => rows.filter((row) => !row.startsWith(`${first} `));
      expect(notFirst(paused.ownCounts)).toEqual(notFirst(before.ownCounts));
      expect(paused.ownCounts.filter((row) => row.startsWith(`${first} `))).toEqual(
        paused.counts.filter((row) => row.startsWith(`${first} `)),
      );

      await planOf(owner, "agent");
      expect((await states()).at(-1)).toBe("counting");
      world.clock.nowMs += HOUR;
      await scorePublic();
      await own.settle();
      await own.settle();
      const again = await readBoth();
      expect(again.ownCounts).toEqual(again.counts);
      expect(new Set(await states())).toEqual(new Set(["ready"]));
    });

    it("are counted and scored some at a time, each once", { tags: ["slow"] }, async () => {
      const { world, own, scorePublic } = await open(pool());
      await world.addAll(makeReports(60, world.clock.now(), 20));
      await scorePublic();
      const areas = partition(7);
      for (let i = 0; i < 3; i++) {
        const owner = await addUser(pool(), `city-${i}@example.com`);
        await planOf(owner, "city");
        for (let j = 0; j < 4; j++) await own.add(owner, areas);
      }
      const scorer = own.scorer();
      const runs = [await scorer.run(), await scorer.run(), await scorer.run()];
      expect(runs.map(({ areas: scored }) => scored)).toEqual([50, 22, 0]);
      expect(runs[0]?.cells).toBeLessThanOrEqual(64);
      expect((await own.scorer().run()).areas).toBe(0);
    });

    it("are no more than the plan gives, however many uploads come at once", async () => {
      const { world, own, owner } = await open(pool());
      const areas = partition(5).slice(0, 3);
      const outcomes = await Promise.all(
        Array.from({ length: 12 }, () =>
          own.add(owner, areas).then(
            () => "added",
            (error: Error) => error.message,
          ),
        ),
      );
      const { areas: listed, limit } = await own.table.list(owner, world.clock.now());
      expect(limit).toBe(20);
      expect(listed.length).toBe(3 * outcomes.filter((outcome) => outcome === "added").length);
      expect(listed.length).toBeLessThanOrEqual(limit);
      expect(listed.length).toBeGreaterThanOrEqual(3);
    });

    it("go with their account, and leave nothing", async () => {
      const { world, own, owner, scorePublic } = await open(pool());
      await world.addAll(makeReports(100, world.clock.now(), 20));
      await scorePublic();
      const [kept] = await own.add(owner, partition(6).slice(0, 2));
      await own.settle();
      expect(await own.table.remove(owner, kept ?? "")).toBe(true);
      await sql("DELETE FROM api_subscriptions WHERE user_id = $1", [owner]);
      await sql("DELETE FROM users WHERE id = $1", [owner]);
      world.clock.nowMs += DAY;
      await own.settle();
      for (const table of OWN_AREA_TABLES) expect(await sql(`SELECT * FROM ${table}`), table).toEqual([]);
    });
  });
