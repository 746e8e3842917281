import type { Pool } from "pg";
import { beforeEach, describe, expect, it } from "vitest";
import type { RunSql } from "../../../server/ports/sql.ts";
import { sqlOfPool } from "../../../server/postgres/sql.ts";
import { createScoreCache, type ScoreLookup } from "../../../server/scores/score-cache.ts";
import { EMPTY_TALLY, scoresOfTally } from "../../../tiles/scores/scores.ts";
import { AUSTIN, createWorld, DAY, HOUR, MISSION } from "../../kit/score-world.ts";

export const describeScoreCache = (pool: () => Pool) =>
  describe("the score cache", () => {
    let sql: RunSql;
    beforeEach(async () => {
      sql = sqlOfPool(pool());
      await sql("UPDATE score_state SET epoch = 0, counted_until = NULL");
    });

    const told = (book: ScoreLookup) =>
      new Map([4, 5, 6].flatMap((p) => book.cells(p).map((c) => [c.geohash, c.scores])));

    it("knows the newest scores, takes in what changes, and changes its epoch only with them", async () => {
      const world = createWorld();
      const scorer = world.scorer(sql);
      const cache = createScoreCache({ sql, clock: world.clock });
      const score = async () => {
        await world.compact();
        await scorer.run();
        await cache.refresh();
        return cache.epoch();
      };
      const expected = () => new Map([...world.expected()].map(([geohash, { scores }]) => [geohash, scores]));
      await cache.refresh();
      expect([cache.epoch(), cache.cells(6)]).toEqual([0, []]);
      await world.add(MISSION);
      await world.add(AUSTIN);
      expect(await score()).toBe(1);
      expect(await score()).toBe(1);
      expect(told(cache)).toEqual(expected());
      world.clock.nowMs += 2 * HOUR;
      await world.add({ ...MISSION, layer: "vibe" });
      expect(await score()).toBe(2);
      expect(told(cache)).toEqual(expected());
      // Every cell's row of the next day, the reports a band older.
      world.clock.nowMs += DAY + HOUR;
      expect(await score()).toBe(3);
      expect(told(cache)).toEqual(expected());
      const late = createScoreCache({ sql, clock: world.clock });
      await late.refresh();
      expect(told(late)).toEqual(told(cache));
    });

    it("leaves out the least reported beyond its bound, and forgets what has gone", async () => {
      const world = createWorld();
      await world.add(MISSION, 3);
      await world.add(AUSTIN);
      await world.compact();
      await world.scorer(sql).run();
      const small = createScoreCache({ sql, clock: world.clock, maxCells: 3 });
      await small.refresh();
      expect([...told(small).keys()].every((geohash) => geohash.startsWith("9q8y"))).toBe(true);
      const cache = createScoreCache({ sql, clock: world.clock });
      await cache.refresh();
      for (const item of await world.derived.list("slices/safety/9v6"))
        await world.derived.remove("slices/safety/9v6", [item]);
      for (let day = 0; day < 3; day++) {
        world.clock.nowMs += DAY;
        await world.compact();
        await world.scorer(sql).run();
        await cache.refresh();
        expect(cache.find("9v6k")?.scores).toEqual(day < 2 ? scoresOfTally(EMPTY_TALLY) : undefined);
      }
      expect(cache.find("9q8y")).toBeDefined();
    });
  });
