/** @module-tag random */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { silentLog } from "../../../server/console/log.ts";
import { createCompactor } from "../../../server/pyramid/compactor.ts";
import { createPyramid } from "../../../server/pyramid/pyramid.ts";
import { createMemoryDerivedStore } from "../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../server/store/memory/memory.ts";
import { clusterCellsOfTile } from "../../../tiles/cluster/cluster-cells.ts";
import { encodeGeohash } from "../../../tiles/geo/geohash.ts";
import { tileAt, worldX, worldY } from "../../../tiles/geo/tile-address.ts";
import { REPORT_LIFETIME_MS } from "../../../tiles/layers.ts";
import type { Report } from "../../../tiles/report.ts";
import { idOfRow } from "../../../tiles/report-columns.ts";
import { createTestClock } from "../../kit/clock.ts";
import { seededRandom } from "../../kit/random.ts";
import { runs } from "../../kit/runs.ts";
import { makeReport } from "../../kit/sample-reports.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

function createWorld() {
  const clock = createTestClock();
  const store = createMemoryStore({ clock });
  const derived = createMemoryDerivedStore({ clock });
  const lists: string[] = [];
  const counted: typeof derived = {
    ...derived,
    list(group, options) {
      lists.push(group);
      return derived.list(group, options);
    },
  };
  const parts = { store, derived: counted, clock, log: silentLog };
  return {
    clock,
    store,
    derived,
    /** Groups that were asked for. */
    lists,
    pyramid: () => createPyramid(parts),
    async compact(): Promise<void> {
      clock.nowMs += 20_000;
      await createCompactor(parts).run();
      clock.nowMs += 20_000;
    },
  };
}

/** Cells of which two share a cell aggregate at every level, and neighbourhoods inside. */
const PLACES = [0, 1e-4, 0.012, 0.05, 0.3, 2].map((step) => ({ lonDeg: -122.43 + step, latDeg: 37.76 }));
const CELLS = [...new Set(PLACES.map(({ lonDeg, latDeg }) => encodeGeohash(lonDeg, latDeg, 5)))];

describe("outlines", () => {
  it("hold each report, or a time that it was created before, whatever was compacted, is fresh, pending or damaged", async () => {
    const drawn = fc.record({
      places: fc.array(fc.tuple(fc.constantFrom(...PLACES), fc.integer({ min: 0, max: 89 * 24 * 60 })), {
        minLength: 1,
        maxLength: 12,
      }),
      seed: fc.integer(),
      later: fc.array(fc.constantFrom(...PLACES), { maxLength: 4 }),
      imported: fc.array(fc.tuple(fc.constantFrom(...PLACES), fc.integer({ min: 1, max: 2000 })), { maxLength: 2 }),
      sleepMs: fc.constantFrom(0, HOUR / 6, 25 * HOUR, 8 * DAY),
      damaged: fc.constantFrom(undefined, "9", "9q", "9q8", "9q8y"),
      held: fc.boolean(),
      length: fc.constantFrom(2, 3, 4),
    });
    await fc.assert(
      fc.asyncProperty(drawn, async ({ places, seed, later, imported, sleepMs, damaged, held, length }) => {
        const { clock, store, derived, pyramid: open, compact } = createWorld();
        const random = seededRandom(seed);
        const at = (place: (typeof PLACES)[number], createdAtMs: number) =>
          makeReport({ ...place, createdAtMs: Math.floor(createdAtMs + 59_999 * random()) }, random);
        const all: Report[] = places.map(([place, minutes]) => at(place, clock.nowMs - minutes * 60_000 - 60_000));
        await store.putMany(all);
        await compact();
        const pyramid = open();
        await pyramid.poll();
        if (held) await pyramid.reports({ layer: "safety", geohash5: CELLS[0] ?? "" });
        clock.nowMs += sleepMs;
        for (const place of later) {
          const report = at(place, clock.nowMs - 60_000);
          clock.nowMs = Math.max(clock.nowMs, report.createdAtMs);
          await store.put(report);
          pyramid.noteReport(report);
          all.push(report);
        }
        const old = imported.map(([place, minutes]) => at(place, clock.nowMs - minutes * 60_000 - 60_000));
        await store.putMany(old);
        all.push(...old);
        await pyramid.poll();
        if (damaged !== undefined) {
          const group = `slices/safety/${damaged}`;
          for (const { name, version } of await derived.list(group)) {
            await derived.put(group, name, Uint8Array.of(1, 2, 3), { expected: version });
          }
        }

        const live = all.filter(({ createdAtMs }) => createdAtMs + REPORT_LIFETIME_MS >= clock.nowMs);
        const clusterCells = [...Map.groupBy(CELLS, (cell) => cell.slice(0, length))];
        const found = await Promise.all(
          clusterCells.map(([clusterCell, cells]) => pyramid.outlines("safety", clusterCell, cells)),
        );
        const outlines = new Map(found.flat().map((outline) => [outline.cell.geohash5, outline]));
        const known = new Set<string>();
        for (const { rows } of outlines.values()) {
          const ids = Array.from({ length: rows.length }, (_, row) => idOfRow(rows, row, 0));
          expect(ids).toEqual(ids.toSorted());
          for (const id of ids) known.add(id);
        }
        for (const { id, createdAtMs, lonDeg, latDeg } of live) {
          const outline = outlines.get(encodeGeohash(lonDeg, latDeg, 5));
          if (!known.has(id)) expect(createdAtMs).toBeLessThan(outline?.othersBeforeMs ?? -Infinity);
        }
        const ids = new Set(all.map(({ id }) => id));
        expect([...known].filter((id) => !ids.has(id))).toEqual([]);
      }),
      runs(300),
    );
  });

  it("know a lone report by its id, of many in how far back they begin, and ask for cell aggregates once", async () => {
    const { clock, store, lists, pyramid: open, compact } = createWorld();
    const random = seededRandom(1);
    const [lone, busy] = [PLACES[5], PLACES[0]];
    if (lone === undefined || busy === undefined) throw new Error("there are six");
    const report = makeReport({ ...lone, createdAtMs: clock.nowMs - 3 * DAY }, random);
    const many = Array.from({ length: 20 }, (_, i) =>
      makeReport({ ...busy, createdAtMs: clock.nowMs - 2 * HOUR - i * HOUR }, random),
    );
    await store.putMany([report, ...many]);
    await compact();
    const pyramid = open();
    await pyramid.poll();
    lists.length = 0;
    for (let i = 0; i < 2; i++) {
      const outlines = await pyramid.outlines("safety", "9q", CELLS);
      expect(outlines).toEqual([
        expect.objectContaining({ othersBeforeMs: Math.ceil((clock.nowMs - 2 * HOUR) / 60_000) * 60_000, others: 20 }),
        expect.objectContaining({ othersBeforeMs: -Infinity, others: 0 }),
      ]);
      const rows = outlines[1]?.rows;
      expect(rows && [rows.length, idOfRow(rows, 0, 0)]).toEqual([1, report.id]);
    }
    expect(lists).toEqual(["slices/safety/9q"]);
  });
});

