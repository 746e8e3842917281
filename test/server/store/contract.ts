import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { Clock } from "../../../server/ports/clock.ts";
import {
  type LogCell,
  type LogRange,
  type ReportEdit,
  type ReportStore,
  TOLD_FOR_MS,
} from "../../../server/ports/report-store.ts";
import { REPORT_LAYERS, REPORT_LIFETIME_MS } from "../../../tiles/layers.ts";
import { type Report, roundDegrees } from "../../../tiles/report.ts";
import { columnsOfReports } from "../../../tiles/report-columns.ts";
import { createTestClock, type TestClock } from "../../kit/clock.ts";
import { AUSTIN, BROOKLYN, cellsOf, createReportMaker, DAY_MS, idsOf } from "../../kit/make-report.ts";

/** Where a store keeps its rows. */
export interface Backend {
  /** Two stores that are opened on the same table share their rows, but nothing else, as two processes would. */
  open(table: string, clock: Clock): ReportStore;
  stop(): Promise<void>;
}

/** A change that nobody confirmed is told after so long. */
const TOLD_AFTER_MS = 1600;
/** Who polls often looks this seldom at what was stored late. */
const LATE_TOLD_AFTER_MS = 2000;
/** An appended report is stored before its row is: others find the row a moment later. */
const applied = (reader: ReportStore, { id }: Report) =>
  vi.waitFor(async () => expect(await reader.get(id)).toBeDefined());

const CELL: LogCell = { layer: "safety", geohash5: "9v6kp" };
let tables = 0;

const readCell = async (from: ReportStore, cell: LogCell, range?: LogRange): Promise<readonly Report[]> =>
  (await from.readCell(cell, range)).reports;

