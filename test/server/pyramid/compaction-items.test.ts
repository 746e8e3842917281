/** @module-tag random */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ChangedCell, inOrder } from "../../../server/pyramid/changed-cells.ts";
import { type CompactionPlan, decodePlan, encodePlan } from "../../../server/pyramid/compaction-plan.ts";
import {
  type CompactionProgress,
  decodeProgress,
  encodeProgress,
} from "../../../server/pyramid/compaction-progress.ts";
import { type CompactionPoint, decodePoint, encodePoint } from "../../../server/pyramid/compaction-state.ts";
import { createUnmergedRows, type UnmergedRows } from "../../../server/pyramid/unmerged-rows.ts";
import { StoredItemError } from "../../../tiles/codec/stored-item.ts";
import { geohashOfKey } from "../../../tiles/geo/cell-key.ts";
import { encodeGeohash } from "../../../tiles/geo/geohash.ts";
import { REPORT_LAYERS } from "../../../tiles/layers.ts";
import { columnsOfReports } from "../../../tiles/report-columns.ts";
import { idTimePrefix } from "../../../tiles/report-id.ts";
import { seededRandom } from "../../kit/random.ts";
import { runs } from "../../kit/runs.ts";
import { makeReport } from "../../kit/sample-reports.ts";

const NOW = Date.UTC(2026, 5, 1);
const SUM = 0xfedcba98;
const MOST_ITEM_BYTES = 400 * 1024;

const freshRows = (count: number, seed = 1): UnmergedRows => {
  const random = seededRandom(seed);
  const rows = createUnmergedRows();
  for (let i = 0; i < count; i++) {
    const place = { lonDeg: random() * 359 - 180, latDeg: random() * 178 - 89 };
    const layer = REPORT_LAYERS[i % REPORT_LAYERS.length] ?? REPORT_LAYERS[0];
    const report = makeReport({ ...place, layer, createdAtMs: NOW - i * 7 }, random);
    rows.add({ layer, geohash5: encodeGeohash(report.lonDeg, report.latDeg, 5) }, columnsOfReports([report]));
  }
  return rows;
};

const layer = fc.constantFrom(...REPORT_LAYERS);
const geohash5 = fc.nat(32 ** 5 - 1).map((key) => geohashOfKey(key, 5));
const from = fc.nat(2 ** 30).map((ago) => idTimePrefix(NOW - ago));
const cell = fc.record({ layer, geohash5 });
const byCell = { selector: (each: { layer: string; geohash5: string }) => each.layer + each.geohash5 };
const cells = fc.uniqueArray(cell, byCell).map(inOrder);
const changed: fc.Arbitrary<ChangedCell[]> = fc
  .uniqueArray(fc.record({ layer, geohash5, from: fc.option(from, { nil: undefined }), isOpen: fc.boolean() }), byCell)
  .map(inOrder);
const time = fc.nat(2 ** 31).map((ago) => NOW - ago);
const point: fc.Arbitrary<CompactionPoint> = fc.record({
  number: fc.nat(),
  cursor: fc.string(),
  atMs: time,
  beforeMs: time,
  open: fc.uniqueArray(fc.record({ layer, geohash5, from }), byCell).map(inOrder),
  rows: fc.nat(30).map((count) => freshRows(count)),
});
const plan: fc.Arbitrary<CompactionPlan> = fc.record({
  end: point,
  aged: fc.subarray([...REPORT_LAYERS]),
  cells: changed,
});
const counts = { number: fc.nat(), step: fc.nat(), cells: fc.nat(), cellAggregates: fc.nat(), spent: fc.nat() };
const progress: fc.Arbitrary<CompactionProgress> = fc
  .record({
    ...counts,
    done: fc.option(fc.record({ layer, geohash: geohash5.chain((all) => fc.nat(4).map((cut) => all.slice(cut))) }), {
      nil: undefined,
    }),
    open: cells,
    lengths: fc.subarray([1, 2, 3, 4]),
  })
  .map(({ lengths, ...rest }) => {
    const geohash = rest.done?.geohash ?? "";
    const above = lengths.filter((length) => length < geohash.length);
    return { ...rest, young: freshRows(rest.step % 5), anew: above.map((length) => geohash.slice(0, length)) };
  });

/** Rows by cell, so that two sets can be compared. */
const plain = ({ rows, ...rest }: CompactionPoint) => ({
  ...rest,
  rows: cellsOf(rows),
});

const cellsOf = (rows: UnmergedRows) =>
  REPORT_LAYERS.flatMap((each) => rows.under(each, "")).sort((a, b) =>
    a.cell.layer + a.cell.geohash5 < b.cell.layer + b.cell.geohash5 ? -1 : 1,
  );

const decodeWhole = (bodies: readonly Uint8Array[]): CompactionPlan =>
  decodePlan(bodies[0] as Uint8Array, (index) => bodies[index], "plan");

