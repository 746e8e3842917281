import { describe, expect, test } from "vitest";
import type { ImportOptions } from "../../../../server/import/import-options.ts";
import { listRuns } from "../../../../server/import/keeping/run-items.ts";
import { formatRuns } from "../../../../server/import/keeping/run-list.ts";
import { type ReportStore, StoreUnavailableError } from "../../../../server/ports/report-store.ts";
import { useImport } from "../import-fixture.ts";

/** What is kept of imports that stored something. */

const world = useImport();
const run = (name: string, rows: readonly string[], options?: Partial<ImportOptions>) =>
  world.run(world.write(name, ["lon,lat,time,layer,category,severity,text", ...rows, ""].join("\n")), options);
const row = (text: string) => `-95.4,29.7,2026-02-28T10:00:00Z,safety,theft,3,${text}`;

describe("runs", () => {
  test("are listed, the newest first, by ids that sort by time", async () => {
    const first = await run("first.csv", [row("a"), row("b")]);
    world.clock.advance(3_600_000);
    const second = await run("second.csv", [row("b"), row("c")]);
    expect([first.runId, second.runId]).toEqual([
      expect.stringMatching(/^260301-120000-[a-z]{3}$/),
      expect.stringMatching(/^260301-130000-[a-z]{3}$/),
    ]);
    expect((await formatRuns(world)).split("\n")).toEqual([
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
    expect([again.runId, dry.runId, (await listRuns(world.derived)).length]).toEqual([undefined, undefined, 1]);
  });

  test("that broke off are told", async () => {
    const dying: ReportStore = {
      ...world.store,
      putMany: (reports, options) =>
        world.store.putMany(reports, options).then(() => Promise.reject(new StoreUnavailableError("away"))),
    };
    await expect(run("x.csv", [row("a")], { store: dying })).rejects.toThrow("stopped answering");
    expect(await formatRuns(world)).toContain("broke off");
  });
});
