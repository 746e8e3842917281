import { describe, expect, test } from "vitest";
import { parseSource, parseValueMaps } from "../../../../server/import/fields/mapping.ts";
import type { ImportOptions } from "../../../../server/import/import-options.ts";
import { findFormerEpoch } from "../../../../server/import/keeping/former-epoch.ts";
import type { ReportStore } from "../../../../server/ports/report-store.ts";
import { DAY_MS, idsOf, reportsOf } from "../../../kit/make-report.ts";
import { useImport } from "../import-fixture.ts";

const world = useImport();
const { clock } = world;

const HEADER = "lon,lat,time,layer,category,severity\n";
const rowOn = (time: string, n = 0): string => `${1 + n / 1000},1,${time},vibe,noise,1\n`;
const dayOf = (day: number): string => new Date(Date.UTC(2010, 0, 1 + day)).toISOString().slice(0, 10);
const rowsOfDays = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, i) => rowOn(dayOf(from + i), from + i)).join("");
const OLD = HEADER + rowsOfDays(0, 30);

const run = (content: string, options: Partial<ImportOptions> = {}, name = "old.csv") =>
  world.run(world.write(name, content), { intoLastMs: 29 * DAY_MS, ...options });
const count = async (): Promise<number> => (await reportsOf(world.store)).length;

describe("a file that was imported and has grown", () => {
  const GROWN = HEADER + rowsOfDays(0, 40);

  test.each(["old.csv", "another.csv"])(
    "is known again as %s, and refused until its dates are chosen",
    async (name) => {
      await run(OLD);
      clock.advance(5 * DAY_MS);
      await expect(run(GROWN, {}, name)).rejects.toThrow(/old\.csv.* was imported before.*--anchor NAME.*--new-anchor/);
      await expect(run(GROWN, { dryRun: true }, name)).rejects.toThrow(/--anchor NAME/);
      expect(await count()).toBe(30);
    },
  );

  test("goes on with the earlier dates by a name, and what would lie in the future waits", async () => {
    await run(OLD);
    clock.advance(5 * DAY_MS);
    const grown = await run(GROWN, { anchor: "noise" });
    expect(grown).toMatchObject({ written: 5, existing: 30, rejected: 5 });
    expect([...grown.reasons.keys()]).toEqual([expect.stringMatching(/^time is later than the dates .* --new-anchor/)]);
    clock.advance(5 * DAY_MS);
    expect(await run(GROWN, { anchor: "noise" }, "renamed.csv")).toMatchObject({
      written: 5,
      existing: 35,
      rejected: 0,
    });
    // Known by its content, and by name whatever it contains.
    expect(await run(GROWN)).toMatchObject({ written: 0, existing: 40 });
    await expect(run(HEADER + rowsOfDays(0, 41))).rejects.toThrow(/--anchor noise/);
    expect(await run(HEADER + rowOn(dayOf(12), 7), { anchor: "noise" }, "x.csv")).toMatchObject({ written: 1 });
  });

  test("is dated anew on demand, and by the new dates from then on", async () => {
    await run(OLD);
    clock.advance(5 * DAY_MS);
    expect(await run(GROWN, { newImportEpoch: true })).toMatchObject({ written: 40, importEpochMs: clock.now() });
    clock.advance(DAY_MS);
    expect(await run(GROWN)).toMatchObject({ written: 0, existing: 40 });
  });

  test("is found under its name as long as a report dated by it lives", async () => {
    await run(OLD, { anchor: "noise" });
    clock.advance(60 * DAY_MS);
    await run(HEADER + rowsOfDays(0, 80), { anchor: "noise" });
    clock.advance(60 * DAY_MS);
    const later = await run(HEADER + rowsOfDays(0, 80), { anchor: "noise" });
    expect(later.written).toBe(0);
    expect(later.existing).toBeGreaterThan(0);
    clock.advance(91 * DAY_MS);
    expect(await run(OLD, { anchor: "noise" })).toMatchObject({ written: 30, importEpochMs: clock.now() });
  });
});

describe("a file that was imported", () => {
  test("with another length is refused, naming the first", async () => {
    await run(OLD);
    await expect(run(OLD, { intoLastMs: 10 * DAY_MS })).rejects.toThrow(/--into-last 29d/);
  });

  test("by other columns is refused, since none of its rows would be found", async () => {
    await run(OLD);
    const sources = { category: parseSource("layer") };
    await expect(run(OLD, { mapping: { sources, values: {} } })).rejects.toThrow(/by other columns/);
  });

  test("with times that were read in another zone is refused", async () => {
    await run(OLD);
    await expect(run(OLD, { timezone: "Asia/Tokyo" })).rejects.toThrow(/by other columns/);
  });

  test("goes on with the dates that a program before kept", async () => {
    const { store } = world;
    const epochMs = clock.now();
    await store.remember("import-row-key", "5".repeat(64), { untilMs: Number.MAX_SAFE_INTEGER });
    const { remember } = store;
    let key = "";
    const watched: ReportStore = {
      ...store,
      remember(name, value, options) {
        if (name.startsWith("import#")) key = name;
        return remember(name, value, options);
      },
    };
    const { createHash } = await import("node:crypto");
    const contentHash = createHash("sha256").update(OLD).digest("hex");
    const request = { contentHash, intoLastMs: 29 * DAY_MS, mapping: { sources: {}, values: {} }, clock };
    expect(await findFormerEpoch({ ...request, store: watched })).toBeUndefined();
    await remember(key, String(epochMs), { untilMs: epochMs + 90 * DAY_MS });
    clock.advance(3 * DAY_MS);
    expect(await run(OLD)).toMatchObject({ importEpochMs: epochMs, written: 30 });
    clock.advance(3 * DAY_MS);
    expect(await run(OLD)).toMatchObject({ importEpochMs: epochMs, existing: 30 });
  });

  test("has the same dates when two imports begin at once, each by its own clock", async () => {
    const runs = ["a.csv", "b.csv"].map((name, i) => run(OLD, { clock: { now: () => clock.now() - i * 1000 } }, name));
    const [one, other] = await Promise.all(runs);
    expect(one?.importEpochMs).toBe(other?.importEpochMs);
    expect(await count()).toBe(30);
  });
});

