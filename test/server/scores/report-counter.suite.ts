import fc from "fast-check";
import type { Pool } from "pg";
import { beforeEach, describe, expect, it } from "vitest";
import type { ReportStore } from "../../../server/ports/report-store.ts";
import type { RunSql } from "../../../server/ports/sql.ts";
import { sqlOfPool } from "../../../server/postgres/sql.ts";
import { createReportCounter } from "../../../server/scores/report-counter.ts";
import { createMemoryStore } from "../../../server/store/memory/memory.ts";
import { keptFrom } from "../../../tiles/kept.ts";
import { REPORT_LAYERS, type ReportLayer } from "../../../tiles/layers.ts";
import type { Report } from "../../../tiles/report.ts";
import { createTestClock } from "../../kit/clock.ts";
import { seededRandom } from "../../kit/random.ts";
import { runs } from "../../kit/runs.ts";
import { makeReport } from "../../kit/sample-reports.ts";
import {
  countByHand,
  DAY,
  failAtRandom,
  HOUR,
  MINUTE,
  MISSION,
  readCounts,
  SCORE_TABLES,
} from "../../kit/score-world.ts";

/** Width of a log's cell. */
const CELL_DEGREES = 45 / 1024;

/** A log in memory that counts what is read of it, and a hand that counts what is shown. */
function createLog() {
  const clock = createTestClock();
  const store = createMemoryStore({ clock });
  const random = seededRandom(5);
  const read = { cells: 0, rows: 0, mostRows: 0 };
  const watched: ReportStore = {
    ...store,
    async readCell(cell, range) {
      const found = await store.readCell(cell, range);
      read.cells++;
      read.rows += found.reports.length;
      read.mostRows = Math.max(read.mostRows, found.reports.length);
      return found;
    },
  };
  const reports = new Map<string, Report>();
  return {
    clock,
    store: watched,
    read,
    reports,
    /** Reports of about one place, aged up to so much. */
    async add(count: number, { ageMs = MINUTE, layer = "safety", lonDeg = MISSION.lonDeg, isCut = false }: Added = {}) {
      const made = Array.from({ length: count }, () =>
        makeReport(
          {
            layer,
            lonDeg: lonDeg + 0.004 * random(),
            latDeg: MISSION.latDeg + 0.004 * random(),
            severity: 1 + Math.floor(5 * random()),
            reporter: Math.floor(9 * random()),
            createdAtMs: isCut ? keptFrom(layer, clock.now()) : clock.now() - Math.floor(ageMs * random()),
          },
          random,
        ),
      );
      for (const report of made) reports.set(report.id, report);
      await store.putMany(made);
    },
    byHand: () => countByHand([...reports.values()]),
    counter: (sql: RunSql) => createReportCounter({ store: watched, sql, clock }),
  };
}

interface Added {
  /** Of now, as times of the layer are cut. */
  readonly isCut?: boolean;
  readonly ageMs?: number;
  readonly layer?: ReportLayer;
  readonly lonDeg?: number;
}

/** Statements, of which those for which `fails` says so are not sent. */
function watchSql(sql: RunSql, fails: (text: string) => boolean = () => false) {
  const sent: string[] = [];
  const watched: RunSql = async (text, values) => {
    sent.push(text);
    if (fails(text)) throw new Error("away");
    return sql(text, values);
  };
  return { sql: watched, sent };
}

/** How old reports of a kind are at most. */
const AGES = { live: 1_000, busy: 3 * HOUR, import: 20 * DAY };

const isWrite = (text: string): boolean => text.includes("INSERT INTO report_counts");

