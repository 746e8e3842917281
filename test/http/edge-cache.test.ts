import { describe, expect, it } from "vitest";
import { tagsOfReport } from "../../server/serving/cache-policy.ts";
import { cityTraffic } from "../kit/cities/city.ts";
import { createTestClock } from "../kit/clock.ts";
import { createEdgeCache } from "../kit/edge/edge-cache.ts";
import { EDGE_LAYERS, openAppOrigin } from "../kit/edge/edge-origin.ts";
import { replayEdge } from "../kit/edge/edge-replay.ts";

const REPLAY = { requests: 8000, requestsPerSecond: 400, writesPerSecond: 10 };
const BR = { "Accept-Encoding": "br" };

async function openEdge() {
  const clock = createTestClock(Date.UTC(2026, 5, 1, 12, 0, 1));
  const origin = await openAppOrigin(2000, clock);
  return { clock, origin, cache: createEdgeCache({ origin: origin.fetch, clock }) };
}

describe("a shared cache in front of the app", () => {
  it("never answers older than its bound, by what the origin says", async () => {
    const { clock, origin } = await openEdge();
    const { hitRate, beyondBound, requests, writes } = await replayEdge({ ...REPLAY, origin, clock, purge: "product" });
    expect(beyondBound).toBe(0);
    expect(requests).toBeGreaterThanOrEqual(REPLAY.requests);
    expect(writes).toBeGreaterThan(100);
    expect(hitRate).toBeGreaterThan(0.8);
  });

  it("has exactly the new bytes after a report's tags are purged, and asks only for tiles with one of them", async () => {
    const { cache, origin } = await openEdge();
    const traffic = cityTraffic({ startMs: Date.UTC(2026, 5, 1, 12), everyMs: 0, layers: EDGE_LAYERS });
    const answers = await Promise.all(
      tilesAround().map(async (path) => [path, await origin.fetch(path, { headers: BR })] as const),
    );
    const tiles = answers.filter(([, { status }]) => status === 200);
    const etags = (ask: (path: string) => Promise<{ headers: Headers }>) =>
      Promise.all(tiles.map(async ([path]) => (await ask(path)).headers.get("ETag")));
    const truth = () => etags((path) => origin.fetch(path, { headers: BR }));
    const served = () => etags((path) => cache.fetch(path, BR));
    await served();
    let changed = 0;
    for (let round = 0; round < 20; round++) {
      const before = await truth();
      const { value: report } = traffic.next();
      if (report === undefined) throw new Error("traffic does not end");
      await origin.write(report);
      const after = await truth();
      expect(await served(), "stale until purged").toEqual(before);
      const tags = new Set(tagsOfReport(report));
      cache.purge(tags);
      const { fetched } = cache.counts;
      expect(await served()).toEqual(after);
      const tagged = tiles.filter(([, { headers }]) =>
        (headers.get("Cache-Tag") ?? "").split(",").some((tag) => tags.has(tag)),
      );
      expect(cache.counts.fetched - fetched).toBe(tagged.length);
      changed += after.filter((etag, i) => etag !== before[i]).length;
    }
    expect(changed).toBeGreaterThan(40);
  });

  it("keeps codings apart and asks with the tag of each", async () => {
    const { cache, clock } = await openEdge();
    const path = "/tiles/safety/5/7/13.pbf";
    const gzip = await cache.fetch(path, { "Accept-Encoding": "gzip, deflate" });
    const brotli = await cache.fetch(path, { "Accept-Encoding": "gzip, deflate, br, zstd" });
    expect([gzip, brotli].map(({ headers }) => headers.get("Content-Encoding"))).toEqual(["gzip", "br"]);
    clock.advance(120_000);
    const etag = brotli.headers.get("ETag") ?? "";
    expect((await cache.fetch(path, { ...BR, "If-None-Match": etag })).status).toBe(304);
    expect((await cache.fetch(path, { "Accept-Encoding": "gzip" })).body).toEqual(gzip.body);
    expect(cache.counts).toMatchObject({ fetched: 2, revalidated: 2 });
  });

  it("serves what it has while the origin fails, for an hour", async () => {
    const { origin, clock } = await openEdge();
    let isAway = false;
    const cache = createEdgeCache({
      origin: (path, init) => (isAway ? new Response(null, { status: 503 }) : origin.fetch(path, init)),
      clock,
    });
    const path = "/tiles/safety/5/7/13.pbf";
    const { headers } = await cache.fetch(path, BR);
    isAway = true;
    clock.advance(3_600_000);
    expect((await cache.fetch(path, BR)).headers.get("ETag")).toBe(headers.get("ETag"));
    clock.advance(60_000);
    expect((await cache.fetch(path, BR)).status).toBe(503);
  });
});

/** Tiles of the city's middle, of every zoom from 3 to 15. */
function tilesAround(): string[] {
  return Array.from({ length: 13 }, (_, i) => i + 3).flatMap((z) => {
    const x = Math.floor(((-95.37 + 180) / 360) * 2 ** z);
    const y = Math.floor(0.41312 * 2 ** z);
    return [-1, 0, 1].flatMap((dx) => [-1, 0, 1].map((dy) => `/tiles/safety/${z}/${x + dx}/${y + dy}.pbf`));
  });
}
