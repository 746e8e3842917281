import { VectorTile } from "@mapbox/vector-tile";
import fc from "fast-check";
import { PbfReader } from "pbf";
import { beforeAll, describe, expect, it } from "vitest";
import { markRadius } from "../../../client/map/mark-radius.ts";
import { type PlacedMark, spreadMarks } from "../../../client/map/spread-marks.ts";
import { CITIES } from "../../../server/areas/cities.ts";
import { silentLog } from "../../../server/console/log.ts";
import { createCompactor } from "../../../server/pyramid/compactor.ts";
import { createPyramid } from "../../../server/pyramid/pyramid.ts";
import { seedReports } from "../../../server/seed/seed-reports.ts";
import { createTileSource, type TileSource } from "../../../server/serving/tile-source.ts";
import { createMemoryDerivedStore } from "../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../server/store/memory/memory.ts";
import { EXTENT, tilesOfBox } from "../../../tiles/geo/tile-address.ts";
import { REPORT_LAYERS } from "../../../tiles/layers.ts";
import { createTestClock } from "../../kit/clock.ts";
import { runs } from "../../kit/runs.ts";

/** Marks nearer than this hide each other. */
const TOO_NEAR_PX = 16;
const TILE_PX = 512;

/** Pairs of marks that lie too near in the three seeded cities, all layers together, and pixels that no mark is drawn beside its place. */
const CASES: readonly (readonly [zoom: number, pairs: number, besidePx: number])[] = [
  [10, 69, 32],
  [12, 197, 21],
  [14, 209, 16],
];

let source: TileSource;

beforeAll(async () => {
  const clock = createTestClock();
  const store = createMemoryStore({ clock });
  const derived = createMemoryDerivedStore({ clock });
  await store.putMany(seedReports({ nowMs: clock.now() }));
  await createCompactor({ store, derived, clock, log: silentLog }).run();
  source = createTileSource({ pyramid: createPyramid({ store, derived, clock, log: silentLog }) });
});

describe("marks of all layers in the seeded cities", () => {
  it.each(CASES)(
    "are drawn at zoom %i at least 16 px apart, where %i pairs lie nearer",
    async (zoom, pairs, besidePx) => {
      const found = { pairs: 0, drawnNearer: 0 };
      let farthestPx = 0;
      for (const { bbox } of CITIES) {
        const marks = await readMarks(bbox, zoom);
        const placed = spreadMarks(marks);
        found.pairs += pairsTooNear(marks);
        found.drawnNearer += pairsTooNear(placed);
        farthestPx = Math.max(farthestPx, ...marks.map((mark, i) => distance(mark, placed[i])));
      }
      expect(found).toEqual({ pairs, drawnNearer: 0 });
      expect(farthestPx).toBeLessThan(besidePx);
    },
  );
});

describe("spreadMarks", () => {
  const mark = fc.record({
    x: fc.integer({ min: 0, max: 200 }),
    y: fc.integer({ min: 0, max: 200 }),
    radiusPx: fc.integer({ min: 8, max: 20 }),
  });

  it("leaves a mark that has room where it lies", () => {
    const marks = [
      { id: "a", x: 5, y: 5, radiusPx: 10 },
      { id: "b", x: 40, y: 5, radiusPx: 14 },
    ];
    expect(spreadMarks(marks)).toEqual([
      { x: 5, y: 5 },
      { x: 40, y: 5 },
    ]);
  });

  it("parts any four marks of one place", () => {
    const four = fc.tuple(fc.uniqueArray(fc.string(), { minLength: 4, maxLength: 4 }), mark);
    fc.assert(
      fc.property(four, ([ids, place]) => {
        expect(pairsTooNear(spreadMarks(ids.map((id) => ({ ...place, id }))))).toBe(0);
      }),
      runs(1_000),
    );
  });

  it("does not depend on the order that marks come in", () => {
    fc.assert(
      fc.property(fc.array(mark, { maxLength: 30 }), (places) => {
        const marks = places.map((place, i) => ({ ...place, id: `${i}` }));
        expect(spreadMarks(marks.toReversed())).toEqual(spreadMarks(marks).toReversed());
      }),
      runs(1_000),
    );
  });
});

/** All marks of a city, in pixels of the world at the zoom. */
async function readMarks(
  [west, south, east, north]: (typeof CITIES)[number]["bbox"],
  z: number,
): Promise<PlacedMark[]> {
  const marks: PlacedMark[] = [];
  for (const tile of tilesOfBox({ west, south, east, north }, z, 2_000) ?? []) {
    const bytes = (await source.read({ layers: REPORT_LAYERS, tile, window: "90d" }))?.bytes;
    if (bytes === undefined) continue;
    const decoded = new VectorTile(new PbfReader(bytes));
    for (const layer of REPORT_LAYERS) {
      for (let i = 0; i < (decoded.layers[layer]?.length ?? 0); i++) {
        const feature = decoded.layers[layer]?.feature(i);
        const [{ x = 0, y = 0 } = {}] = feature?.loadGeometry()[0] ?? [];
        marks.push({
          id: `${layer} ${feature?.properties.id}`,
          x: (tile.x + x / EXTENT) * TILE_PX,
          y: (tile.y + y / EXTENT) * TILE_PX,
          radiusPx: markRadius(feature?.properties ?? {}, z),
        });
      }
    }
  }
  return marks;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

const distance = (a: Point, b: Point | undefined): number =>
  b === undefined ? Number.NaN : Math.hypot(a.x - b.x, a.y - b.y);

function pairsTooNear(marks: readonly Point[]): number {
  let pairs = 0;
  marks.forEach((a, i) => {
    for (const b of marks.slice(i + 1)) if (distance(a, b) < TOO_NEAR_PX) pairs++;
  });
  return pairs;
}
