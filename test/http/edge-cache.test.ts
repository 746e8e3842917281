import { describe, expect, it } from "vitest";
import { openEdge, replayEdge } from "../../bench/edge-replay.ts";

const REPLAY = { reports: 2000, requests: 8000, requestsPerSecond: 400, writesPerSecond: 10 };
const BR = { "Accept-Encoding": "br" };

describe("a shared cache in front of the app", () => {
  it.each([undefined, 5, 0])(
    "never answers older than its bound, tags invalidated from precision %s on",
    async (invalidateFrom) => {
      const { hitRate, beyondBound, oldestMs, requests, writes } = await replayEdge({
        ...REPLAY,
        ...(invalidateFrom === undefined ? {} : { invalidateFrom }),
      });
      expect(beyondBound).toBe(0);
      expect(oldestMs).toBeLessThanOrEqual(90_000);
      expect(requests).toBeGreaterThanOrEqual(REPLAY.requests);
      expect(writes).toBeGreaterThan(100);
      expect(hitRate).toBeGreaterThan(invalidateFrom === 0 ? 0.2 : 0.8);
    },
  );

  it("has exactly the changed tiles' new bytes after their tags are invalidated", async () => {
    const { cache, origin, report } = await openEdge(2000);
    const answers = await Promise.all(
      tilesAround().map(async (path) => [path, await origin(path, { headers: BR })] as const),
    );
    const paths = answers.filter(([, { status }]) => status === 200).map(([path]) => path);
    const truth = async () =>
      Promise.all(paths.map(async (path) => (await origin(path, { headers: BR })).headers.get("ETag")));
    const served = async () =>
      Promise.all(paths.map(async (path) => (await cache.fetch(path, BR)).headers.get("ETag")));
    await served();
    let changed = 0;
    let unchanged = 0;
    for (let round = 0; round < 20; round++) {
      const before = await truth();
      const tags = await report();
      const after = await truth();
      expect(await served(), "stale until invalidated").toEqual(before);
      cache.invalidate(tags);
      const { fetched, revalidated } = { ...cache.counts };
      expect(await served()).toEqual(after);
      const differ = after.filter((etag, i) => etag !== before[i]).length;
      expect(cache.counts.fetched - fetched).toBe(differ);
      changed += differ;
      unchanged += cache.counts.revalidated - revalidated;
    }
    expect(changed).toBeGreaterThan(40);
    expect(unchanged).toBeGreaterThan(changed);
  });

  it("keeps codings apart and asks with the tag of each", async () => {
    const { cache, clock } = await openEdge(2000);
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
});

/** Tiles of the city's middle, of every zoom from 2 to 15. */
function tilesAround(): string[] {
  return Array.from({ length: 13 }, (_, i) => i + 3).flatMap((z) => {
    const x = Math.floor(((-95.37 + 180) / 360) * 2 ** z);
    const y = Math.floor(0.41312 * 2 ** z);
    return [-1, 0, 1].flatMap((dx) => [-1, 0, 1].map((dy) => `/tiles/safety/${z}/${x + dx}/${y + dy}.pbf`));
  });
}
