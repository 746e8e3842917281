import { purgedTags, secondsOf, tagsOfReport } from "../../../server/serving/cache-policy.ts";
import { tileAt, worldX, worldY } from "../../../tiles/geo/tile-address.ts";
import { CITY_CENTER, cityTraffic } from "../cities/city.ts";
import type { TestClock } from "../clock.ts";
import { seededRandom } from "../random.ts";
import { createEdgeCache, type EdgeAnswer } from "./edge-cache.ts";
import { EDGE_LAYERS, type EdgeOrigin } from "./edge-origin.ts";
import { createEdgeTruth } from "./edge-truth.ts";

const BR = { "Accept-Encoding": "gzip, deflate, br" };

export interface ReplayOptions {
  readonly origin: EdgeOrigin;
  /** Of the cache: simulated, so that minutes need not be waited for. */
  readonly clock: TestClock;
  /** For tiles, by people who pan the map, a screen of twelve at a time. */
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly writesPerSecond: number;
  /** A write purges the tag that the product does, its tags from a precision of their geohash on, or none. */
  readonly purge?: "product" | number;
}

export interface ReplayResult {
  readonly requests: number;
  readonly writes: number;
  /** Share answered without a wait for the origin. */
  readonly hitRate: number;
  /** What the origin answered, and of that with a 304. */
  readonly originShare: number;
  readonly revalidated: number;
  /** The longest that an answer was no longer known to be right. */
  readonly oldestMs: number;
  /** Answers that had not been right for longer than CDN-Cache-Control allows. */
  readonly beyondBound: number;
  readonly distinctTiles: number;
}

const ZOOMS = [5, 8, 10, 11, 12, 13, 13, 14, 14, 15, 16];
const PLACES = 40;
const [WIDTH, HEIGHT] = [4, 3];
/** Screens whose tiles are compared with the origin's all the time: the most popular ones. */
const WATCHED_SCREENS = 2;
const LOOK_EVERY_MS = 1000;

/** People pan maps of a city while others report: places are as popular as Zipf says. */
export async function replayEdge(options: ReplayOptions): Promise<ReplayResult> {
  const { origin, clock, requests, requestsPerSecond, writesPerSecond, purge } = options;
  const random = seededRandom(7);
  const screens = layOutScreens(random);
  const truth = createEdgeTruth(origin, clock, [...new Set(screens.slice(0, WATCHED_SCREENS).flat())]);
  const cache = createEdgeCache({ origin: truth.fetch, clock });
  const traffic = cityTraffic({ startMs: clock.now(), everyMs: 0, layers: EDGE_LAYERS });
  const startMs = clock.now();
  const seen = new Set<string>();
  let [writes, oldestMs, beyondBound, lookedAtMs] = [0, 0, 0, 0];
  for (let sent = 0; sent < requests; ) {
    const screen = screens[zipf(screens.length, random)] ?? [];
    for (const path of screen) {
      seen.add(path);
      const answer = await cache.fetch(path, BR);
      const ageMs = truth.ageMs(path, answer.headers.get("ETag"));
      oldestMs = Math.max(oldestMs, ageMs);
      if (ageMs > boundMs(answer) + LOOK_EVERY_MS) beyondBound++;
      sent++;
    }
    await cache.settle();
    clock.advance((screen.length / requestsPerSecond) * 1000);
    for (; writes < ((clock.now() - startMs) / 1000) * writesPerSecond; writes++) {
      const { value: report } = traffic.next();
      if (report === undefined) throw new Error("traffic does not end");
      await origin.write(report);
      cache.purge(purge === "product" ? purgedTags(report) : tagsFrom(tagsOfReport(report), purge ?? Infinity));
    }
    if (clock.now() - lookedAtMs < LOOK_EVERY_MS) continue;
    lookedAtMs = clock.now();
    await truth.look();
  }
  const { counts } = cache;
  const asked = counts.fetched + counts.revalidated;
  return {
    requests: counts.requests,
    writes,
    hitRate: counts.hits / counts.requests,
    originShare: asked / counts.requests,
    revalidated: counts.revalidated / asked,
    oldestMs,
    beyondBound,
    distinctTiles: seen.size,
  };
}

const tagsFrom = (tags: readonly string[], precision: number): string[] =>
  tags.filter((tag) => tag.length - tag.indexOf("/") - 1 >= precision);

/** How old an answer may be by its own header. */
function boundMs({ headers }: EdgeAnswer): number {
  const control = headers.get("CDN-Cache-Control");
  return 1000 * (secondsOf(control, "max-age") + secondsOf(control, "stale-while-revalidate"));
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