describe("a tile near a pole", () => {
  it("looks for the few of its cluster cells that hold reports from level to level", async () => {
    const { clock, store, derived, lists, pyramid: open, compact } = createWorld();
    const random = seededRandom(2);
    const place = { lonDeg: 12.3456, latDeg: 88.1 };
    const reports = [0, 0.004, 0.9].map((step) =>
      makeReport({ ...place, latDeg: place.latDeg + step, createdAtMs: clock.nowMs - HOUR }, random),
    );
    await store.putMany([...reports, makeReport({ lonDeg: 12.3456, latDeg: -10, createdAtMs: clock.nowMs }, random)]);
    await compact();
    const pyramid = open();
    await pyramid.poll();
    const tile = tileAt(worldX(place.lonDeg), worldY(place.latDeg), 17);
    expect(clusterCellsOfTile(tile).length).toBeGreaterThan(500);
    lists.length = 0;
    const found = await pyramid.clusterCells("safety", tile, "90d");
    expect(new Set(found.flatMap(({ rows }) => [...rows.latE6]))).toEqual(
      new Set(reports.map(({ latDeg }) => Math.round(latDeg * 1e6))),
    );
    expect(found.length).toBeLessThanOrEqual(3 * 32);
    expect(lists.filter((group) => group.startsWith("slices/")).length).toBeLessThanOrEqual(6);
    lists.length = 0;
    expect(await pyramid.clusterCells("vibe", tile, "90d")).toEqual([]);
    expect(lists).toHaveLength(1);

    const imported = makeReport({ ...place, latDeg: 87.2, createdAtMs: clock.nowMs - DAY }, random);
    await store.putMany([imported]);
    for (const { name, version } of await derived.list("slices/safety/ur")) {
      await derived.put("slices/safety/ur", name, Uint8Array.of(1, 2, 3), { expected: version });
    }
    const other = open();
    await other.poll();
    const rows = (await other.clusterCells("safety", tile, "90d")).flatMap(({ rows: { latE6 } }) => [...latE6]);
    expect(new Set(rows)).toEqual(new Set([...reports, imported].map(({ latDeg }) => Math.round(latDeg * 1e6))));
  });
});
