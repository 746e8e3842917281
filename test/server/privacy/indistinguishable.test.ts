/** @module-tag random */
import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { silentLog } from "../../../server/console/log.ts";
import { createCompactor } from "../../../server/pyramid/compactor.ts";
import { createPyramid } from "../../../server/pyramid/pyramid.ts";
import { createReport } from "../../../server/reports/create-report.ts";
import { createTileSource } from "../../../server/serving/tile-source.ts";
import { createMemoryDerivedStore } from "../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../server/store/memory/memory.ts";
import { encodeGeohash } from "../../../tiles/geo/geohash.ts";
import { tileAt, worldX, worldY } from "../../../tiles/geo/tile-address.ts";
import { keptPlace, keptTime } from "../../../tiles/kept.ts";
import { isSensitive, type ReportLayer, TIME_WINDOWS } from "../../../tiles/layers.ts";
import { createTestApp } from "../../kit/app-fixture.ts";
import { createTestClock } from "../../kit/clock.ts";
import { runs } from "../../kit/runs.ts";
import { decodeLayer } from "../../kit/tile-features.ts";

/**
 * Two worlds get the same reports but for what must not be told: where in its cell of the grid, and when in its quarter of an hour, each
 * was. They come in another order, and are compacted at other times. Whatever is asked later, both answer the same bytes; so no answer, and no
 * difference between answers, tells where or when more finely.
 */
const MINUTE = 60_000;
const QUARTER = 15 * MINUTE;
const START_MS = Date.UTC(2026, 5, 1, 12);
const CENTRE = { lonDeg: -122.4187, latDeg: 37.7612 };

afterEach(() => vi.restoreAllMocks());

interface Kind {
  readonly layer: ReportLayer;
  readonly category: string;
}

const KINDS: readonly Kind[] = [
  { layer: "safety", category: "theft" },
  { layer: "safety", category: "assault" },
  { layer: "safety", category: "of a file" },
  { layer: "safety", category: "vandalism" },
  { layer: "infrastructure", category: "pothole" },
];

const share = fc.double({ min: 0, max: 0.999, noNaN: true });
/** A report by what is told of it, and what each of the two worlds is told more. */
const report = fc.record({
  kind: fc.constantFrom(...KINDS),
  severity: fc.integer({ min: 1, max: 5 }),
  // Often several in one cell of the grid.
  east: fc.integer({ min: -3, max: 3 }),
  north: fc.integer({ min: -3, max: 3 }),
  quarter: fc.integer({ min: 0, max: 5 }),
  minute: fc.integer({ min: 0, max: 14 }),
  isHidden: fc.boolean(),
  finer: fc.tuple(...Array.from({ length: 2 }, () => fc.record({ east: share, north: share, time: share }))),
});
type Sent = typeof report extends fc.Arbitrary<infer T> ? T : never;

/** As one of the worlds is told a report: anywhere in what is kept as the same. */
function sentTo(world: 0 | 1, { kind, ...sent }: Sent) {
  const { layer, category } = kind;
  const finer = sent.finer[world] as { east: number; north: number; time: number };
  const base = { lonDeg: CENTRE.lonDeg + sent.east * 0.0007, latDeg: CENTRE.latDeg + sent.north * 0.0004 };
  const place = keptPlace(layer, category, base.lonDeg, base.latDeg);
  const reach = isSensitive(layer, category) ? 3e-4 : 4e-6;
  const near = {
    lonDeg: place.lonDeg + (finer.east - 0.5) * 2 * reach,
    latDeg: place.latDeg + (finer.north - 0.5) * 2 * reach,
  };
  const atMs = START_MS + sent.quarter * QUARTER + sent.minute * MINUTE;
  const stepMs = isSensitive(layer, category) ? QUARTER : MINUTE;
  const timeMs = keptTime(layer, category, atMs) + Math.floor(finer.time * stepMs);
  return { layer, category, severity: sent.severity, ...near, timeMs };
}

type World = Awaited<ReturnType<typeof openWorld>>;

