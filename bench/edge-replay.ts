import { createApp, DEFAULT_SETTINGS } from "../server/app.ts";
import { createPyramid } from "../server/pyramid/pyramid.ts";
import { createMemoryDerivedStore } from "../server/store/derived-memory.ts";
import { createMemoryStore } from "../server/store/memory.ts";
import { tagsOfReport } from "../server/tiles/cache-policy.ts";
import { nodeCompressor } from "../server/tiles/node-compressor.ts";
import { createTileSource } from "../server/tiles/tile-source.ts";
import { createEdgeCache, type EdgeAnswer } from "../test/http/edge-cache.ts";
import { tileAt, worldX, worldY } from "../tiles/tile-address.ts";
import { CITY_CENTER, cityReports, cityTraffic, seededRandom } from "./city.ts";
import { createBenchClock } from "./city-store.ts";

/** The app with a city in it, behind a shared cache, in a time that only the caller moves. */
export async function openEdge(reports: number) {
  const clock = createBenchClock(Date.UTC(2026, 5, 1, 12, 0, 1));
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const store = createMemoryStore({ clock });
  const pyramid = createPyramid({ store, derived: createMemoryDerivedStore({ clock }), clock, log });
  const { codings } = nodeCompressor;
  const app = createApp({
    store,
    clock,
    tiles: createTileSource({ pyramid, compressor: nodeCompressor }),
    codings,
    pingDatabase: async () => {},
    onReport: (report) => pyramid.noteReport(report),
    clientAddress: () => undefined,
    settings: DEFAULT_SETTINGS,
    log,
  });
  const origin = (path: string, init: { headers: Record<string, string> }) => app.request(path, init);
  await store.putMany([...cityReports({ count: reports, nowMs: clock.now(), layers: LAYERS })]);
  const traffic = cityTraffic({ startMs: clock.now(), everyMs: 0, layers: LAYERS });
  return {
    clock,
    origin,
    cache: createEdgeCache({ origin, clock }),
    /** Somebody reports, and what caches may hold of it is returned as tags. */
    async report(): Promise<string[]> {
      const next = traffic.next().value;
      if (next === undefined) throw new Error("traffic does not end");
      await store.put(next);
      pyramid.noteReport(next);
      return tagsOfReport(next);
    },
  };
}

const LAYERS = ["safety"] as const;
const BR = { "Accept-Encoding": "gzip, deflate, br" };

export interface ReplayOptions {
  /** In the city before. */
  readonly reports: number;
  /** For tiles, by people who pan the map, a screen of twelve at a time. */
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly writesPerSecond: number;
  /** A write invalidates its tags from this precision of their geohash on; none without it. */
  readonly invalidateFrom?: number;
}

export interface ReplayResult {
  readonly requests: number;
  readonly writes: number;
  /** Share answered without a wait for the origin. */
  readonly hitRate: number;
  /** What the origin answered, and of that with a 304. */
  readonly originShare: number;
  readonly revalidated: number;
  readonly oldestMs: number;
  /** Answers older than CDN-Cache-Control allows. */
  readonly beyondBound: number;
  readonly distinctTiles: number;
}

const ZOOMS = [5, 8, 10, 11, 12, 13, 13, 14, 14, 15, 16];
const PLACES = 40;
const [WIDTH, HEIGHT] = [4, 3];

/** People pan maps of a city while others report: places are as popular as Zipf says. Time is simulated. */
export async function replayEdge(options: ReplayOptions): Promise<ReplayResult> {
  const { requests, requestsPerSecond, writesPerSecond, invalidateFrom = Infinity } = options;
  const edge = await openEdge(options.reports);
  const random = seededRandom(7);
  const screens = layOutScreens(random);
  const startMs = edge.clock.now();
  const seen = new Set<string>();
  let [writes, oldestMs, beyondBound] = [0, 0, 0];
  for (let sent = 0; sent < requests; ) {
    const screen = screens[zipf(screens.length, random)] ?? [];
    for (const path of screen) {
      seen.add(path);
      const answer = await edge.cache.fetch(path, BR);
      const ageMs = edge.clock.now() - answer.validatedAtMs;
      oldestMs = Math.max(oldestMs, ageMs);
      if (ageMs > boundMs(answer)) beyondBound++;
      sent++;
    }
    await edge.cache.settle();
    edge.clock.advance((screen.length / requestsPerSecond) * 1000);
    for (; writes < ((edge.clock.now() - startMs) / 1000) * writesPerSecond; writes++) {
      const tags = await edge.report();
      edge.cache.invalidate(tags.filter((tag) => precisionOf(tag) >= invalidateFrom));
    }
  }
  const { counts } = edge.cache;
  return {
    requests: counts.requests,
    writes,
    hitRate: counts.hits / counts.requests,
    originShare: (counts.fetched + counts.revalidated) / counts.requests,
    revalidated: counts.revalidated / (counts.fetched + counts.revalidated),
    oldestMs,
    beyondBound,
    distinctTiles: seen.size,
  };
}

const precisionOf = (tag: string): number => tag.length - tag.indexOf("/") - 1;

/** How old an answer may be by its own header. */
function boundMs({ headers }: EdgeAnswer): number {
  const numbers = [...(headers.get("CDN-Cache-Control") ?? "").matchAll(/=(\d+)/g)].map(([, seconds]) =>
    Number(seconds),
  );
  return 1000 * numbers.reduce((sum, seconds) => sum + seconds, 0);
}

/** Screens of tiles at places of the city, the most popular first; neighbours overlap, as panning makes them. */
function layOutScreens(random: () => number): string[][] {
  const [lon, lat] = CITY_CENTER;
  return Array.from({ length: PLACES * ZOOMS.length }, (_, i) => {
    const z = ZOOMS[i % ZOOMS.length] ?? 0;
    const spread = i < ZOOMS.length ? 0.01 : 0.25;
    const { x, y } = tileAt(worldX(lon + spread * (random() - 0.5)), worldY(lat + spread * (random() - 0.5)), z);
    return Array.from({ length: WIDTH * HEIGHT }, (_, tile) => {
      const [column, row] = [x - 1 + (tile % WIDTH), y - 1 + Math.floor(tile / WIDTH)];
      return `/tiles/safety/${z}/${column}/${row}.pbf`;
    });
  });
}

/** A rank below a count, the first the most often: Zipf's law with exponent 1. */
function zipf(count: number, random: () => number): number {
  return Math.min(count - 1, Math.floor(count ** random()) - 1);
}
