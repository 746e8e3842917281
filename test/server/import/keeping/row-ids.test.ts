import { describe, expect, test } from "vitest";
import type { ImportOptions } from "../../../../server/import/import-options.ts";
import { undoRun } from "../../../../server/import/keeping/undo.ts";
import { type ReportStore, StoreUnavailableError } from "../../../../server/ports/report-store.ts";
import { createMemoryDerivedStore } from "../../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../../server/store/memory/memory.ts";
import { reportsOf } from "../../../kit/make-report.ts";
import { useImport } from "../import-fixture.ts";

/** Rows that are known by their ids, and runs that are taken back. */

const world = useImport();
const { clock } = world;

const HEADER = "key,lon,lat,time,layer,category,severity,text";
const BY_KEY = { sources: {}, values: {}, id: { column: "key" } };
type RowFields = { key?: string | number; lon?: number; lat?: number; time?: string; severity?: number; text?: string };
const row = ({ key = 1, lon = -95.4, lat = 29.7, time = "10:00", severity = 3, text = "x" }: RowFields): string =>
  `${key},${lon},${lat},2026-02-28T${time}:00Z,infrastructure,pothole,${severity},${text}`;

const run = (rows: readonly string[], options: Partial<ImportOptions> = {}) => {
  clock.advance(60_000);
  return world.run(world.write("rows.csv", [HEADER, ...rows, ""].join("\n")), { mapping: BY_KEY, ...options });
};
const undo = (runId = "") => undoRun({ ...world, runId, retryMs: 1 });
const texts = async (): Promise<string[]> => (await reportsOf(world.store)).map(({ text }) => text ?? "").sort();
const told = async () =>
  (await reportsOf(world.store))
    .map(
      ({ text, severity, lonDeg, createdAtMs }) =>
        `${text} ${severity} ${lonDeg} ${new Date(createdAtMs).toISOString().slice(11, 16)}`,
    )
    .sort();

describe("a row with an id", () => {
  test("is known again, replaces its report when it has changed, and stays when it is gone", async () => {
    const first = await run([row({ key: 1, text: "a" }), row({ key: 2, text: "b" }), row({ key: 3, text: "c" })]);
    expect(first).toMatchObject({ rowsRead: 3, written: 3, replaced: 0, existing: 0 });
    const next = await run([row({ key: 2, text: "b" }), row({ key: 3, text: "changed" }), row({ key: 4, text: "d" })]);
    expect(next).toMatchObject({ rowsRead: 3, written: 1, replaced: 1, existing: 1 });
    expect(await texts()).toEqual(["a", "b", "changed", "d"]);
    const again = await run([row({ key: 2, text: "b" }), row({ key: 3, text: "changed" }), row({ key: 4, text: "d" })]);
    expect(again).toMatchObject({ written: 0, replaced: 0, existing: 3, runId: undefined });
  });

  test("that moves, in place or in time, and back again, has one report", async () => {
    const there = { lon: -95.4, time: "10:00" };
    for (const place of [there, { lon: -94.9 }, there, { time: "11:00" }, there, there]) await run([row(place)]);
    expect(await told()).toEqual(["x 3 -95.4 10:00"]);
  });

  test("counts once in a file, as it is last, and is rejected without its id", async () => {
    const summary = await run([
      row({ text: "a" }),
      row({ key: 2 }),
      row({ text: "b" }),
      row({ key: " " }),
      row({ text: "c" }),
    ]);
    expect(summary).toMatchObject({ rowsRead: 5, written: 2, existing: 2, rejected: 1 });
    expect([...summary.reasons.keys()]).toEqual(["id is missing"]);
    expect(summary.notes.join()).toContain("2 rows have an id that a later row of the file has too");
    expect(await texts()).toEqual(["c", "x"]);
  });

  test("counts as the last that can be imported, so that one that cannot takes none away", async () => {
    const bad = row({ text: "bad", time: "25:00" });
    const summary = await run([bad, row({ text: "a" }), row({ text: "b" }), bad, row({ key: 2, text: "c" }), bad]);
    expect(summary).toMatchObject({ rowsRead: 6, written: 2, existing: 2, rejected: 2 });
    expect(await texts()).toEqual(["b", "c"]);
    expect(await run([row({ text: "new" }), bad])).toMatchObject({ replaced: 1, rejected: 1 });
    expect(await texts()).toEqual(["c", "new"]);
  });

  test("is counted in a dry run as it would be", async () => {
    const dry = (rows: string[]) => run(rows, { dryRun: true });
    expect(await dry([row({})])).toMatchObject({ written: 1 });
    await run([row({}), row({ key: 2 })]);
    expect(await dry([row({}), row({ key: 2, severity: 5 }), row({ key: 3 })])).toMatchObject({
      ...{ written: 1, replaced: 1, existing: 1, runId: undefined },
    });
    expect(await told()).toEqual(["x 3 -95.4 10:00", "x 3 -95.4 10:00"]);
  });

  test("is of its source, and of no other's", async () => {
    const rows = Array.from({ length: 30 }, (_, key) => row({ key }));
    const elsewhere = Array.from({ length: 30 }, (_, key) => row({ key, lon: -74 }));
    await run(rows);
    await expect(run(elsewhere)).rejects.toThrow(
      /30 of 30 rows .* lie more than 100 km .* Say --source NAME.* Nothing was stored/,
    );
    expect(await run(elsewhere, { source: "other" })).toMatchObject({ written: 30 });
    expect(await run(rows)).toMatchObject({ existing: 30 });
  });

  test("stays as moderators have it", async () => {
    await run([row({ key: 1 }), row({ key: 2 })]);
    const [first, second] = await reportsOf(world.store);
    await world.store.edit(first?.id ?? "", { kind: "hide" });
    await world.store.edit(second?.id ?? "", { kind: "remove" });
    const moved = await run([row({ key: 1, severity: 5 }), row({ key: 2, lon: -95 })]);
    expect([moved.existing, await texts()]).toEqual([2, []]);
  });

  test("may be written by one process at a time", async () => {
    const waiting: ReportStore = {
      ...world.store,
      async putMany(reports, options) {
        await expect(run([row({ key: 2 })])).rejects.toThrow("Another import or undo of the source file is under way");
        return world.store.putMany(reports, options);
      },
    };
    expect(await run([row({})], { store: waiting })).toMatchObject({ written: 1 });
    expect(await run([row({ key: 2 })])).toMatchObject({ written: 1 });
  });
});

