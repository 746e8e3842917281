import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { silentLog } from "../../../../server/console/log.ts";
import { readConfig } from "../../../../server/runtime/config.ts";
import { openDynamo } from "../../../../server/runtime/stores/open-dynamo.ts";
import { openReports } from "../../../../server/runtime/stores/open-reports.ts";
import { openStores } from "../../../../server/runtime/stores/stores.ts";
import { SQLITE_FILE } from "../../../../server/store/sqlite/schema.ts";
import { BROOKLYN, DAY_MS, makeReport as makeReportAt } from "../../../kit/make-report.ts";
import { keepLog } from "../../console/kept-log.ts";
import { makeReport } from "./report.ts";

const root = mkdtempSync(join(tmpdir(), "stratum-embedded-"));
const clock = { now: Date.now };
let count = 0;

afterAll(() => rmSync(root, { recursive: true, force: true }));

function newStores(dir: string, role: "server" | "command" = "server") {
  return openStores(readConfig({ DATA_DIR: dir }), { role, log: silentLog });
}

const open = (dir: string, onProgress?: (detail: string) => void) =>
  openReports(newStores(dir), { clock, log: silentLog, ...(onProgress && { onProgress }) });

/** A DATA_DIR as an older version left it: in its emulator. */
async function oldDataDir() {
  const dir = join(root, String(count++));
  const stores = newStores(dir);
  const { store } = openDynamo(await stores.dynamo(), { clock });
  await store.migrate();
  // One lies in a cell of its own, of which nothing is told later.
  const elsewhere = makeReportAt({ createdAtMs: clock.now() - DAY_MS, ...BROOKLYN });
  const reports = [...Array.from({ length: 1300 }, (_, n) => makeReport(n)), elsewhere];
  await store.putMany(reports);
  const [hidden, removed, replaced] = reports as [(typeof reports)[0], (typeof reports)[0], (typeof reports)[0]];
  await store.edit(hidden.id, { kind: "hide" });
  await store.edit(removed.id, { kind: "remove" });
  await store.edit(replaced.id, { kind: "replace", report: { ...replaced, text: "corrected" } });
  await store.flag(hidden.id, { flagger: "one", untilMs: clock.now() + 1e8 });
  await store.claimKey("key", { fingerprint: "f", reportId: "r" });
  await store.remember("salt", "s", { untilMs: clock.now() + 1e8 });
  // Its row is still on the way when the process ends: only the feed holds it.
  const appended = makeReport(5000);
  await store.append(appended);
  await store.confirm({ isLast: true });
  await store.close();
  await stores.close();
  return { dir, reports, hidden, removed, replaced, appended };
}

describe("the embedded report store", () => {
  it("is one file in DATA_DIR, which several openings share", async () => {
    const dir = join(root, String(count++));
    const [first, second] = [await open(dir), await open(dir)];
    const report = makeReport(1);
    await first.store.put(report);
    expect(await second.store.get(report.id)).toEqual(report);
    expect(existsSync(join(dir, SQLITE_FILE))).toBe(true);
    expect(existsSync(join(dir, "dynamodb"))).toBe(false);
    await first.store.close();
    await second.store.close();
  });

  it("takes over what an older version kept in its emulator, once", async () => {
    const { dir, reports, hidden, removed, replaced, appended } = await oldDataDir();
    const told: string[] = [];
    const { store } = await open(dir, (detail) => told.push(detail));
    expect(told.at(-1)).toMatch(/^moving 13\d\d items/);
    const shown = reports.filter(({ id }) => id !== hidden.id && id !== removed.id);
    const found = await store.getMany([...reports.map(({ id }) => id), appended.id]);
    expect(found.map(({ id }) => id)).toEqual([...shown.map(({ id }) => id), appended.id]);
    expect(found.find(({ id }) => id === replaced.id)?.text).toBe("corrected");
    expect(await store.edit(hidden.id, { kind: "restore" })).toMatchObject({ version: 2, report: hidden });
    expect(await store.put(removed)).toBe("exists");
    expect(await store.edit(removed.id, { kind: "restore" })).toBeUndefined();
    expect(await store.flag(hidden.id, { flagger: "two", untilMs: clock.now() + 1e8 })).toHaveLength(2);
    expect(await store.claimKey("key", { fingerprint: "g", reportId: "q" })).toEqual({
      fingerprint: "f",
      reportId: "r",
    });
    expect(await store.remember("salt", "t", { untilMs: clock.now() + 1e8 })).toBe("s");
    // Also whoever has read nothing yet, or the old feed, is told of every cell.
    for (const cursor of ["0", String(clock.now())]) {
      const { changes } = await store.readChanges(cursor);
      const read = await Promise.all(changes.map(({ from, ...cell }) => store.readCell(cell, { from })));
      expect(read.flatMap(({ reports: ofCell }) => ofCell)).toHaveLength(shown.length + 2);
    }
    await store.close();
    expect(existsSync(join(dir, "dynamodb.moved"))).toBe(true);
    expect(existsSync(join(dir, "dynamodb"))).toBe(false);
  });

  it("takes an emulator that has no table yet for empty, and says when an older version was started again", async () => {
    const dir = join(root, String(count++));
    mkdirSync(join(dir, "dynamodb"), { recursive: true });
    const first = await open(dir);
    expect(await first.store.isEmpty()).toBe(true);
    await first.store.close();
    mkdirSync(join(dir, "dynamodb"));
    const { log, lines } = keepLog();
    const { store } = await openReports(newStores(dir), { clock, log });
    expect(lines()).toEqual([expect.stringContaining("reports of an older version lie beside")]);
    await store.close();
  });

  it("begins the move anew when it was cut off", async () => {
    const { dir, reports } = await oldDataDir();
    writeFileSync(join(dir, `${SQLITE_FILE}.new`), "half");
    const { store } = await open(dir);
    expect(await store.get((reports.at(-1) as { id: string }).id)).toBeDefined();
    await store.close();
  });

  it("refuses a file that is none of ours with a sentence", async () => {
    const dir = join(root, String(count++));
    mkdirSync(dir);
    writeFileSync(join(dir, SQLITE_FILE), "no database at all".repeat(100));
    await expect(open(dir)).rejects.toThrow(/reports in .* cannot be opened .*backup.*start empty/);
    await expect(open(dir)).rejects.toMatchObject({ name: "OperatorError" });
  });
});
