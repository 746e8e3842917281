import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setImmediate as yieldTurn } from "node:timers/promises";
import { afterAll, describe, expect, it } from "vitest";
import type { ReportStore } from "../../../server/ports/report-store.ts";
import { rowOfReport } from "../../../server/store/rows.ts";
import { createRestore, type TableItem } from "../../../server/store/sqlite/restore.ts";
import { openSqlite } from "../../../server/store/sqlite/schema.ts";
import { openSqliteStores } from "../../../server/store/sqlite/sqlite.ts";
import { makeReport, makeReports } from "../../kit/make-report.ts";
import { scaled } from "../../kit/runs.ts";
import { startWriting } from "./sqlite/processes.ts";

const dir = mkdtempSync(join(tmpdir(), "sqlite-log-"));
afterAll(() => rmSync(dir, { recursive: true }));

const MB = 1024 * 1024;
const PUTS = scaled(60_000, 20_000);
const AT_ONCE = 400;
/** Acknowledgements of each of two processes. */
const LINES = 8000;
const CELL = { layer: "safety", geohash5: "9v6kp" } as const;
const clock = { now: Date.now };
const logOf = (path: string): number => statSync(`${path}-wal`).size;

describe("the log beside the file", () => {
  it("stays small while two write, and others read without a pause", { tags: ["random"] }, async () => {
    const path = join(dir, "busy.sqlite");
    const open = () => openSqliteStores({ path, clock }).store;
    const [writers, polling] = [[open(), open()], open()];
    let [isOver, reads, most] = [false, 0, 0];

    async function write(store: ReportStore, first: number): Promise<void> {
      for (let put = 0; put < PUTS / writers.length; put += AT_ONCE) {
        const batch = Array.from({ length: AT_ONCE }, (_, n) => {
          const seed = first + put + n;
          // All over the tree, so that each transaction changes many pages.
          return makeReport({ createdAtMs: Date.now() - ((seed * 7919) % 1e9), seed });
        });
        await Promise.all(batch.map((report) => store.put(report)));
        most = Math.max(most, logOf(path));
      }
    }

    async function poll(): Promise<void> {
      for (let { cursor } = await polling.readChanges(); !isOver; reads++) {
        cursor = (await polling.readChanges(cursor)).cursor;
        await polling.readNewest(CELL, 100);
      }
    }

    /** One of two always reads, as a file that many processes read has it: the log never is without a reader. */
    async function overlap(): Promise<void> {
      const [first, second] = [new DatabaseSync(path), new DatabaseSync(path)];
      const begin = (db: DatabaseSync) => db.exec("BEGIN; SELECT count(*) FROM versions");
      begin(first);
      for (let [held, next] = [first, second]; !isOver; [held, next] = [next, held]) {
        begin(next);
        held.exec("COMMIT");
        await yieldTurn();
      }
      for (const db of [first, second]) db.close();
    }

    const reading = [poll(), overlap()];
    await Promise.all(writers.map((store, n) => write(store, n * PUTS)));
    isOver = true;
    await Promise.all(reading);
    await Promise.all([...writers, polling].map((store) => store.close()));
    expect(reads).toBeGreaterThan(20);
    expect(most).toBeLessThan(64 * MB);
  });

  // Then each commits while the other moves the log, and without being made to it would never begin anew: 102 MB in 20 s.
  it("stays small while two processes commit without a pause", { tags: ["slow"] }, async () => {
    const path = join(dir, "processes.sqlite");
    const processes = ["one", "other"].map((name) => startWriting(path, name));
    let most = 0;
    for (let lines = 500; lines <= LINES; lines += 500) {
      await Promise.all(processes.map((each) => each.lines(lines)));
      most = Math.max(most, logOf(path));
    }
    await Promise.all(processes.map((each) => each.kill()));
    expect(most).toBeLessThan(64 * MB);
  });

  it("stays small while an older version's reports are moved", () => {
    const path = join(dir, "moved.sqlite");
    const db = openSqlite(path);
    const restore = createRestore(db);
    const items = makeReports(10_000, Date.now()).map((report) => rowOfReport(report) as unknown as TableItem);
    let most = 0;
    for (let n = 0; n < 100; n++) {
      // Each page all over the tree.
      restore(items.filter((_, i) => i % 100 === n));
      most = Math.max(most, logOf(path));
    }
    db.close();
    expect(most).toBeLessThan(24 * MB);
  });
});
