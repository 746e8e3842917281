import { describe, expect, it } from "vitest";
import { silentLog } from "../../../server/console/log.ts";
import type { CellRows, EditedReport, LogCell, ReportStore } from "../../../server/ports/report-store.ts";
import { createCellCache } from "../../../server/pyramid/cell-cache.ts";
import { createLogSegments } from "../../../server/pyramid/log-segments.ts";
import { createPendingChanges, missingRows } from "../../../server/pyramid/pending-changes.ts";
import { createUnmergedRows } from "../../../server/pyramid/unmerged-rows.ts";
import { createMemoryDerivedStore } from "../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../server/store/memory/memory.ts";
import { encodeGeohash } from "../../../tiles/geo/geohash.ts";
import { columnsOfReports, idOfRow, type ReportColumns } from "../../../tiles/report-columns.ts";
import { createTestClock } from "../../kit/clock.ts";
import { seededRandom } from "../../kit/random.ts";
import { makeReport } from "../../kit/sample-reports.ts";

const PLACE = { lonDeg: -119.92, latDeg: -30 };
const CELL: LogCell = { layer: "safety", geohash5: encodeGeohash(PLACE.lonDeg, PLACE.latDeg, 5) };

/** What a read that is not strongly consistent finds of a cell that was written to a moment ago. */
const NOTHING_YET: CellRows = { reports: [], edited: new Map() };

type ReadCell = ReportStore["readCell"];

/** A cache as in a Worker, on a store whose reads of cells are those that `readCell` makes of them, told which one it is. */
function openCache(readCell: (number: number, read: () => ReturnType<ReadCell>) => ReturnType<ReadCell>) {
  const clock = createTestClock();
  const store = createMemoryStore({ clock });
  const pending = createPendingChanges();
  const fresh = createUnmergedRows();
  const random = seededRandom(3);
  let reads = 0;
  const cache = createCellCache({
    store: { ...store, readCell: (...args) => readCell(++reads, () => store.readCell(...args)) },
    logSegments: createLogSegments(createMemoryDerivedStore({ clock }), silentLog),
    clock,
    missing: (cell) => missingRows(pending, fresh, cell),
    maxBytes: 2 ** 20,
    limit: (work) => work(),
  });
  return {
    cache,
    store,
    pending,
    makeReport: () => makeReport({ ...PLACE, createdAtMs: clock.now() }, random),
    /** As when the feed brings a row. */
    bring(rows: ReportColumns): void {
      fresh.add(CELL, rows);
      cache.add(CELL, rows);
    },
    reads: () => reads,
  };
}

const idsOf = (columns: ReportColumns | undefined) =>
  columns && Array.from({ length: columns.length }, (_, row) => idOfRow(columns, row, 0));

describe("a refresh that never ends", () => {
  it("makes the same change, told again, one whose rows are not known, though somebody else read them", async () => {
    const { cache, store, makeReport } = openCache((number, read) => (number === 2 ? new Promise(() => {}) : read()));
    await cache.read(CELL);
    const [report, next] = [makeReport(), makeReport()];
    await store.append(report);
    void cache.refresh(CELL, report.id);
    expect(idsOf(await cache.read(CELL))).toEqual([report.id]);
    expect(await cache.refresh(CELL, report.id)).toBeUndefined();
    // From then on all is even again.
    await store.append(next);
    expect(idsOf(await cache.refresh(CELL, next.id))).toEqual([next.id]);
  });
});

