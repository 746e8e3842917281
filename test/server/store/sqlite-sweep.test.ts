import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { openSqlite } from "../../../server/store/sqlite/schema.ts";
import { openSqliteStores, type SqliteStores } from "../../../server/store/sqlite/sqlite.ts";
import { createSweep } from "../../../server/store/sqlite/sweep.ts";
import { REPORT_LIFETIME_MS } from "../../../tiles/layers.ts";
import { createTestClock, type TestClock } from "../../kit/clock.ts";
import { AUSTIN, BROOKLYN, DAY_MS, makeReport, makeReports } from "../../kit/make-report.ts";

const dir = mkdtempSync(join(tmpdir(), "sqlite-sweep-"));
afterAll(() => rmSync(dir, { recursive: true }));
let files = 0;

describe("what has expired", () => {
  let path: string;
  let clock: TestClock;
  let stores: SqliteStores;
  let raw: DatabaseSync;

  beforeEach(() => {
    path = join(dir, `${files++}.sqlite`);
    clock = createTestClock();
    stores = openSqliteStores({ path, clock });
    raw = new DatabaseSync(path);
    return async () => {
      raw.close();
      await stores.store.close();
    };
  });

  const count = (table: string) => Number(raw.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.n);
  const counts = () => ["reports", "edits", "flags", "kept", "derived", "changes"].map(count);
  /** More calls than any round of these tests has steps. */
  const sweepAll = async () => {
    for (let call = 0; call < 60; call++) await stores.sweep();
  };

  it("is deleted with all that belongs to it, and nothing else is", async () => {
    const { store, derived } = stores;
    const end = clock.now() - 1000;
    const old = [...makeReports(30, end - 10 * DAY_MS), ...makeReports(3, end - 10 * DAY_MS, BROOKLYN)];
    const young = makeReports(20, end);
    await store.putMany([...old, ...young]);
    const [edited, other, kept] = [old[0], old.at(-1), young[0]].map((report) => report?.id ?? "");
    for (const id of [edited, other, kept]) {
      await store.edit(id ?? "", { kind: "hide" });
      await store.flag(id ?? "", { flagger: "one", untilMs: clock.now() + (id === kept ? 95 : 80) * DAY_MS });
    }
    await store.remember("old", "x", { untilMs: clock.now() + 80 * DAY_MS });
    await store.remember("young", "x", { untilMs: clock.now() + 95 * DAY_MS });
    const body = Uint8Array.of(1);
    await derived.put("g", "old", body, { expected: undefined, expiresAtMs: clock.now() + 80 * DAY_MS });
    await derived.put("g", "young", body, { expected: undefined, expiresAtMs: clock.now() + 95 * DAY_MS });
    await derived.put("g", "for good", body, { expected: undefined });
    await sweepAll();
    expect(counts()).toEqual([53, 3, 3, 2, 3, 5]);

    // Expired, and not yet for a day.
    clock.nowMs = end - 10 * DAY_MS + REPORT_LIFETIME_MS + DAY_MS - 40_000;
    await sweepAll();
    expect(counts()).toEqual([53, 3, 1, 1, 2, 0]);
    expect(await store.put(old[0] as (typeof old)[0])).toBe("exists");

    clock.advance(60_000);
    await sweepAll();
    expect(counts()).toEqual([20, 1, 1, 1, 2, 1]);
    expect((await store.getMany(young.map(({ id }) => id))).length).toBe(19);
    expect((await derived.list("g")).map(({ name }) => name)).toEqual(["for good", "young"]);
  });

  it("is deleted in steps that are bounded, however much there is", async () => {
    const many = 5000;
    const old = clock.now() - REPORT_LIFETIME_MS - 2 * DAY_MS;
    await stores.store.putMany(
      Array.from({ length: many }, (_, seed) => makeReport({ createdAtMs: old + seed, seed })),
    );
    raw.exec("BEGIN");
    const [kept, flag] = ["INSERT INTO kept VALUES (?, 'x', 0)", "INSERT INTO flags VALUES (?, 'x', NULL, 0)"];
    const item = raw.prepare("INSERT INTO derived VALUES (?, 'x', 1, 0, x'00')");
    for (let n = 0; n < many; n++)
      for (const insert of [raw.prepare(kept), raw.prepare(flag), item]) insert.run(`${n}`);
    raw.exec("INSERT INTO changes (at_ms, cell, from_id, brings) SELECT 0, 'vibe#9v6kp', name, 0 FROM kept");
    raw.exec("UPDATE changes SET at_ms = 0");
    raw.exec("COMMIT");
    const steps: number[] = [];
    for (let before = counts(); before.some((n) => n > 0); ) {
      await stores.sweep();
      const after = counts();
      steps.push(before.reduce((sum, n, i) => sum + n - (after[i] ?? 0), 0));
      before = after;
      expect(steps.length).toBeLessThan(60);
    }
    expect(Math.max(...steps)).toBeLessThanOrEqual(4000);
  });

  it("goes on where it was from cell to cell, past those where nothing has expired", () => {
    const db = openSqlite(":memory:");
    const [old, now] = [clock.now() - REPORT_LIFETIME_MS - 2 * DAY_MS, clock.now()];
    const insert = db.prepare("INSERT INTO reports VALUES (?, ?, 'theft', 1, 0, 0, NULL, NULL, NULL)");
    const [expired, live] = [
      makeReport({ createdAtMs: old, ...AUSTIN }).id,
      makeReport({ createdAtMs: now, ...AUSTIN }).id,
    ];
    for (let n = 0; n < 950; n++) {
      insert.run(`safety#${n}`, live);
      if (n % 10 === 0) insert.run(`safety#${n}`, expired);
    }
    // Of a report that a move from elsewhere did not find any more.
    db.prepare("INSERT INTO edits VALUES ('safety#zzzzz', ?, 1, 'hidden', NULL)").run(expired);
    const sweep = createSweep(db);
    let [from, calls] = ["", 0];
    do {
      from = sweep(from, now).from;
      calls++;
    } while (from !== "" && calls < 100);
    expect(calls).toBe(10 + 4);
    expect(db.prepare("SELECT count(*) AS n FROM reports").get()?.n).toBe(950);
    expect(db.prepare("SELECT count(*) AS n FROM edits").get()?.n).toBe(0);
    db.close();
  });
});
