import type { Pool } from "pg";
import { beforeEach, describe, expect, it } from "vitest";
import type { RunSql } from "../../../server/ports/sql.ts";
import { sqlOfPool } from "../../../server/postgres/sql.ts";
import { createPastScores } from "../../../server/scores/past-scores.ts";
import { createWorld, DAY, HOUR, MISSION, NOWHERE, readHistory } from "../../kit/score-world.ts";

export const describePastScores = (pool: () => Pool) =>
  describe("past scores", () => {
    let sql: RunSql;
    beforeEach(async () => {
      sql = sqlOfPool(pool());
      await sql("UPDATE score_state SET epoch = 0, counted_until = NULL");
    });

    it("are those that a scorer would have written had it run then, and are written once", async () => {
      const then = createWorld();
      const startMs = then.clock.nowMs;
      // As a scorer sees it that runs every night in the last minutes of the day (11 h 50 after noon, ages to ten minutes).
      then.clock.nowMs = startMs - 4 * DAY + 11 * HOUR + 50 * 60_000;
      const nightly = then.scorer(sql);
      const made: Parameters<typeof then.add>[0][] = [];
      for (const days of [20, 12, 9, 6, 3.2, 2.4, 1.3]) made.push({ ...MISSION, severity: 3, ageMs: days * DAY });
      for (let night = 0; night < 4; night++) {
        const nowMs = then.clock.now();
        for (const { ageMs = 0, ...fields } of made) {
          const createdAtMs = startMs - ageMs;
          const isNew = createdAtMs <= nowMs && (night === 0 || createdAtMs > nowMs - DAY);
          if (isNew) await then.add({ ...fields, ageMs: nowMs - createdAtMs });
        }
        await then.compact();
        await nightly.run();
        then.clock.nowMs += DAY;
      }
      const expected = await readHistory(pool(), "9q8yy");
      expect(expected.length).toBeGreaterThanOrEqual(8);
      await sql("TRUNCATE neighborhood_scores, report_counts, scored_slices, cells_to_count, counted_parts");
      await sql("UPDATE score_state SET counted_until = NULL");

      const now = createWorld();
      await now.addAll(then.reports);
      await now.compact();
      await now.scorer(sql).run();
      const past = createPastScores({ sql, clock: now.clock });
      expect(await past.fill()).toBeGreaterThan(0);
      const filled = (await readHistory(pool(), "9q8yy")).filter(({ at }) =>
        ["28 23", "29 23", "30 23", "31 23"].includes(at),
      );
      expect(filled).toEqual(expected);
      expect(await past.fill()).toBe(0);
    });

    it("are all there after a failure at any statement, and another run", async () => {
      const world = createWorld();
      await world.add({ ...MISSION, ageMs: 5 * DAY });
      await world.add({ ...NOWHERE, ageMs: 5 * DAY });
      await world.compact();
      await world.scorer(sql).run();
      const scored = await readHistory(pool());
      await createPastScores({ sql, clock: world.clock }).fill();
      const filled = await readHistory(pool());
      expect(filled.length).toBeGreaterThan(scored.length);
      let statements = Number.POSITIVE_INFINITY;
      for (let failing = 1; failing <= statements; failing++) {
        await sql("DELETE FROM neighborhood_scores WHERE calculated_at < $1", [
          new Date(world.clock.now() - 12 * HOUR),
        ]);
        expect(await readHistory(pool())).toEqual(scored);
        let sent = 0;
        const failsOnce: RunSql = async (text, values) => {
          if (++sent === failing) throw new Error("away");
          return sql(text, values);
        };
        const past = createPastScores({ sql: failsOnce, clock: world.clock });
        await past.fill().catch(() => {});
        await past.fill();
        expect(await readHistory(pool())).toEqual(filled);
        // Without a failure it would have been so many.
        if (failing === 1) statements = sent - 1;
      }
      expect(statements).toBeGreaterThan(6);
    });

    it("do not touch a place that has a history, nor one without older reports", async () => {
      const world = createWorld();
      await world.add({ ...MISSION, ageMs: 5 * DAY });
      await world.add(NOWHERE);
      await world.compact();
      await world.scorer(sql).run();
      await sql(
        "UPDATE neighborhood_scores SET calculated_at = calculated_at - interval '2 days' WHERE geohash = '9q8y'",
      );
      const before = await readHistory(pool());
      expect(await createPastScores({ sql, clock: world.clock }).fill()).toBe(0);
      expect(await readHistory(pool())).toEqual(before);
    });
  });