test("other files are dated by their own now", async () => {
  await run(OLD);
  clock.advance(DAY_MS);
  const other = HEADER + rowsOfDays(100, 130);
  expect(await run(other, {}, "other.csv")).toMatchObject({ written: 30, importEpochMs: clock.now() });
});

test("what is kept of a file tells nothing to try a row out on", async () => {
  await run(OLD);
  const [item] = await world.derived.list("imports/anchors");
  const { tokens } = JSON.parse(
    Buffer.from(item?.body ?? [])
      .toString("latin1")
      .replace(/^[^{]*/, "")
      .replace(/[^}]*$/, ""),
  ).file;
  // Sixteen bits: of 100 000 guesses at a row about 46 fit by chance.
  expect(tokens).toHaveLength(30);
  for (const token of tokens) expect(token).toMatch(/^[0-9a-f]{4}$/);
});

describe("the span", () => {
  test("is not that of the few rows that could be imported at first, once the mapping was mended", async () => {
    const rows = Array.from({ length: 30 }, (_, i) => rowOn(dayOf(i), i).replace("noise", i < 4 ? "noise" : "?")).join(
      "",
    );
    const values = parseValueMaps(["category:?=noise"]);
    expect(await run(HEADER + rows)).toMatchObject({ written: 4, rejected: 26 });
    const mended = { mapping: { sources: {}, values } };
    await expect(run(HEADER + rows, mended)).rejects.toThrow(
      /2010-01-01 00:00 to 2010-01-04 00:00\): 26 rows lie outside.*--new-anchor/,
    );
    clock.advance(DAY_MS);
    expect(await run(HEADER + rows, { ...mended, newImportEpoch: true })).toMatchObject({ written: 30 });
    expect(await run(HEADER + rows, mended)).toMatchObject({ written: 0, existing: 30 });
  });

  test("is of rows that can be imported, without one that lies far off; those are rejected and told", async () => {
    const far = `${rowOn("1900-01-01", 900)}${rowOn("2099-01-01", 901)}1,999,2010-02-15,vibe,noise,1\n`;
    const summary = await run(OLD + far, {}, "far.csv");
    expect(summary).toMatchObject({ written: 30, rejected: 3 });
    expect(summary.span).toEqual({ oldestMs: Date.parse(dayOf(0)), newestMs: Date.parse(dayOf(29)) });
    expect(summary.reasons.get("time lies so far from the other rows of the file that it was cut")).toBe(2);
    expect(summary.notes.join(" ")).toMatch(
      /1 row, dated 1900-01-01 00:00, lies .* 1 row, dated 2099-01-01 00:00, lies/,
    );
    clock.advance(40 * DAY_MS);
    expect(await run(OLD + far, {}, "far.csv")).toMatchObject({ written: 0, existing: 30, rejected: 3 });
  });
});

describe("--time =now", () => {
  const mapping = { sources: { time: parseSource("=now") }, values: {} };
  const noTimes = (from: number, to: number): string =>
    `lon,lat,layer,category,severity\n${Array.from({ length: to - from }, (_, i) => `${from + i},1,vibe,noise,1\n`).join("")}`;
  const now = (content: string, options: Partial<ImportOptions> = {}, name = "now.csv") =>
    run(content, { mapping, intoLastMs: undefined, ...options }, name);

  test("dates all rows by the first import, also those that come later", async () => {
    const firstMs = clock.now();
    expect(await now(noTimes(0, 20))).toMatchObject({ written: 20 });
    clock.advance(DAY_MS);
    expect(await now(noTimes(0, 20))).toMatchObject({ written: 0, existing: 20 });
    const grown = await now(noTimes(0, 25), {}, "tomorrow.csv");
    expect(grown).toMatchObject({ written: 5, existing: 20 });
    expect(grown.notes.join(" ")).toMatch(/moment of the first import/);
    expect(new Set((await reportsOf(world.store)).map(({ createdAtMs }) => createdAtMs))).toEqual(new Set([firstMs]));
  });

  test("dates other rows by their own moment, and the same ones anew on demand or when they have expired", async () => {
    await now(noTimes(0, 20));
    clock.advance(DAY_MS);
    await now(noTimes(100, 120));
    expect(new Set((await reportsOf(world.store)).map(({ createdAtMs }) => createdAtMs)).size).toBe(2);
    expect(await now(noTimes(0, 20), { newImportEpoch: true })).toMatchObject({ written: 20 });
    clock.advance(90 * DAY_MS + 1);
    expect(await now(noTimes(0, 20))).toMatchObject({ written: 20, existing: 0, rejected: 0 });
  });

  test("keeps nothing in a dry run", async () => {
    expect(await now(noTimes(0, 20), { dryRun: true })).toMatchObject({ written: 20 });
    expect(await world.derived.list("imports/anchors")).toEqual([]);
    expect(idsOf(await reportsOf(world.store))).toEqual([]);
  });
});
