/** @module-tag random */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { silentLog } from "../../../server/console/log.ts";
import type { DerivedStore } from "../../../server/ports/derived-store.ts";
import { createCompactor } from "../../../server/pyramid/compactor.ts";
import { createPyramid, type Pyramid } from "../../../server/pyramid/pyramid.ts";
import type { StreetLimits } from "../../../server/pyramid/street-base.ts";
import { createMemoryDerivedStore } from "../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../server/store/memory/memory.ts";
import { microCellsOfReports } from "../../../tiles/cells/micro-cells.ts";
import { type ClusterCellIndex, indexMicroCells } from "../../../tiles/cluster/cluster-cell-index.ts";
import { clusterCellsOfTile, levelOfZoom } from "../../../tiles/cluster/cluster-cells.ts";
import { encodeReportLayer } from "../../../tiles/cluster/report-tile.ts";
import { cellBounds } from "../../../tiles/geo/geohash.ts";
import { type TileAddress, tileAt, worldX, worldY } from "../../../tiles/geo/tile-address.ts";
import { TIME_WINDOWS } from "../../../tiles/layers.ts";
import { type Report, roundDegrees } from "../../../tiles/report.ts";
import { columnsOfReports, rowsInside } from "../../../tiles/report-columns.ts";
import { weighRows } from "../../../tiles/weigh-rows.ts";
import { createTestClock } from "../../kit/clock.ts";
import { seededRandom } from "../../kit/random.ts";
import { runs } from "../../kit/runs.ts";
import { makeReport } from "../../kit/sample-reports.ts";
import { decodeLayer, type Properties } from "../../kit/tile-features.ts";
import { allow, cutOff } from "./cut-off.ts";
import { correctedReport, editReport } from "./edit-report.ts";

const NOW = Date.UTC(2026, 5, 1, 12, 3);
const MINUTE = 60_000;
const DAY = 86_400_000;

/** Cells with a dozen reports are dense, and bases made anew for every few. */
const LIMITS: StreetLimits = {
  denseRows: 12,
  leastMoving: 3,
  mostMoving: 6,
  mostOfHead: 10,
  leastNewer: 5,
  mostNewer: 9,
};

