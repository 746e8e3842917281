/** @module-tag random */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { silentLog } from "../../../server/console/log.ts";
import { createCompactor } from "../../../server/pyramid/compactor.ts";
import { createPyramid } from "../../../server/pyramid/pyramid.ts";
import { createTileSource } from "../../../server/serving/tile-source.ts";
import { createMemoryDerivedStore } from "../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../server/store/memory/memory.ts";
import { levelOfZoom } from "../../../tiles/cluster/cluster-cells.ts";
import { columnCount, rowCount } from "../../../tiles/geo/geohash.ts";
import { latOfWorldY, lonOfWorldX, MAX_ZOOM, worldY } from "../../../tiles/geo/tile-address.ts";
import { TIME_WINDOWS } from "../../../tiles/layers.ts";
import { createTestApp, type PageJson, readJson } from "../../kit/app-fixture.ts";
import { seededRandom } from "../../kit/random.ts";
import { runs } from "../../kit/runs.ts";
import { makeReport } from "../../kit/sample-reports.ts";
import { countOf, featuresOfZoom, type Properties, tilesAround } from "../../kit/tile-features.ts";

const NOW = Date.UTC(2026, 5, 1, 12, 3);
const DAY = 86_400_000;

interface ClusterJson {
  readonly id: string;
  readonly expansion_zoom: number | null;
  readonly bbox: readonly [number, number, number, number];
  readonly children: readonly Properties[];
  readonly [member: string]: unknown;
}

const fraction = fc.integer({ min: 0, max: 4096 }).map((n) => n / 4096);
/** Reports some pixels of the zoom around a corner of four cluster cells, many on one spot, some far away. */
const world = fc.record({
  z: fc.integer({ min: 0, max: MAX_ZOOM }),
  u: fraction,
  v: fraction,
  offsets: fc.array(
    fc.tuple(
      fc.oneof(fc.constant(0), fc.integer({ min: -90, max: 90 }), fc.integer({ min: -1500, max: 1500 })),
      fc.oneof(fc.constant(0), fc.integer({ min: -90, max: 90 }), fc.integer({ min: -1500, max: 1500 })),
    ),
    { minLength: 1, maxLength: 30 },
  ),
  seed: fc.integer(),
  compacted: fc.boolean(),
  window: fc.constantFrom(...TIME_WINDOWS),
});

async function open({
  z,
  u,
  v,
  offsets,
  seed,
  compacted,
  window,
}: typeof world extends fc.Arbitrary<infer T> ? T : never) {
  const { precision } = levelOfZoom(z);
  const x = Math.round(u * columnCount(precision)) / columnCount(precision);
  const y = worldY((Math.round(v * rowCount(precision)) / rowCount(precision)) * 180 - 90);
  const inside = (value: number): number => Math.min(1, Math.max(0, value));
  const random = seededRandom(seed);
  const reports = offsets.map(([dx, dy]) =>
    makeReport(
      {
        lonDeg: lonOfWorldX(inside(x + dx / (512 * 2 ** z))),
        latDeg: latOfWorldY(inside(y + dy / (512 * 2 ** z))),
        createdAtMs: Math.floor(NOW - random() ** 2 * 89 * DAY),
        severity: 1 + Math.floor(random() * 5),
      },
      random,
    ),
  );
  const clock = { now: () => NOW };
  const store = createMemoryStore({ clock });
  const derived = createMemoryDerivedStore({ clock });
  await store.putMany(reports);
  if (compacted) await createCompactor({ store, derived, clock, log: silentLog }).run();
  const pyramid = createPyramid({ store, derived, clock, log: silentLog });
  const tiles = createTileSource({ pyramid });
  const { app } = createTestApp({ store, clock, tiles, clusters: pyramid });
  const get = async <T>(path: string): Promise<T> => {
    const answer = await app.request(path);
    expect(answer.status, `${path} ${answer.status === 200 ? "" : await answer.clone().text()}`).toBe(200);
    return readJson<T>(answer);
  };
  return {
    features: (zoom: number) => featuresOfZoom(tiles, tilesAround(reports, zoom), "safety", window),
    cluster: (id: unknown) => get<ClusterJson>(`/api/clusters/${id}`),
    async reportsOf({ id, point_count }: Properties): Promise<string[]> {
      if (point_count === undefined) return [String(id)];
      const ids: string[] = [];
      for (let next: string | undefined = `/api/clusters/${id}/reports?limit=7`; next !== undefined; ) {
        const page: PageJson = await get<PageJson>(next);
        ids.push(...page.features.map((feature) => feature.id));
        next = page.next_cursor ? `/api/clusters/${id}/reports?limit=7&cursor=${page.next_cursor}` : undefined;
      }
      return ids;
    },
  };
}

describe("clusters of any world, at any zoom", () => {
  it("hold the reports that the tiles count, and split where the tiles show them split", async () => {
    await fc.assert(
      fc.asyncProperty(world, async (drawn) => {
        const { features, cluster, reportsOf } = await open(drawn);
        /** In which feature of a zoom each report lies. */
        const featureOfReport = async (zoom: number) => {
          const owner = new Map<string, Properties>();
          for (const feature of await features(zoom)) for (const id of await reportsOf(feature)) owner.set(id, feature);
          return owner;
        };
        const shown = await features(drawn.z);
        let listed = 0;
        const seen = new Set<string>();
        for (const feature of shown) {
          const ids = await reportsOf(feature);
          expect(ids).toHaveLength(Number(feature.point_count ?? 1));
          expect(ids).toEqual(ids.toSorted().reverse());
          listed += ids.length;
          for (const id of ids) seen.add(id);
        }
        expect([listed, seen.size]).toEqual([countOf(shown), countOf(shown)]);

        for (const feature of shown.filter(({ cluster }) => cluster).slice(0, 3)) {
          const found = await cluster(feature.id);
          expect(found).toMatchObject({ ...feature, zoom: drawn.z, layer: "safety", window: drawn.window });
          const ids = await reportsOf(feature);
          const until = found.expansion_zoom ?? MAX_ZOOM;
          for (const zoom of [drawn.z + 1, until - 1, until].filter((z) => z > drawn.z && z <= MAX_ZOOM)) {
            const owner = await featureOfReport(zoom);
            // Closer zooms are exact, so a window may take a report in that the ten minutes of the wider ones leave out.
            const owners = new Set(ids.map((id) => owner.get(id)?.id));
            if (zoom === found.expansion_zoom) {
              expect(owners.size, `${feature.id} z${zoom}`).toBeGreaterThan(1);
              const children = found.children.map(({ id }) => id);
              expect(new Set(children), `${feature.id} z${zoom}`).toEqual(owners);
            } else expect(owners.size, `${feature.id} z${zoom}`).toBe(1);
          }
        }
      }),
      runs(100),
    );
  });
});
