import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { importFile } from "../../../../server/import/import-file.ts";
import type { ImportOptions } from "../../../../server/import/import-options.ts";
import { listRuns } from "../../../../server/import/keeping/run-items.ts";
import { formatRuns } from "../../../../server/import/keeping/run-list.ts";
import type { DerivedStore } from "../../../../server/ports/derived-store.ts";
import { type ReportStore, StoreUnavailableError } from "../../../../server/ports/report-store.ts";
import { createMemoryDerivedStore } from "../../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../../server/store/memory/memory.ts";

/** What is kept of imports that stored something. */

const dir = mkdtempSync(join(tmpdir(), "runs-"));
afterAll(() => rmSync(dir, { recursive: true }));
let nowMs = 0;
const clock = { now: () => nowMs };
let store: ReportStore;
let derived: DerivedStore;
beforeEach(() => {
  nowMs = Date.parse("2026-03-01T12:00:00Z");
  store = createMemoryStore({ clock });
  derived = createMemoryDerivedStore({ clock });
});

const run = (name: string, rows: readonly string[], options: Partial<ImportOptions> = {}) => {
  const path = join(dir, name);
  writeFileSync(path, ["lon,lat,time,layer,category,severity,text", ...rows, ""].join("\n"));
  return importFile({ path, mapping: { sources: {}, values: {} }, store, derived, clock, retryMs: 1, ...options });
};
const row = (text: string) => `-95.4,29.7,2026-02-28T10:00:00Z,safety,theft,3,${text}`;

describe("runs", () => {
  test("are listed, the newest first, by ids that sort by time", async () => {
    const first = await run("first.csv", [row("a"), row("b")]);
    nowMs += 3_600_000;
    const second = await run("second.csv", [row("b"), row("c")]);
    expect([first.runId, second.runId]).toEqual([
      expect.stringMatching(/^260301-120000-[a-z]{3}$/),
      expect.stringMatching(/^260301-130000-[a-z]{3}$/),
    ]);
    expect((await formatRuns({ derived, clock })).split("\n")).toEqual([
      "RUN                BEGAN                 FILE        SOURCE  WRITTEN  REPLACED  STATE",
      `${second.runId}  2026-03-01 13:00 UTC  second.csv  -             1         0  done`,
      `${first.runId}  2026-03-01 12:00 UTC  first.csv   -             2         0  done`,
      "",
    ]);
  });

  test("of one second have an order", async () => {
    const ids: (string | undefined)[] = [];
    for (const text of ["a", "b", "c", "d"]) ids.push((await run("x.csv", [row(text)])).runId);
    expect(ids.toSorted()).toEqual(ids);
  });

  test("that store nothing are none", async () => {
    await run("x.csv", [row("a")]);
    const again = await run("x.csv", [row("a")]);
    const dry = await run("y.csv", [row("b")], { dryRun: true });
    expect([again.runId, dry.runId, (await listRuns(derived)).length]).toEqual([undefined, undefined, 1]);
  });

  test("that broke off are told", async () => {
    const dying: ReportStore = {
      ...store,
      putMany: (reports, options) =>
        store.putMany(reports, options).then(() => Promise.reject(new StoreUnavailableError("away"))),
    };
    await expect(run("x.csv", [row("a")], { store: dying })).rejects.toThrow("stopped answering");
    expect(await formatRuns({ derived, clock })).toContain("broke off");
  });
});
