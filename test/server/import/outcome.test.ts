import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { ImportOptions } from "../../../server/import/import-options.ts";
import { parseMaxRejects } from "../../../server/import/outcome.ts";
import { DAY_MS, reportsOf } from "../../kit/make-report.ts";
import { useImport } from "./import-fixture.ts";

/** When an import counts as failed, and when it is refused before anything is stored. */

const world = useImport();
let files = 0;
let path = "";
function run(content: string, options: Partial<ImportOptions> = {}, ending = "csv") {
  path = world.write(`${files++}.${ending}`, content);
  return world.run(path, options);
}

const HEADER = "lon,lat,time,layer,category,severity\n";
const rowOf = (lat: number | string, time = "2026-02-28") => `1,${lat},${time},vibe,noise,1\n`;
const GOOD = rowOf(1);
const BAD = rowOf("north");
const OLD = rowOf(1, "2010-01-01");

describe("an import fails", () => {
  test("when no row of a small file was imported, with the first value and what to say instead", async () => {
    const bad = await run(HEADER + BAD.repeat(3));
    expect(bad).toMatchObject({ rowsRead: 3, written: 0, rejected: 3 });
    expect(bad.failure).toBe('None of the 3 rows can be imported: lat "north" must be a number from -90 to 90.');
    const old = await run(HEADER + OLD);
    expect(old.failure).toMatch(
      /^The row cannot be imported: time "2010-01-01" is more than 90 days ago.*--into-last 89d/,
    );
    expect((await run(HEADER + OLD + BAD, { dryRun: true })).failure).toMatch(/^None of the 2 rows/);
  });

  test("but not when all were there, when some are old, or when there are none", async () => {
    expect(await run(HEADER + GOOD)).not.toHaveProperty("failure");
    expect(await run(HEADER + GOOD)).not.toHaveProperty("failure");
    expect(await run(HEADER + OLD + GOOD)).not.toHaveProperty("failure");
    expect(await run(HEADER)).not.toHaveProperty("failure");
    expect(await run('{"type":"FeatureCollection","features":[]}', {}, "geojson")).not.toHaveProperty("failure");
  });

  test("when all of many rows have expired, though the file is read to its end", async () => {
    const { rowsRead, failure } = await run(HEADER + OLD.repeat(1500));
    expect([rowsRead, failure]).toEqual([1500, expect.stringMatching(/^None of the 1500 rows.*--into-last 89d/)]);
  });
});

test("of ever other reasons no more than a thousand are told apart", async () => {
  const properties = { time: "2026-02-28", layer: "vibe", category: "noise", severity: 1 };
  const feature = { type: "Feature", geometry: { type: "Point", coordinates: [1, 1] }, properties };
  const lines = Array.from({ length: 1100 }, (_, n) => [
    feature,
    { ...feature, crs: { type: "name", properties: { name: `system ${n}` } } },
  ]);
  const content = lines.flat().map((line) => `${JSON.stringify(line)}\n`);
  const { reasons, rejected } = await run(content.join(""), {}, "geojsonl");
  expect(rejected).toBe(1100);
  expect(reasons.size).toBe(1001);
  expect([...reasons.values()].reduce((sum, count) => sum + count, 0)).toBe(1100);
});

describe("the first 1 000 rows", () => {
  test("are enough to refuse a file of which none can be read, before anything is stored", async () => {
    await expect(run(HEADER + BAD.repeat(1000) + GOOD)).rejects.toThrow(
      'None of the first 1000 rows can be imported: lat "north" must be a number from -90 to 90.',
    );
    expect([await reportsOf(world.store), existsSync(`${path}.rejects.csv`)]).toEqual([[], false]);
  });

  test("are no reason to refuse a file when one fits, or all are only too old", async () => {
    expect(await run(HEADER + BAD.repeat(999) + GOOD.repeat(2))).toMatchObject({ written: 2, rejected: 999 });
    expect(await run(HEADER + OLD.repeat(1000) + rowOf(2))).toMatchObject({ written: 1, rejected: 1000 });
    expect(await run(HEADER + BAD.repeat(1000) + rowOf(3).repeat(3), { limit: 5 })).toMatchObject({ rejected: 5 });
  });

  test("that lack a column are refused for that", async () => {
    await expect(run(`lon,lat\n${"1,1\n".repeat(1000)}`)).rejects.toThrow(/--time COLUMN.*--time =now/);
    await expect(run('{"lon":1,"lat":1}\n'.repeat(1001), {}, "ndjson")).rejects.toThrow(/--time COLUMN/);
  });
});

describe("--max-rejects", () => {
  const FILE = HEADER + GOOD.repeat(1900) + BAD.repeat(100);

  test.each([
    ["99", false],
    ["100", true],
    ["4.9%", false],
    ["5%", true],
  ])("%s of 100 in 2 000: stored %s", async (most, isStored) => {
    const maxRejects = parseMaxRejects(most);
    const summary = run(FILE, { maxRejects });
    if (isStored) expect(await summary).toMatchObject({ written: 1900, rejected: 100 });
    else
      await expect(summary).rejects.toThrow(
        `100 of 2 000 rows are rejected, more than --max-rejects ${most}, so nothing`,
      );
    expect(await reportsOf(world.store)).toHaveLength(isStored ? 1900 : 0);
  });

  test("shows all rejects in a dry run, and fails then", async () => {
    const dry = await run(FILE, {
      maxRejects: { rows: 99 },
      dryRun: true,
      rejectsPath: join(world.dir, "all.csv"),
    });
    expect([dry.rejected, existsSync(dry.rejectsPath ?? "")]).toEqual([100, true]);
    expect(dry.failure).toBe("100 of 2 000 rows are rejected, more than --max-rejects 99.");
  });

  test("counts rows that are cut from the span, and keeps no dates of what was refused", async () => {
    const times = Array.from({ length: 50 }, (_, i) => rowOf(i, `2010-01-0${1 + (i % 9)}`)).join("");
    const file = HEADER + times + rowOf(1, "1900-01-01").repeat(2);
    const options = { intoLastMs: 10 * DAY_MS, maxRejects: { rows: 1 } };
    await expect(run(file, options)).rejects.toThrow(/^2 of 52 rows/);
    expect(await world.derived.list("imports/anchors")).toEqual([]);
  });
});

test("more than a tenth of rejected rows is warned of, unless it was said how many may be", async () => {
  const file = HEADER + GOOD.repeat(8) + BAD;
  expect((await run(file)).notes.join()).toMatch(/Warning: 11% of the rows were rejected.*--max-rejects/);
  expect((await run(file, { maxRejects: { share: 0.2 } })).notes.join()).not.toMatch(/Warning/);
  expect((await run(HEADER + GOOD.repeat(9) + BAD)).notes.join()).not.toMatch(/Warning/);
});