describe("an undo", () => {
  test("takes back what its run made, replaced and moved, and the file can be imported again", async () => {
    await run([row({ key: 1, text: "a" }), row({ key: 2, text: "b" }), row({ key: 3, text: "c" })]);
    const before = await told();
    const next = [row({ key: 1, text: "A" }), row({ key: 2, text: "b", lon: -95.1 }), row({ key: 4, text: "d" })];
    for (let times = 0; times < 3; times++) {
      const { runId, ...counts } = await run(next);
      expect(counts).toMatchObject({ written: 1, replaced: 2 });
      const after = await told();
      expect(await undo(runId)).toMatchObject({ removed: 1, restored: 2, left: 0 });
      expect(await told()).toEqual(before);
      expect(after).toEqual(["A 3 -95.4 10:00", "b 3 -95.1 10:00", "c 3 -95.4 10:00", "d 3 -95.4 10:00"]);
      await expect(undo(runId)).rejects.toThrow(/was taken back already, on 2026-03-01/);
    }
  });

  test("of rows without ids takes exactly those that the run made", async () => {
    const options = { mapping: { sources: {}, values: {} } };
    const [a, b, c] = ["a", "b", "c"].map((text) => row({ text })) as [string, string, string];
    await run([a], options);
    for (let times = 0; times < 3; times++) {
      const { runId } = await run([a, b, c], options);
      expect(await texts()).toEqual(["a", "b", "c"]);
      expect(await undo(runId)).toMatchObject({ removed: 2, restored: 0 });
      expect(await texts()).toEqual(["a"]);
    }
  });

  test("leaves what moderators hid or removed, also when the file is imported again", async () => {
    const rows = [row({ key: 1, text: "hidden" }), row({ key: 2, text: "removed" }), row({ key: 3, text: "kept" })];
    for (const mapping of [BY_KEY, { sources: {}, values: {} }]) {
      [world.store, world.derived] = [createMemoryStore({ clock }), createMemoryDerivedStore({ clock })];
      const { runId } = await run(rows, { mapping });
      for (const { id, text } of await reportsOf(world.store)) {
        if (text !== "kept") await world.store.edit(id, { kind: text === "hidden" ? "hide" : "remove" });
      }
      expect(await undo(runId)).toMatchObject({ removed: 1, left: 2 });
      expect(await run(rows, { mapping })).toMatchObject({ written: 1, existing: 2 });
      expect(await texts()).toEqual(["kept"]);
    }
  });

  test("is refused where a later run built on it, until that one is undone", async () => {
    const first = await run([row({ key: 1, text: "a" }), row({ key: 2 })]);
    const second = await run([row({ key: 1, text: "b" })]);
    await expect(undo(first.runId)).rejects.toThrow(
      `Run ${second.runId} has changed 1 rows of run ${first.runId} since`,
    );
    await undo(second.runId);
    expect(await texts()).toEqual(["a", "x"]);
    expect(await undo(first.runId)).toMatchObject({ removed: 2 });
    expect(await texts()).toEqual([]);
  });

  test("of a row that an undo had put back where it was removes it there", async () => {
    const first = await run([row({ lon: -95.4 })]);
    const second = await run([row({ lon: -95.1 })]);
    await undo(second.runId);
    expect(await told()).toEqual(["x 3 -95.4 10:00"]);
    await undo(first.runId);
    expect(await told()).toEqual([]);
  });

  test("that was cut off keeps others away and goes on", async () => {
    const rows = Array.from({ length: 40 }, (_, key) => row({ key }));
    const { runId = "" } = await run(rows);
    let edits = 0;
    const dying: ReportStore = {
      ...world.store,
      edit: (id, edit) =>
        ++edits > 25 ? Promise.reject(new StoreUnavailableError("away")) : world.store.edit(id, edit),
    };
    await expect(undoRun({ ...world, store: dying, runId, retryMs: 1 })).rejects.toThrow("away");
    await expect(run(rows)).rejects.toThrow(`say --undo ${runId} again first`);
    expect(await undo(runId)).toMatchObject({ removed: 40, left: 0 });
    expect([await texts(), await run(rows)]).toMatchObject([[], { written: 40 }]);
  });

  test("of a run that there is not is refused", async () => {
    await expect(undo("260301-120000-kdp")).rejects.toThrow("There is no run 260301-120000-kdp");
  });
});