async function openWorld(which: 0 | 1, reports: readonly Sent[], compactEvery: number) {
  const clock = createTestClock(START_MS);
  const store = createMemoryStore({ clock });
  const derived = createMemoryDerivedStore({ clock });
  const pyramid = createPyramid({ store, derived, clock, log: silentLog });
  const compactor = createCompactor({ store, derived, clock, log: silentLog });
  const tiles = createTileSource({ pyramid });
  const { app } = createTestApp({
    store,
    clock,
    pyramid,
    tiles,
    clusters: { ...pyramid, scoreOf: () => undefined },
  });
  const coming = reports
    .map((sent, i) => ({ i, isHidden: sent.isHidden, ...sentTo(which, sent) }))
    .sort((a, b) => a.timeMs - b.timeMs);
  for (const [n, { i, isHidden, timeMs, ...draft }] of coming.entries()) {
    clock.nowMs = timeMs;
    // What an id has below its time is random, so that it may as well be the same.
    vi.spyOn(crypto, "getRandomValues").mockImplementation((bytes) => {
      if (bytes instanceof Uint8Array) bytes.fill(0).set([i >> 8, i & 255]);
      return bytes;
    });
    const created = await createReport({ store, clock, onReport: pyramid.noteReport }, draft);
    vi.restoreAllMocks();
    if (isHidden && created.outcome !== "key-taken") {
      const edited = await store.edit(created.report.id, { kind: "hide" });
      if (edited !== undefined) pyramid.noteEdited(edited, created.report);
    }
    if (n % compactEvery === 0) await compactor.run();
  }
  clock.nowMs = START_MS + 7 * QUARTER;
  await pyramid.poll();
  return { clock, app, tiles, compactor, pyramid };
}

/** Everything that is told of a place, as text. */
async function answersOf({ app, tiles }: World, paths: readonly string[]): Promise<string[]> {
  const answers: string[] = [];
  const clusters = new Set<string>();
  for (const z of [0, 5, 9, 12, 14, 16, 18, 20, 22]) {
    const home = tileAt(worldX(CENTRE.lonDeg), worldY(CENTRE.latDeg), z);
    const reach = z < 18 ? 0 : 1;
    for (let dx = -reach; dx <= reach; dx++) {
      for (const layers of [["safety"], ["safety", "infrastructure"]] as const) {
        for (const window of TIME_WINDOWS) {
          const tile = { z, x: home.x + dx, y: home.y };
          const read = await tiles.read({ layers, tile, window });
          answers.push(`${z}/${dx} ${layers} ${window} ${Buffer.from(read?.bytes ?? []).toString("hex")}`);
          for (const { id, cluster } of read === undefined ? [] : decodeLayer(read.bytes, "safety"))
            if (cluster) clusters.add(`${id}?window=${window}`);
        }
      }
    }
  }
  const ofClusters = [...clusters].slice(0, MOST_CLUSTERS).flatMap((id) => {
    const [name, query] = id.split("?");
    return [`/api/clusters/${name}?${query}`, `/api/clusters/${name}/reports?${query}`];
  });
  for (const path of [...paths, ...ofClusters]) {
    const response = await app.request(path);
    answers.push(`${path} ${response.status} ${await response.text()}`);
  }
  return answers;
}

const MOST_CLUSTERS = 12;
const BOX = "-122.45,37.74,-122.39,37.79";
const pathsOf = (since: readonly number[]): string[] => [
  `/api/reports?bbox=${BOX}&limit=100`,
  `/api/reports?bbox=${BOX}&layer=safety&limit=2`,
  // Borders of windows of time, at any moment.
  ...since.map(
    (ms) => `/api/reports?bbox=${BOX}&limit=100&since=${encodeURIComponent(new Date(START_MS + ms).toISOString())}`,
  ),
  // Borders of boxes.
  ...since.map((ms) => `/api/reports?bbox=${-122.45 + ms / 2e8},37.74,-122.39,37.79&limit=100`),
  "/api/cities/san-francisco/reports?limit=50",
  `/api/neighborhood/${encodeGeohash(CENTRE.lonDeg, CENTRE.latDeg, 6)}`,
  `/api/neighborhood/${encodeGeohash(CENTRE.lonDeg, CENTRE.latDeg, 5)}`,
];

describe("what is asked later", () => {
  it("tells nothing of where in its cell, and when in its quarter of an hour, a sensitive report was", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(report, { minLength: 1, maxLength: 25 }),
        fc.array(fc.integer({ min: 0, max: 6 * QUARTER }), { maxLength: 4 }),
        fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 })),
        async (reports, since, every) => {
          const worlds = [await openWorld(0, reports, every[0]), await openWorld(1, reports, every[1])] as const;
          const paths = pathsOf(since);
          for (const isCompacted of [false, true]) {
            if (isCompacted) for (const { compactor, pyramid } of worlds) await compactor.run().then(pyramid.poll);
            const [one, other] = await Promise.all(worlds.map((world) => answersOf(world, paths)));
            expect(one).toEqual(other);
          }
        },
      ),
      runs(100),
    );
  });
});