const LOG_CELL = cellBounds("9vk0m");
/** In a log cell: a corner of cells of all sizes, beside it, and anywhere. */
const place = fc.record({
  u: fc.oneof({ weight: 4, arbitrary: fc.constant(0.5) }, fc.double({ min: 0, max: 0.999, noNaN: true })),
  v: fc.oneof({ weight: 4, arbitrary: fc.constant(0.5) }, fc.double({ min: 0, max: 0.999, noNaN: true })),
  beside: fc.integer({ min: -60, max: 60 }),
});
/** Of reports that a step makes: few, or enough for a base. */
const count = fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 10, max: 40 }));
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("report" as const), place, count }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("import" as const), place, count, days: fc.integer({ min: 0, max: 91 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom("hide" as const, "restore" as const, "remove" as const, "replace" as const),
      which: fc.nat(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("wait" as const),
      ms: fc.oneof(fc.integer({ min: 1, max: 40 * MINUTE }), fc.integer({ min: 1, max: 3 * DAY })),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("compact" as const),
      calls: fc.oneof(fc.constant(Infinity), fc.nat(60)),
      isLastDone: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: "poll" as const }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** With the seed -2: rows that an import makes lighter are written anew, and those in whose place they come stay. */
const REWEIGHED_AND_CUT: Step[] = [
  { kind: "import", place: { u: 0.5, v: 0.5, beside: 0 }, count: 12, days: 57 },
  { kind: "compact", calls: 17, isLastDone: false },
  { kind: "wait", ms: 112_032_736 },
];

function openWorld(seed: number) {
  const random = seededRandom(seed);
  const clock = createTestClock(NOW);
  const store = createMemoryStore({ clock });
  const inner = createMemoryDerivedStore({ clock });
  const read: string[] = [];
  const derived: DerivedStore = {
    ...inner,
    list(group, options) {
      read.push(group);
      return inner.list(group, options);
    },
  };
  const open = (): Pyramid => createPyramid({ store, derived, clock, log: silentLog });
  // Has no room for rows, so that it makes tiles of bases as long as it can.
  const old = createPyramid({ store, derived, clock, log: silentLog, cellBytes: 1000 });
  const truth = new Map<string, Report>();
  const hidden = new Map<string, Report>();

  function reportAt(
    { u, v, beside }: typeof place extends fc.Arbitrary<infer T> ? T : never,
    createdAtMs: number,
  ): Report {
    const { west, south, east, north } = LOG_CELL;
    const jitter = (limit: number): number => (random() < 0.4 ? 0 : (random() - 0.5) * limit);
    const lonDeg = roundDegrees(west + u * (east - west) + beside * 1e-6 + jitter(0.0004));
    const latDeg = roundDegrees(south + v * (north - south) + jitter(0.0004));
    const inside = (value: number, low: number, high: number) => Math.min(high - 2e-6, Math.max(low + 2e-6, value));
    return makeReport(
      {
        lonDeg: roundDegrees(inside(lonDeg, west, east)),
        latDeg: roundDegrees(inside(latDeg, south, north)),
        createdAtMs,
        severity: 1 + Math.floor(random() * 5),
        // Some count by themselves, and some are of one of two reporters.
        reporter: Math.floor(random() * 3),
      },
      random,
    );
  }

  async function edit(kind: "hide" | "restore" | "remove" | "replace", which: number): Promise<void> {
    const all = [...truth.values(), ...hidden.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
    const report = all[which % Math.max(1, all.length)];
    if (report === undefined || report.expiresAtMs <= clock.now()) return;
    const changed = kind === "replace" ? correctedReport(report, random) : undefined;
    const is = await editReport(
      store,
      report,
      changed === undefined ? { kind: kind as "hide" } : { kind: "replace", report: changed },
      old,
    );
    const known = changed ?? report;
    if (is !== undefined) truth.set(report.id, is);
    else truth.delete(report.id);
    if (is === undefined && kind !== "remove") hidden.set(report.id, known);
    else hidden.delete(report.id);
  }

  async function play(of: Step): Promise<void> {
    switch (of.kind) {
      case "report":
        for (let i = 0; i < of.count; i++) {
          const report = reportAt(of.place, clock.now());
          await store.append(report);
          truth.set(report.id, report);
          if (random() < 0.5) old.noteReport(report);
          clock.nowMs += Math.floor(random() * 400);
        }
        await store.confirm();
        break;
      case "import": {
        const reports = Array.from({ length: of.count }, () =>
          reportAt(of.place, clock.now() - Math.floor(of.days * DAY * random())),
        );
        await store.putMany(reports);
        for (const report of reports) if (report.expiresAtMs > clock.now()) truth.set(report.id, report);
        break;
      }
      case "wait":
        clock.nowMs += of.ms;
        break;
      case "compact": {
        const allowance = allow(of.calls, of.isLastDone);
        const cut = { store: cutOff(store, allowance), derived: cutOff(derived, allowance) };
        const compactor = createCompactor({ ...cut, clock, log: silentLog, streetLimits: LIMITS });
        await compactor.run().catch((error: Error) => expect(error.message).toBe("cut off"));
        break;
      }
      case "poll":
        await old.poll();
        break;
      default:
        await edit(of.kind, of.which);
    }
  }

  function expected(tile: TileAddress, window: (typeof TIME_WINDOWS)[number]): ClusterCellIndex[] {
    const level = levelOfZoom(tile.z);
    const rows = weighRows(columnsOfReports([...truth.values()]));
    return clusterCellsOfTile(tile).map((clusterCell) => {
      const cells = microCellsOfReports(rowsInside(rows, clusterCell), level.microPrecision, clock.now());
      return indexMicroCells(cells, level, "safety", window);
    });
  }

  /** Until they are compacted, and that is known, reports may weigh more than they will. */
  async function check(pyramid: Pyramid, isSettled = false): Promise<void> {
    await pyramid.poll();
    const { west, south, east, north } = LOG_CELL;
    const [x, y] = [worldX((west + east) / 2), worldY((south + north) / 2)];
    const some = [...truth.values()].slice(-2).map(({ lonDeg, latDeg }) => [worldX(lonDeg), worldY(latDeg)] as const);
    for (const z of [14, 17, 20]) {
      for (const [px, py] of [[x, y] as const, ...some]) {
        const tile = tileAt(px, py, z);
        const window = TIME_WINDOWS[(z + truth.size) % TIME_WINDOWS.length] ?? "90d";
        const shown = await pyramid.clusterCells("safety", tile, window);
        const is = encodeReportLayer("safety", tile, shown);
        const hasToBe = encodeReportLayer("safety", tile, expected(tile, window));
        if (isSettled)
          expect(Buffer.from(is).toString("base64"), `z${z} ${window}`).toBe(Buffer.from(hasToBe).toString("base64"));
        else expectNoLess(is, hasToBe, `z${z} ${window}`);
      }
    }
  }

  return { play, check, open, old, read, clock };
}

/** The same features, but that they may weigh more. */
function expectNoLess(is: Uint8Array, hasToBe: Uint8Array, where: string): void {
  const [found, least] = [decodeLayer(is, "safety"), decodeLayer(hasToBe, "safety")];
  const withoutWeight = ({ weight, ...properties }: Properties): Properties => properties;
  expect(found.map(withoutWeight), where).toEqual(least.map(withoutWeight));
  for (const [i, { weight = 0 }] of found.entries())
    expect(weight, where).toBeGreaterThanOrEqual(Number(least[i]?.weight ?? 0));
}

describe("tiles of a dense cell", () => {
  it("are those that its rows make, whatever was compacted, and wherever it was cut off", async () => {
    let ofBases = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 24 }), fc.integer(), async (steps, seed) => {
        const { play, check, open, old, read, clock } = openWorld(seed);
        await play({ kind: "import", place: { u: 0.5, v: 0.5, beside: 0 }, count: 30, days: 89 });
        await play({ kind: "compact", calls: Infinity, isLastDone: true });
        for (const each of steps) {
          await play(each);
          await check(old);
          if (each.kind === "compact" || each.kind === "report") await check(open());
        }
        await play({ kind: "compact", calls: Infinity, isLastDone: true });
        clock.nowMs += 31_000;
        await old.poll();
        clock.nowMs += 31_000;
        for (const each of [old, open()]) await check(each, true);
        ofBases += read.filter((group) => group.startsWith("street/")).length;
      }),
      { ...runs(200), examples: [[REWEIGHED_AND_CUT, -2]] },
    );
    expect(ofBases).toBeGreaterThan(0);
  });
});