export const describeReportCounter = (pool: () => Pool) =>
  describe("the report counter", () => {
    let sql: RunSql;
    const empty = async () => {
      await sql(`TRUNCATE ${SCORE_TABLES.join(", ")}`);
      await sql("UPDATE score_state SET counted_until = NULL");
    };
    beforeEach(async () => {
      sql = sqlOfPool(pool());
      await empty();
    });
    const counts = async () => (await readCounts(pool())).map(({ city, ...row }) => row);

    it("reads of a busy cell what came since, not the day", async () => {
      const log = createLog();
      await log.add(5_000, { ageMs: 11 * HOUR });
      await log.counter(sql).run();
      expect(log.read.rows).toBe(5_000);
      for (let i = 0; i < 5; i++) {
        log.clock.advance(5 * MINUTE);
        // Of a time that is cut to the quarter of an hour.
        await log.add(1, { isCut: true });
        log.read.rows = 0;
        // Each in a process of its own.
        expect(await log.counter(sql).run()).toBe(1);
        // What came in the last quarter of an hour is read again.
        expect(log.read.rows).toBeLessThanOrEqual(150);
      }
      expect(await counts()).toEqual(log.byHand());
    });

    it("reads the day again when something changes in the part that it remembers", async () => {
      const log = createLog();
      await log.add(1_000, { ageMs: 11 * HOUR });
      await log.counter(sql).run();
      const [oldest] = [...log.reports.keys()].sort();
      await log.store.edit(oldest as string, { kind: "hide" });
      log.reports.delete(oldest as string);
      log.clock.advance(MINUTE);
      await log.counter(sql).run();
      expect(await counts()).toEqual(log.byHand());
      // And remembers the day as it is now.
      await log.add(1, { ageMs: 1 });
      log.read.rows = 0;
      await log.counter(sql).run();
      expect(log.read.rows).toBeLessThan(100);
      expect(await counts()).toEqual(log.byHand());
    });

    it("forgets the parts of days that are over", async () => {
      const log = createLog();
      await log.add(1_000, { ageMs: 11 * HOUR });
      await log.counter(sql).run();
      expect(await sql("SELECT FROM counted_parts")).toHaveLength(1);
      log.clock.advance(3 * DAY);
      await log.add(1, { layer: "vibe" });
      await log.counter(sql).run();
      expect(await sql("SELECT FROM counted_parts")).toEqual([]);
      expect(await counts()).toEqual(log.byHand());
    });

    it("goes on behind a failure where it was, in whichever process", async () => {
      const log = createLog();
      for (let i = 0; i < 200; i++) await log.add(2, { lonDeg: -120 + i * CELL_DEGREES, ageMs: 15 * DAY });
      let writes = 0;
      const failing = watchSql(sql, (text) => isWrite(text) && ++writes === 3);
      await expect(log.counter(failing.sql).run()).rejects.toThrow("away");
      expect(log.read.cells).toBe(192);
      log.read.cells = 0;
      const cursors: (string | undefined)[] = [];
      const { store } = log;
      const rest = createReportCounter({
        ...log,
        store: {
          ...store,
          readChanges(cursor) {
            cursors.push(cursor);
            return store.readChanges(cursor);
          },
        },
        sql,
      });
      expect(await rest.run()).toBe(200 - 128);
      expect(log.read.cells).toBe(200 - 128);
      // Nor is the feed read from the beginning again.
      expect(cursors).toEqual([(await log.store.readChanges()).cursor]);
      expect(await counts()).toEqual(log.byHand());
      log.read.cells = 0;
      expect(await rest.run()).toBe(0);
      expect(log.read.cells).toBe(0);
    });

    it("goes on with the other cells when one cannot be read, as far as it comes", async () => {
      const log = createLog();
      for (let i = 0; i < 100; i++) await log.add(1, { lonDeg: -120 + i * CELL_DEGREES });
      let reads = 0;
      const store: ReportStore = {
        ...log.store,
        async readCell(cell, range) {
          if (++reads === 80) throw new Error("throttled");
          return log.store.readCell(cell, range);
        },
      };
      const counter = createReportCounter({ ...log, store, sql });
      await expect(counter.run()).rejects.toThrow("throttled");
      expect(await counter.run()).toBe(36);
      expect(await counts()).toEqual(log.byHand());
    });

    it("writes no more than some thousand counts by a statement", async () => {
      const log = createLog();
      for (let i = 0; i < 48; i++) await log.add(400, { lonDeg: -120 + i * CELL_DEGREES, ageMs: 80 * DAY });
      const watched = watchSql(sql);
      await log.counter(watched.sql).run();
      const [written] = await sql<{ n: number }>("SELECT count(*)::int AS n FROM report_counts");
      expect(written?.n).toBeGreaterThan(6_000);
      expect(watched.sent.filter(isWrite)).toHaveLength(2);
      expect(await counts()).toEqual(log.byHand());
    });

    it("reads a large cell a part at a time, and a small one at few times", async () => {
      const log = createLog();
      await log.add(12_000, { ageMs: 80 * DAY });
      await log.counter(sql).run();
      expect(log.read.rows).toBe(12_000);
      expect(log.read.mostRows).toBeLessThan(6_000);
      expect(await counts()).toEqual(log.byHand());
      log.read.cells = 0;
      await log.add(50, { ageMs: 80 * DAY, layer: "vibe" });
      await log.counter(sql).run();
      expect(log.read.cells).toBeLessThanOrEqual(3);
      expect(await counts()).toEqual(log.byHand());
    });

    it.each([
      ["told again", false],
      ["counted, and told again,", true],
    ])("leaves a cell that was %s while it counted to whoever counts next", async (_, isCounted) => {
      const log = createLog();
      await log.add(300, { ageMs: 11 * HOUR });
      const other = log.counter(sql);
      const onlyTaking = watchSql(sql, (text) => text.includes("FROM cells_to_count"));
      let isFirst = true;
      const overtaken: RunSql = async (text, values) => {
        if (isWrite(text) && isFirst) {
          isFirst = false;
          log.clock.advance(5 * MINUTE);
          await log.add(1);
          if (isCounted) await other.run();
          await log.add(1);
          await expect(log.counter(onlyTaking.sql).run()).rejects.toThrow("away");
        }
        return sql(text, values);
      };
      expect(await log.counter(overtaken).run()).toBe(0);
      expect(await other.run()).toBe(1);
      expect(await counts()).toEqual(log.byHand());
    });

    it("counts, whatever happens in whichever order, what a count of everything does", { tags: "random" }, async () => {
      const at = fc.constantFrom(0, 0, 0, 1);
      const step = fc.oneof(
        {
          weight: 3,
          arbitrary: fc.record({ kind: fc.constant("live" as const), count: fc.integer({ min: 1, max: 5 }), at }),
        },
        { weight: 1, arbitrary: fc.record({ kind: fc.constant("busy" as const), count: fc.constant(300), at }) },
        {
          weight: 1,
          arbitrary: fc.record({ kind: fc.constant("import" as const), count: fc.integer({ min: 1, max: 9 }), at }),
        },
        { weight: 3, arbitrary: fc.record({ kind: fc.constant("edit" as const), which: fc.nat(), how: fc.nat(3) }) },
        {
          weight: 3,
          arbitrary: fc.record({
            kind: fc.constant("time" as const),
            ms: fc.constantFrom(MINUTE, MINUTE, 5 * HOUR, 9 * DAY),
          }),
        },
        { weight: 5, arbitrary: fc.record({ kind: fc.constant("count" as const), fails: fc.boolean() }) },
      );
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 40, size: "max" }), fc.nat(), async (steps, seed) => {
          await empty();
          const log = createLog();
          const flaky = failAtRandom(sql, seededRandom(seed), 0.3);
          for (const each of steps) {
            if (each.kind === "time") log.clock.advance(each.ms);
            else if (each.kind === "edit") await edit(log, each.which, each.how);
            else if (each.kind !== "count") {
              const place = {
                lonDeg: MISSION.lonDeg + each.at * CELL_DEGREES,
                layer: REPORT_LAYERS[each.at] ?? "safety",
              };
              await log.add(each.count, { ...place, ageMs: AGES[each.kind] });
            } else {
              const others = [log.counter(flaky.sql), log.counter(each.fails ? flaky.sql : sql)];
              await Promise.allSettled(others.map((counter) => counter.run()));
            }
          }
          await log.counter(sql).run();
          expect(await counts()).toEqual(log.byHand());
        }),
        runs(200),
      );
    });
  });

/** Hides, removes or replaces one of the reports that are shown. */
async function edit(log: ReturnType<typeof createLog>, which: number, how: number): Promise<void> {
  // What is about to expire is not counted any more.
  const all = [...log.reports.values()].filter(({ createdAtMs }) => createdAtMs > log.clock.now() - 80 * DAY);
  const report = all[which % Math.max(1, all.length)];
  if (report === undefined) return;
  if (how < 2) {
    await log.store.edit(report.id, { kind: how === 0 ? "hide" : "remove" });
    log.reports.delete(report.id);
    return;
  }
  const replaced = { ...report, severity: (report.severity % 5) + 1 } as Report;
  await log.store.edit(report.id, { kind: "replace", report: replaced });
  log.reports.set(report.id, replaced);
  if (how === 2) return;
  await log.store.edit(report.id, { kind: "hide" });
  await log.store.edit(report.id, { kind: "restore" });
}