describe("two first reads of a cell at once", () => {
  /** Starts two, of which each finds what it is told to, and nothing else is ever found; `end` lets them end. */
  function startTwo() {
    const found = [Promise.withResolvers<CellRows>(), Promise.withResolvers<CellRows>()] as const;
    const opened = openCache(async (number) => found[number - 1]?.promise ?? NOTHING_YET);
    const reading = [opened.cache.read(CELL), opened.cache.read(CELL)] as const;
    const end = async (which: 0 | 1, rows: CellRows) => {
      await expect.poll(opened.reads).toBeGreaterThanOrEqual(2);
      found[which].resolve(rows);
      return reading[which];
    };
    return { ...opened, end };
  }

  it.each([
    ["first", [1, 0]],
    ["last", [0, 1]],
  ] as const)(
    "keep a row that the feed brought meanwhile, also where the one that lacks it ends %s",
    async (_, order) => {
      const { cache, makeReport, bring, end } = startTwo();
      const report = makeReport();
      bring(columnsOfReports([report]));
      for (const which of order) await end(which, which === 0 ? { ...NOTHING_YET, reports: [report] } : NOTHING_YET);
      expect(idsOf(await cache.read(CELL))).toEqual([report.id]);
    },
  );

  it("keep a row that the feed brought meanwhile, also where both lack it", async () => {
    const { cache, makeReport, bring, end } = startTwo();
    const report = makeReport();
    bring(columnsOfReports([report]));
    for (const which of [0, 1] as const) expect(idsOf(await end(which, NOTHING_YET))).toEqual([report.id]);
    expect(idsOf(await cache.read(CELL))).toEqual([report.id]);
  });

  it("keep a row that only one of them found, also where the other ends last", async () => {
    const { cache, makeReport, end } = startTwo();
    const report = makeReport();
    await end(0, { ...NOTHING_YET, reports: [report] });
    expect(idsOf(await end(1, NOTHING_YET))).toEqual([report.id]);
    expect(idsOf(await cache.read(CELL))).toEqual([report.id]);
  });
});

describe("a read of a changed cell", () => {
  it("has a row that the feed brought and the log does not have yet", async () => {
    const { cache, pending, makeReport, bring } = openCache(async () => NOTHING_YET);
    const report = makeReport();
    pending.add(CELL, report.id, report.createdAtMs);
    bring(columnsOfReports([report]));
    expect(idsOf(await cache.read(CELL))).toEqual([report.id]);
  });

  it("lacks a row that the feed brought and that is known as hidden, which the log does not tell yet", async () => {
    const { cache, store, pending, makeReport, bring } = openCache(async () => NOTHING_YET);
    const report = makeReport();
    await store.append(report);
    pending.add(CELL, report.id, report.createdAtMs);
    bring(columnsOfReports([report]));
    cache.edit(CELL, [(await store.edit(report.id, { kind: "hide" })) as EditedReport]);
    expect(idsOf(await cache.read(CELL))).toEqual([]);
  });

  it("lacks a row that the feed brought and that the log tells as hidden", async () => {
    const { cache, store, pending, makeReport, bring } = openCache((_, read) => read());
    const report = makeReport();
    await store.append(report);
    await store.edit(report.id, { kind: "hide" });
    pending.add(CELL, report.id, report.createdAtMs);
    bring(columnsOfReports([report]));
    expect(idsOf(await cache.read(CELL))).toEqual([]);
  });
});

describe("reads of a cell that overtake each other", () => {
  /** Reads of the log end when they are told to, with what they are told. */
  function openGated() {
    const gates: PromiseWithResolvers<CellRows>[] = [];
    const opened = openCache(() => {
      const gate = Promise.withResolvers<CellRows>();
      gates.push(gate);
      return gate.promise;
    });
    const end = async (read: number, ...reports: ReturnType<typeof opened.makeReport>[]) => {
      await expect.poll(() => gates.length).toBeGreaterThan(read);
      gates[read]?.resolve({ reports, edited: new Map() });
      // What follows it in the cache.
      await new Promise((resolve) => setTimeout(resolve, 5));
    };
    return { ...opened, end };
  }

  it("leave what one has brought behind a refresh to the next refresh", async () => {
    const { cache, makeReport, end } = openGated();
    const first = cache.read(CELL);
    await end(0);
    await first;
    const [one, two] = [makeReport(), makeReport()];
    const refresh = cache.refresh(CELL, one.id);
    const read = cache.read(CELL);
    await end(1, one);
    expect(await refresh).toHaveLength(1);
    await end(2, one, two);
    expect(await read).toHaveLength(2);
    const again = cache.refresh(CELL, two.id);
    await end(3, two);
    expect(await again).toBeUndefined();
  });

  it("keep a row that the feed brings while a refresh reads what a slower first read replaces", async () => {
    const { cache, pending, bring, makeReport, end } = openGated();
    const reads = [cache.read(CELL), cache.read(CELL)];
    await end(0);
    await reads[0];
    const [one, two] = [makeReport(), makeReport()];
    pending.add(CELL, one.id, 0);
    const refresh = cache.refresh(CELL, one.id);
    await end(1);
    bring(columnsOfReports([two]));
    await end(3, one);
    await end(2, one);
    await Promise.all([refresh, ...reads]);
    expect(idsOf(cache.peek(CELL))?.sort()).toEqual([one.id, two.id].sort());
  });
});