/** The contract of the port `ReportStore`, for every adapter, with reports in one write shard, or in the extended tier in several. */
export function describeContract(name: string, start: () => Promise<Backend>, shards = 1): void {
  const { makeReport, makeReports } = createReportMaker(shards);

  describe(shards === 1 ? name : `${name}, in ${shards} write shards`, { tags: shards === 1 ? [] : "slow" }, () => {
    let backend: Backend;
    let clock: TestClock;
    let store: ReportStore;
    /** A second process on the same table. */
    let other: ReportStore;

    beforeAll(async () => {
      backend = await start();
    });
    afterAll(() => backend?.stop());

    beforeEach(async () => {
      clock = createTestClock(Date.now());
      const table = `contract-${++tables}`;
      store = backend.open(table, clock);
      other = backend.open(table, clock);
      await store.migrate();
      return async () => {
        await store.close();
        await other.close();
      };
    });

    it("gets many in the order asked for, without those that there are not", async () => {
      // More than the hundred that one request takes.
      const reports = makeReports(130, clock.now() - 1000);
      const elsewhere = makeReport({ createdAtMs: clock.now() - 5000, layer: "vibe", ...BROOKLYN });
      const expired = makeReport({ createdAtMs: clock.now() - REPORT_LIFETIME_MS - 1, seed: 7 });
      const unknown = makeReport({ createdAtMs: clock.now(), seed: 8 });
      await store.putMany([...reports, elsewhere, expired]);
      const asked = [elsewhere, unknown, ...reports.toReversed(), expired, elsewhere].map(({ id }) => id);
      for (const reader of [store, other]) {
        const found = await reader.getMany([...asked, "not an id"]);
        expect(found).toEqual([elsewhere, ...reports.toReversed(), elsewhere]);
        expect(await reader.getMany([])).toEqual([]);
      }
    });

    it("migrates again without a change", async () => {
      const report = makeReport({ createdAtMs: clock.now() });
      await store.put(report);
      await Promise.all([store.migrate(), other.migrate()]);
      expect(await store.get(report.id)).toEqual(report);
      await store.ping();
    });

    describe("put and get", () => {
      it("creates a report once and leaves it as it was", async () => {
        const report = makeReport({ createdAtMs: clock.now(), severity: 2 });
        expect(await store.put(report)).toBe("created");
        expect(await store.put({ ...report, severity: 5 })).toBe("exists");
        expect(await other.put({ ...report, severity: 5 })).toBe("exists");
        expect(await other.get(report.id)).toEqual(report);
      });

      it("creates a report once when many put it at the same time", async () => {
        const report = makeReport({ createdAtMs: clock.now() });
        const outcomes = await Promise.all(Array.from({ length: 8 }, (_, i) => (i % 2 ? store : other).put(report)));
        expect(outcomes.filter((outcome) => outcome === "created")).toHaveLength(1);
      });

      it("returns every report as it was put", async () => {
        const reports = fc.record({
          layer: fc.constantFrom(...REPORT_LAYERS),
          category: fc.string({ unit: "binary", minLength: 1, maxLength: 40 }),
          severity: fc.integer({ min: 1, max: 5 }),
          lonDeg: fc.double({ min: -180, max: 180, noNaN: true }).map((deg) => roundDegrees(deg) + 0),
          latDeg: fc.double({ min: -90, max: 90, noNaN: true }).map((deg) => roundDegrees(deg) + 0),
          createdAtMs: fc.integer({ min: 0, max: REPORT_LIFETIME_MS }).map((age) => clock.now() - age),
          lifetimeMs: fc.option(fc.integer({ min: REPORT_LIFETIME_MS, max: 2 * REPORT_LIFETIME_MS }), {
            nil: undefined,
          }),
          text: fc.option(fc.string({ unit: "grapheme", maxLength: 280 }), { nil: undefined }),
          seed: fc.integer(),
        });
        await fc.assert(
          fc.asyncProperty(reports, async ({ lifetimeMs = REPORT_LIFETIME_MS, text, ...fields }) => {
            const expiresAtMs = fields.createdAtMs + lifetimeMs;
            const report = makeReport({ ...fields, expiresAtMs, ...(text === undefined ? {} : { text }) });
            await store.put(report);
            expect(await other.get(report.id)).toEqual(report);
          }),
          { numRuns: 40 },
        );
      });

      it("knows nothing under another id", async () => {
        const report = makeReport({ createdAtMs: clock.now() });
        await store.put(report);
        for (const id of ["", "nonsense", report.id.slice(1), `${report.id}0`, makeReport({ ...report, seed: 1 }).id]) {
          expect(await store.get(id)).toBeUndefined();
        }
      });

      it("refuses reports that their id would not find, before it writes any", async () => {
        const report = makeReport({ createdAtMs: clock.now() });
        const elsewhere = makeReport({ createdAtMs: clock.now(), ...BROOKLYN });
        const lost = [
          { ...report, id: "" },
          { ...report, id: `${report.id.slice(0, 16)}h${report.id.slice(17)}` },
          { ...report, id: elsewhere.id },
          { ...report, layer: "vibe" as const },
          { ...report, createdAtMs: report.createdAtMs - 1 },
        ];
        for (const wrong of lost) {
          await expect(store.put(wrong)).rejects.toThrow(RangeError);
          await expect(store.putMany([report, wrong])).rejects.toThrow(RangeError);
        }
        expect(await readCell(store, CELL)).toEqual([]);
      });
    });

    describe("putMany", () => {
      it("counts what is new", async () => {
        const reports = makeReports(260, clock.now());
        expect(await store.putMany([])).toEqual({ written: 0, existing: 0 });
        expect(await store.putMany(reports.slice(0, 130))).toEqual({ written: 130, existing: 0 });
        expect(await store.putMany(reports)).toEqual({ written: 130, existing: 130 });
        expect(await other.putMany(reports)).toEqual({ written: 0, existing: 260 });
        expect(await readCell(other, CELL)).toEqual(reports);
      });

      it("tells what is missing before anything is stored", async () => {
        const [first, second, removed, ...rest] = makeReports(40, clock.now());
        if (first === undefined || second === undefined || removed === undefined) throw new Error("no reports");
        await store.putMany([first, removed]);
        await store.edit(removed.id, { kind: "remove" });
        const told: string[][] = [];
        const onMissing = async (missing: readonly Report[]): Promise<void> => {
          told.push(missing.map(({ id }) => id));
          expect(await other.getMany(missing.map(({ id }) => id))).toEqual([]);
        };
        const all = [first, second, removed, ...rest];
        const refused = store.putMany(all, { onMissing: () => Promise.reject(new Error("not now")) });
        await expect(refused).rejects.toThrow("not now");
        expect(await store.putMany(all, { onMissing })).toEqual({ written: 38, existing: 2 });
        expect(await store.putMany(all, { onMissing })).toEqual({ written: 0, existing: 40 });
        expect(told.map((ids) => ids.toSorted())).toEqual([[second, ...rest].map(({ id }) => id).toSorted()]);
      });

      it("counts a report that is named twice once", async () => {
        const [a, b] = makeReports(2, clock.now());
        if (a === undefined || b === undefined) throw new Error("no reports");
        expect(await store.putMany([a, b, { ...a, severity: 5 }, a])).toEqual({ written: 2, existing: 2 });
        expect(await readCell(store, CELL)).toEqual([a, b]);
      });

      it("leaves what exists as it was", async () => {
        const report = makeReport({ createdAtMs: clock.now(), severity: 2 });
        await store.put(report);
        await store.putMany([{ ...report, severity: 5 }]);
        expect(await store.get(report.id)).toEqual(report);
      });

      it("spreads over layers and cells", async () => {
        const inAustin = makeReports(30, clock.now());
        const inBrooklyn = makeReports(30, clock.now(), { ...BROOKLYN, layer: "vibe" });
        expect(await store.putMany([...inAustin, ...inBrooklyn])).toEqual({ written: 60, existing: 0 });
        expect(await readCell(store, CELL)).toEqual(inAustin);
        expect(await readCell(store, { layer: "vibe", geohash5: "dr5rm" })).toEqual(inBrooklyn);
        expect(await readCell(store, { layer: "vibe", geohash5: "9v6kp" })).toEqual([]);
      });
    });

    describe("reading a cell", () => {
      it("goes by id, oldest first, over a range that ends before its end", async () => {
        const reports = makeReports(6, clock.now());
        const [, b, c, , e] = idsOf(reports);
        if (b === undefined || c === undefined || e === undefined) throw new Error("no reports");
        await store.putMany(reports.toReversed());
        expect(await readCell(store, CELL)).toEqual(reports);
        expect(await readCell(store, CELL, { from: b })).toEqual(reports.slice(1));
        expect(await readCell(store, CELL, { before: c })).toEqual(reports.slice(0, 2));
        expect(await readCell(store, CELL, { from: b, before: e })).toEqual(reports.slice(1, 4));
        expect(await readCell(store, CELL, { from: c.slice(0, 10), before: e.slice(0, 10) })).toEqual(
          reports.slice(2, 4),
        );
        expect(await readCell(store, CELL, { from: c, before: c })).toEqual([]);
        expect(await readCell(store, CELL, { from: e, before: b })).toEqual([]);
      });

      it("finds the newest, newest first", async () => {
        const reports = makeReports(40, clock.now());
        await store.putMany(reports);
        const newestFirst = reports.toReversed();
        const [, , third] = idsOf(newestFirst);
        if (third === undefined) throw new Error("no reports");
        expect(await store.readNewest(CELL, 3)).toEqual(newestFirst.slice(0, 3));
        expect(await store.readNewest(CELL, 39)).toEqual(newestFirst.slice(0, 39));
        expect(await store.readNewest(CELL, 1000)).toEqual(newestFirst);
        expect(await store.readNewest(CELL, 2, { before: third })).toEqual(newestFirst.slice(3, 5));
        expect(await store.readNewest(CELL, 9, { from: third })).toEqual(newestFirst.slice(0, 3));
        expect(await store.readNewest(CELL, 0)).toEqual([]);
      });

      it("follows pages of more than 1 MB", async () => {
        const reports = makeReports(1300, clock.now(), { text: "水".repeat(280) });
        await store.putMany(reports);
        expect(idsOf(await readCell(other, CELL))).toEqual(idsOf(reports));
        expect(idsOf(await other.readNewest(CELL, 1250))).toEqual(idsOf(reports).reverse().slice(0, 1250));
      });
    });

    describe("a cell that gets hot", () => {
      const append = async (writer: ReportStore, count: number, firstSeed: number) => {
        const reports: Report[] = [];
        for (let seed = firstSeed; seed < firstSeed + count; seed++) {
          clock.advance(7);
          const report = makeReport({ createdAtMs: clock.now(), seed, shard: writer.shardFor(CELL) });
          await writer.put(report);
          reports.push(report);
          expect(idsOf(await other.readNewest(CELL, 1))).toEqual([report.id]);
        }
        return reports;
      };

      it("is read as one log, by every process at once", async () => {
        const old = makeReports(5, clock.now() - DAY_MS);
        await store.putMany(old);
        const reports = [...old, ...(await append(store, 60, 100)), ...(await append(other, 10, 200))];
        const ids = idsOf(reports);
        const [from, before] = [ids[30], ids[50]];
        if (from === undefined || before === undefined) throw new Error("no reports");
        for (const reader of [store, other]) {
          expect(await readCell(reader, CELL)).toEqual(reports);
          expect(idsOf(await readCell(reader, CELL, { from }))).toEqual(ids.slice(30));
          expect(idsOf(await readCell(reader, CELL, { from, before }))).toEqual(ids.slice(30, 50));
          expect(idsOf(await reader.readNewest(CELL, 33))).toEqual(ids.toReversed().slice(0, 33));
          expect(idsOf(await reader.readNewest(CELL, 15, { from, before }))).toEqual(ids.slice(35, 50).toReversed());
          for (const report of reports.slice(0, 20)) expect(await reader.get(report.id)).toEqual(report);
        }
      });

      it("loses and doubles nothing while two processes write, and a third reads", async () => {
        const acknowledged = new Set<string>();
        let writing = true;
        const write = async (writer: ReportStore, firstSeed: number) => {
          for (let seed = firstSeed; seed < firstSeed + 40; seed++) {
            clock.advance(3);
            const report = makeReport({ createdAtMs: clock.now(), seed, shard: writer.shardFor(CELL) });
            if (seed % 9 === 0) await writer.putMany([report]);
            else await writer.put(report);
            acknowledged.add(report.id);
          }
        };
        const read = async (reader: ReportStore) => {
          while (writing) {
            const before = [...acknowledged];
            const ids = idsOf(await readCell(reader, CELL));
            expect(ids).toEqual([...new Set(ids)].sort());
            expect(ids).toEqual(expect.arrayContaining(before));
            await new Promise((resolve) => setTimeout(resolve, 1));
          }
        };
        const reading = read(other);
        await Promise.all([write(store, 0), write(store, 100), write(other, 200)]);
        writing = false;
        await reading;
        expect(idsOf(await readCell(store, CELL))).toEqual([...acknowledged].sort());
      });
    });

    describe("editing", () => {
      const hide = { kind: "hide" } as const;
      const restore = { kind: "restore" } as const;
      const remove = { kind: "remove" } as const;

      it("takes a hidden report out of every read, at once here and elsewhere", async () => {
        const reports = makeReports(60, clock.now() - 1000, { text: "x" });
        await store.putMany(reports);
        const ids = idsOf(reports);
        expect((await other.readCell(CELL)).edited.size).toBe(0);
        const hidden = [reports[0], reports[31], reports[59]].filter((report) => report !== undefined);
        for (const { id } of hidden)
          expect(await store.edit(id, hide)).toMatchObject({ id, version: 1, isShown: false });
        clock.advance(3000);
        expect(await other.edit(ids[0] as string, hide)).toMatchObject({ version: 1 });
        const gone = idsOf(hidden);
        const left = ids.filter((id) => !gone.includes(id));
        // An import that goes on, and a retry whose answer was lost.
        expect(await other.putMany(reports)).toEqual({ written: 0, existing: 60 });
        expect(await other.put(hidden[0] as Report)).toBe("exists");
        for (const reader of [store, other]) {
          expect(idsOf(await readCell(reader, CELL))).toEqual(left);
          const { edited } = await reader.readCell(CELL);
          expect([...edited.keys()].sort()).toEqual(gone);
          expect([...edited.values()].map(({ isShown, report }) => [isShown, report])).toEqual([
            [false, undefined],
            [false, undefined],
            [false, undefined],
          ]);
          const range = { from: ids[20] as string, before: ids[40] as string };
          expect(idsOf(await readCell(reader, CELL, range))).toEqual(
            left.filter((id) => id >= range.from && id < range.before),
          );
          expect(idsOf(await reader.readNewest(CELL, 100))).toEqual(left.toReversed());
          expect(idsOf(await reader.readNewest(CELL, 3, range))).toEqual(ids.slice(37, 40).toReversed());
          for (const id of gone) expect(await reader.get(id)).toBeUndefined();
          expect(idsOf(await reader.getMany(ids))).toEqual(left);
        }
      });

      it("counts versions: the newest holds, for every process, whoever made it", async () => {
        const [report] = makeReports(1, clock.now() - DAY_MS, { text: "as it was" });
        if (report === undefined) throw new Error("no report");
        const { id } = report;
        await store.put(report);
        const replaced: Report = { ...report, severity: 5, category: "other", text: "corrected" };
        const steps: [ReportEdit, version: number, Report | undefined][] = [
          [{ kind: "replace", report: replaced }, 1, replaced],
          [{ kind: "replace", report: replaced }, 1, replaced],
          [hide, 2, undefined],
          [{ kind: "replace", report }, 3, undefined],
          [restore, 4, report],
          [restore, 4, report],
          [{ kind: "replace", report: replaced }, 5, replaced],
          [remove, 6, undefined],
          [remove, 6, undefined],
        ];
        for (const [i, [edit, version, now]] of steps.entries()) {
          const edited = await (i % 2 === 0 ? store : other).edit(id, edit);
          expect(edited).toEqual({ id, version, isShown: now !== undefined, report: now });
          clock.advance(3000);
          for (const reader of [store, other]) {
            expect(await reader.get(id)).toEqual(now);
            expect(await reader.getMany([id])).toEqual(now === undefined ? [] : [now]);
            expect(await reader.readNewest(CELL, 5)).toEqual(now === undefined ? [] : [now]);
            const { reports, edited: all } = await reader.readCell(CELL);
            expect(reports).toEqual(now === undefined ? [] : [now]);
            expect(all.get(id)).toEqual(edited);
            expect((await reader.readCell(CELL, { from: `${id}0` })).edited.get(id)?.version).toBe(version);
          }
        }
      });

      it("brings a removed report back by nothing, and knows none that never was", async () => {
        const [report, never] = makeReports(2, clock.now(), { text: "gone" });
        if (report === undefined || never === undefined) throw new Error("no reports");
        await store.put(report);
        expect(await store.edit(report.id, remove)).toMatchObject({ isShown: false });
        for (const edit of [restore, hide, { kind: "replace", report } as const])
          expect(await other.edit(report.id, edit)).toBeUndefined();
        expect(await other.put(report)).toBe("exists");
        expect(await other.putMany([report])).toEqual({ written: 0, existing: 1 });
        clock.advance(3000);
        expect(await readCell(other, CELL)).toEqual([]);
        expect(await store.get(report.id)).toBeUndefined();
        for (const edit of [restore, hide, remove]) expect(await store.edit(never.id, edit)).toBeUndefined();
        expect(await store.edit("nonsense", hide)).toBeUndefined();
      });

      it("gives each of many edits at once a version of its own", async () => {
        const [report] = makeReports(1, clock.now());
        if (report === undefined) throw new Error("no report");
        await store.put(report);
        const categories = ["a", "b", "c", "d", "e", "f"];
        const edits = categories.map((category, i) =>
          (i % 2 === 0 ? store : other).edit(report.id, { kind: "replace", report: { ...report, category } }),
        );
        const versions = (await Promise.all(edits)).map((edited) => edited?.version ?? 0);
        const last = categories[versions.indexOf(Math.max(...versions))];
        clock.advance(3000);
        expect(await other.get(report.id)).toMatchObject({ category: last });
        expect(new Set(versions).size).toBe(versions.length);
      });

      it("finds the newest reports behind more hidden ones than a page holds", async () => {
        const reports = makeReports(80, clock.now() - 1000);
        await store.putMany(reports);
        for (const { id } of reports.slice(20)) await store.edit(id, hide);
        clock.advance(3000);
        for (const reader of [store, other]) {
          expect(idsOf(await reader.readNewest(CELL, 5))).toEqual(idsOf(reports).slice(15, 20).toReversed());
          expect((await reader.readCell(CELL)).edited.size).toBe(60);
        }
      });

      it("is told of as of a write at the report's id", async () => {
        const [old, report] = makeReports(2, clock.now() - DAY_MS);
        if (old === undefined || report === undefined) throw new Error("no reports");
        await store.putMany([old, report]);
        clock.advance(60_000);
        const { cursor } = await other.readChanges();
        clock.advance(60_000);
        await store.edit(report.id, hide);
        clock.advance(1000);
        const { changes } = await other.readChanges(cursor);
        expect(changes).toMatchObject([CELL]);
        expect(changes[0]?.from && changes[0].from <= report.id).toBe(true);
        expect(changes[0]?.rows).toBeUndefined();
      });

      it("is never undone by a confirmation that comes behind it", async () => {
        const { cursor } = await other.readChanges();
        const report = makeReport({ createdAtMs: clock.now() });
        await store.append(report);
        await applied(other, report);
        await other.edit(report.id, hide);
        clock.advance(500);
        await store.confirm();
        for (let at = cursor, polls = 0; polls < 20; polls++) {
          const told = await other.readChanges(at);
          at = told.cursor;
          expect(told.changes.filter(({ rows }) => rows !== undefined)).toEqual([]);
          clock.advance(500);
        }
      });
    });

    it("keeps the flags of a report, each client's once, whichever process they come to", async () => {
      const untilMs = clock.now() + DAY_MS;
      const [a = "", b = ""] = idsOf(makeReports(2, clock.now()));
      const flag = async (on: ReportStore, id: string, flagger: string, reason?: string) =>
        (await on.flag(id, { flagger, untilMs, ...(reason && { reason }) })).map((kept) => kept.flagger).toSorted();
      expect(await store.flagsOf(a)).toEqual([]);
      expect(await flag(store, a, "one", "spam")).toEqual(["one"]);
      expect(await flag(other, a, "one", "untrue")).toEqual(["one"]);
      expect(await flag(other, a, "two.2")).toEqual(["one", "two.2"]);
      expect(await flag(store, b, "one")).toEqual(["one"]);
      expect(await flag(store, a, "three", "untrue")).toEqual(["one", "three", "two.2"]);
      expect((await other.flagsOf(a)).toSorted((x, y) => (x.flagger < y.flagger ? -1 : 1))).toEqual([
        { flagger: "one", reason: "spam" },
        { flagger: "three", reason: "untrue" },
        { flagger: "two.2" },
      ]);
    });

    describe("expiry", () => {
      it("hides a report after its last millisecond", async () => {
        const report = makeReport({ createdAtMs: clock.now() });
        await store.put(report);
        clock.advance(REPORT_LIFETIME_MS);
        expect(await store.get(report.id)).toEqual(report);
        expect(await readCell(store, CELL)).toEqual([report]);
        expect(await store.readNewest(CELL, 1)).toEqual([report]);
        clock.advance(1);
        expect(await store.get(report.id)).toBeUndefined();
        expect(await readCell(store, CELL)).toEqual([]);
        expect(await store.readNewest(CELL, 1)).toEqual([]);
      });

      it("finds the newest live reports beyond expired ones", async () => {
        const live = makeReports(5, clock.now() - DAY_MS);
        const gone = makeReports(70, clock.now(), { expiresAtMs: clock.now() + 1000 });
        await store.putMany([...live, ...gone]);
        clock.advance(1001);
        expect(await store.readNewest(CELL, 4)).toEqual(live.toReversed().slice(0, 4));
        expect(await store.readNewest(CELL, 50)).toEqual(live.toReversed());
      });
    });

    it("finds the cells that hold reports, each once, also those of which nobody was told", async () => {
      expect(await store.isEmpty()).toBe(true);
      const created = { createdAtMs: clock.now() };
      await store.put(makeReport({ ...created, ...BROOKLYN }));
      const appended = makeReport({ ...created, ...BROOKLYN, seed: 1 });
      await store.append(appended);
      await applied(other, appended);
      await other.putMany([
        makeReport({ ...created, lonDeg: -97.5, latDeg: 30.5 }),
        makeReport({ ...created, ...AUSTIN }),
        makeReport({ ...created, layer: "vibe", lonDeg: 0, latDeg: 0 }),
      ]);
      const cells = await cellsOf(store);
      expect(cells.map(({ layer, geohash5 }) => `${layer} ${geohash5}`).sort()).toEqual([
        "safety 9v6kp",
        "safety 9v6tt",
        "safety dr5rm",
        "vibe s0000",
      ]);
      expect(await other.isEmpty()).toBe(false);
    });

    describe("changes", () => {
      it("tells another process of a report, from its id or before", async () => {
        const start = await other.readChanges();
        expect(start.changes).toEqual([]);
        const report = makeReport({ createdAtMs: clock.now() });
        await store.put(report);
        clock.advance(TOLD_AFTER_MS);
        const { changes } = await other.readChanges(start.cursor);
        expect(changes).toHaveLength(1);
        expect(changes[0]).toMatchObject(CELL);
        expect((changes[0]?.from ?? "~") <= report.id).toBe(true);
      });

      it.each([["append"], ["put"]] as const)("brings the rows of %s once they are confirmed", async (method) => {
        const { cursor } = await other.readChanges();
        const report = makeReport({ createdAtMs: clock.now() });
        await store[method](report);
        await applied(other, report);
        clock.advance(300);
        await store.confirm();
        const { changes } = await other.readChanges(cursor);
        expect(changes).toMatchObject([{ ...CELL, rows: columnsOfReports([report]) }]);
      });

      it("names the cell of a row whose writer died before it confirmed it", async () => {
        const { cursor } = await other.readChanges();
        await store.append(makeReport({ createdAtMs: clock.now() }));
        clock.advance(TOLD_AFTER_MS);
        expect((await other.readChanges(cursor)).changes).toMatchObject([CELL]);
      });

      it("tells again of a report that is put again, for whoever stored it may have died before", async () => {
        const report = makeReport({ createdAtMs: clock.now() });
        await store.put(report);
        clock.advance(3_600_000);
        const { cursor } = await other.readChanges();
        clock.advance(60_000);
        expect(await other.put(report)).toBe("exists");
        clock.advance(TOLD_AFTER_MS);
        const { changes } = await store.readChanges(cursor);
        expect(changes).toMatchObject([CELL]);
        expect((changes[0]?.from ?? "~") <= report.id).toBe(true);
      });

      it("tells of every cell of a batch, from its oldest report", async () => {
        const { cursor } = await other.readChanges();
        const reports = [
          ...makeReports(30, clock.now() - 40 * DAY_MS),
          ...makeReports(30, clock.now() - 20 * DAY_MS, { ...BROOKLYN, layer: "vibe" }),
        ];
        await store.putMany(reports.toReversed());
        const { changes } = await other.readChanges(cursor);
        const reread = await Promise.all(changes.map(({ from, ...cell }) => readCell(other, cell, { from })));
        expect(changes).toHaveLength(2);
        expect(new Set(idsOf(reread.flat()))).toEqual(new Set(idsOf(reports)));
      });

      it("tells again of a batch that is put again, for the first run may have died before it told", async () => {
        const reports = makeReports(30, clock.now());
        await store.putMany(reports);
        clock.advance(3_600_000);
        const { cursor } = await other.readChanges();
        await store.putMany(reports);
        expect((await other.readChanges(cursor)).changes).toMatchObject([CELL]);
      });

      it("falls silent when nothing is written any more", async () => {
        await store.put(makeReport({ createdAtMs: clock.now() }));
        clock.advance(60_000);
        const { cursor } = await other.readChanges();
        clock.advance(60_000);
        expect((await other.readChanges(cursor)).changes).toEqual([]);
      });

      it("tells nothing of what was stored some seconds before a cursor", async () => {
        await store.putMany(makeReports(30, clock.now() - DAY_MS));
        await store.append(makeReport({ createdAtMs: clock.now(), ...BROOKLYN }));
        clock.advance(TOLD_FOR_MS);
        const { cursor } = await other.readChanges();
        for (const laterMs of [500, 1_000, 60_000]) {
          clock.advance(laterMs);
          expect((await other.readChanges(cursor)).changes).toEqual([]);
        }
      });

      it("tells a reader who slept, and whoever slept longer than a day to read everything again", async () => {
        const report = makeReport({ createdAtMs: clock.now() });
        await store.put(report);
        const { cursor } = await other.readChanges();
        clock.advance(7 * 3_600_000);
        const late = makeReport({ createdAtMs: clock.now(), ...BROOKLYN });
        await store.put(late);
        clock.advance(7 * 3_600_000);
        const afterHours = (await other.readChanges(cursor)).changes;
        expect(afterHours.map(({ geohash5 }) => geohash5)).toContain("dr5rm");
        clock.advance(2 * DAY_MS);
        await store.put(makeReport({ createdAtMs: clock.now(), layer: "vibe" }));
        const afterDays = (await other.readChanges(cursor)).changes;
        const reread = await Promise.all(afterDays.map(({ from, ...cell }) => readCell(other, cell, { from })));
        expect(idsOf(reread.flat())).toEqual(expect.arrayContaining([report.id, late.id]));
      });

      it("tells of what is written after the clock was set back", async () => {
        clock.advance(3_600_000);
        await store.put(makeReport({ createdAtMs: clock.now() }));
        const { cursor } = await other.readChanges();
        clock.advance(-3_600_000);
        await store.put(makeReport({ createdAtMs: clock.now(), ...BROOKLYN }));
        clock.advance(TOLD_AFTER_MS);
        const { changes } = await other.readChanges(cursor);
        expect(changes.map(({ geohash5 }) => geohash5)).toContain("dr5rm");
      });

      it("refuses what is not a cursor", async () => {
        for (const cursor of ["", "x", "-1", "1e3", "9".repeat(40)]) {
          await expect(store.readChanges(cursor)).rejects.toThrow(RangeError);
        }
      });

      it("covers every acknowledged write of two processes, whatever their writes interleave with", async () => {
        const view = new Set<string>();
        let { cursor } = await other.readChanges();
        const pollOnce = async () => {
          const told = await other.readChanges(cursor);
          cursor = told.cursor;
          for (const { from, ...cell } of told.changes) {
            for (const id of idsOf(await readCell(other, cell, { from }))) view.add(id);
          }
        };
        // One after another: a cursor tells what comes behind it to whoever has read what comes before.
        let polled = Promise.resolve();
        const poll = () => {
          polled = polled.then(pollOnce);
          return polled;
        };
        const acknowledged: string[] = [];
        const write = async (writer: ReportStore, seeds: readonly number[]) => {
          for (const seed of seeds) {
            clock.advance((seed * 37) % 400);
            const place = seed % 3 === 0 ? BROOKLYN : AUSTIN;
            const report = makeReport({ createdAtMs: clock.now() - ((seed * 53) % 1500), ...place, seed });
            if (seed % 5 === 0) await writer.putMany([report]);
            else await writer.put(report);
            acknowledged.push(report.id);
            if (seed % 4 !== 0) continue;
            // One poll that starts some time after the acknowledgement tells of it, also when its put took long by this clock,
            // which the others advance meanwhile.
            clock.advance(LATE_TOLD_AFTER_MS);
            await poll();
            expect(view).toContain(report.id);
          }
        };
        const seeds = Array.from({ length: 48 }, (_, i) => i);
        const thirdOf = (rest: number) => seeds.filter((seed) => seed % 3 === rest);
        await Promise.all([write(store, thirdOf(0)), write(store, thirdOf(1)), write(other, thirdOf(2))]);
        clock.advance(LATE_TOLD_AFTER_MS);
        await poll();
        expect([...view].sort()).toEqual(acknowledged.sort());
      });
    });

    describe("remembered values", () => {
      it("stay what they were first, for every process, unless they are replaced", async () => {
        const options = { untilMs: clock.now() + 5000 };
        expect(await store.remember("a", "1", options)).toBe("1");
        expect(await other.remember("a", "2", options)).toBe("1");
        expect(await other.remember("b", "2", options)).toBe("2");
        expect(await other.remember("a", "3", { ...options, replace: true })).toBe("3");
        expect(await store.remember("a", "4", options)).toBe("3");
      });

      it("are kept as long as they are to be, and for good", async () => {
        const options = { untilMs: Date.UTC(9999, 11, 31) };
        await store.remember("a", "1", options);
        clock.advance(36_525 * 86_400_000);
        expect(await other.remember("a", "2", options)).toBe("1");
      });

      it("are forgotten at their time", async () => {
        await store.remember("a", "1", { untilMs: clock.now() + 5000 });
        clock.advance(4999);
        expect(await store.remember("a", "2", { untilMs: clock.now() + 5000 })).toBe("1");
        clock.advance(1);
        expect(await store.remember("a", "2", { untilMs: clock.now() + 5000 })).toBe("2");
      });
    });

    describe("idempotency keys", () => {
      it("belong to the first who claims them", async () => {
        const first = { fingerprint: "f1", reportId: "r1" };
        expect(await store.claimKey("key", first)).toEqual(first);
        expect(await store.claimKey("key", { fingerprint: "f2", reportId: "r2" })).toEqual(first);
        expect(await other.claimKey("key", first)).toEqual(first);
        expect(await store.claimKey("another", { fingerprint: "f2", reportId: "r2" })).toMatchObject({
          reportId: "r2",
        });
      });

      it("have one owner when many claim them at the same time", async () => {
        const claims = Array.from({ length: 12 }, (_, i) => ({ fingerprint: `f${i}`, reportId: `r${i}` }));
        const held = await Promise.all(claims.map((claim, i) => (i % 2 ? store : other).claimKey("key", claim)));
        expect(new Set(held.map((claim) => JSON.stringify(claim))).size).toBe(1);
        expect(claims).toContainEqual(held[0]);
      });

      it("are free again after a day", async () => {
        await store.claimKey("key", { fingerprint: "f1", reportId: "r1" });
        clock.advance(DAY_MS - 1);
        expect(await store.claimKey("key", { fingerprint: "f2", reportId: "r2" })).toMatchObject({ reportId: "r1" });
        clock.advance(1);
        expect(await store.claimKey("key", { fingerprint: "f2", reportId: "r2" })).toMatchObject({ reportId: "r2" });
        expect(await other.claimKey("key", { fingerprint: "f3", reportId: "r3" })).toMatchObject({ reportId: "r2" });
      });
    });
  });
}