describe("items of a compaction", () => {
  it("read back as they were", () => {
    fc.assert(
      fc.property(point, plan, progress, (somePoint, somePlan, someProgress) => {
        expect(plain(decodePoint(encodePoint(somePoint)))).toEqual(plain(somePoint));
        const found = decodeWhole(encodePlan(somePlan));
        expect({ ...found, end: plain(found.end) }).toEqual({ ...somePlan, end: plain(somePlan.end) });
        const { young, ...noted } = decodeProgress(encodeProgress(someProgress, SUM), "step");
        const { young: itsYoung, ...itsNoted } = someProgress;
        expect(noted).toEqual({ ...itsNoted, planSum: SUM });
        expect(cellsOf(young)).toEqual(cellsOf(itsYoung));
      }),
      runs(60),
    );
  });

  it("have the bytes that their version always had", () => {
    const end: CompactionPoint = {
      number: 7,
      cursor: "1780272000123",
      atMs: NOW,
      beforeMs: NOW - 15_000,
      open: [{ layer: "vibe", geohash5: "u0qjd", from: idTimePrefix(NOW - 15_000) }],
      rows: freshRows(2),
    };
    const hex = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString("hex");
    expect(hex(encodePoint(end))).toMatchInlineSnapshot(
      `"4304070d3137383032373230303031323380d8eb83e833e8e2ea83e83301b3d18574e8e2ea83e8330100010574686566740580d8eb83e8339c47f7fb87390d6b0d6eb016000301000105746865667405f9d7eb83e83367237d74fea4296c0f31c0930403000000050000000500dd79623a"`,
    );
    const some: CompactionPlan = {
      end,
      aged: ["safety", "opportunity"],
      cells: [
        { layer: "safety", geohash5: "9vk1m", from: idTimePrefix(NOW - 60_000), isOpen: false },
        { layer: "safety", geohash5: "9vk1n", from: idTimePrefix(0), isOpen: true },
        { layer: "opportunity", geohash5: "zzzzz", from: undefined, isOpen: false },
      ],
    };
    expect(encodePlan(some).map(hex)).toMatchInlineSnapshot(`
      [
        "5003070d3137383032373230303031323380d8eb83e833e8e2ea83e83301b3d18574e8e2ea83e8330100010574686566740580d8eb83e8339c47f7fb87390d6b0d6eb016000301000105746865667405f9d7eb83e83367237d74fea4296c0f31c09304030000000500000005000903cdc1dc13a083e883e8330700acbea3ec0100069e671a",
      ]
    `);
    const step: CompactionProgress = {
      number: 7,
      step: 300,
      done: { layer: "vibe", geohash: "u0qj" },
      anew: ["u", "u0q"],
      young: freshRows(0),
      open: [{ layer: "vibe", geohash5: "u0qjd" }],
      cells: 1000,
      cellAggregates: 1200,
      spent: 5,
    };
    expect(hex(encodeProgress(step, SUM))).toMatchInlineSnapshot(
      `"470298badcfe07ac02e807b0090501047530716a0a01b2d1857400000005000000050000000500000005e261673b"`,
    );
  });

  it("stay within what an item may take, however much there is to do", () => {
    const end: CompactionPoint = {
      number: 2 ** 40,
      cursor: "9".repeat(40),
      atMs: NOW,
      beforeMs: NOW,
      rows: freshRows(8000),
      open: Array.from({ length: 19_000 }, (_, i) => ({
        layer: REPORT_LAYERS[i % 4] ?? REPORT_LAYERS[0],
        geohash5: geohashOfKey(Math.floor(i / 4) * 7000, 5),
        from: idTimePrefix(NOW),
      })),
    };
    expect(encodePoint(end).length).toBeLessThan(MOST_ITEM_BYTES - 2000);
    const many = Array.from({ length: 45_000 }, (_, i) => ({
      layer: REPORT_LAYERS[Math.floor(i / 12_000)] ?? REPORT_LAYERS[0],
      geohash5: geohashOfKey((i % 12_000) * 2700, 5),
      from: idTimePrefix(NOW),
      isOpen: i % 2 === 0,
    }));
    const bodies = encodePlan({ end: { ...end, open: end.open.slice(0, 4000) }, aged: [], cells: many });
    expect(bodies.length).toBe(5);
    for (const { length } of bodies) expect(length).toBeLessThan(MOST_ITEM_BYTES - 2000);
    expect(decodeWhole(bodies).cells).toEqual(many);
    // A part of another plan, though it be whole.
    const other = encodePlan({ end, aged: [], cells: many.slice(1) });
    expect(() => decodeWhole(bodies.with(2, other[2] as Uint8Array))).toThrow(StoredItemError);
    expect(() => decodeWhole(bodies.slice(0, 4))).toThrow(StoredItemError);
  });

  it("are an error of their own when they are damaged, of another kind or of a version before", () => {
    const bodies = fc.tuple(
      point.map(encodePoint),
      plan.map((each) => encodePlan(each)[0] as Uint8Array),
      progress.map((each) => encodeProgress(each, SUM)),
    );
    const decoders = [
      decodePoint,
      (body: Uint8Array) => decodeWhole([body]),
      (body: Uint8Array) => decodeProgress(body, "x"),
    ];
    fc.assert(
      fc.property(bodies, fc.nat(), fc.integer({ min: 1, max: 255 }), fc.uint8Array(), (items, at, change, foreign) => {
        for (const [i, decode] of decoders.entries()) {
          const body = items[i] as Uint8Array;
          const damaged = body.map((byte, index) => (index === at % body.length ? byte ^ change : byte));
          for (const bytes of [
            damaged,
            body.subarray(0, at % body.length),
            foreign,
            items[(i + 1) % 3] as Uint8Array,
          ]) {
            expect(() => decode(bytes)).toThrow(StoredItemError);
          }
        }
      }),
      runs(60),
    );
    const first = "4301";
    expect(() => decodePoint(Buffer.from(`${first}0000000000000000`, "hex"))).toThrow("format version 1");
  });
});
