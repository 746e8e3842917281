/** @module-tag random */
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { silentLog } from "../../../../server/console/log.ts";
import { StoreUnavailableError } from "../../../../server/ports/report-store.ts";
import { createPyramid } from "../../../../server/pyramid/pyramid.ts";
import { nodeCompressor } from "../../../../server/runtime/node/node-compressor.ts";
import { createTileSource } from "../../../../server/serving/tile-source.ts";
import { createMemoryDerivedStore } from "../../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../../server/store/memory/memory.ts";
import type { Report } from "../../../../tiles/report.ts";
import { createTestApp } from "../../../kit/app-fixture.ts";
import { createTestClock } from "../../../kit/clock.ts";
import { seededRandom } from "../../../kit/random.ts";
import { runs } from "../../../kit/runs.ts";
import { makeReport } from "../../../kit/sample-reports.ts";
import { decodeLayer } from "../../../kit/tile-features.ts";

const random = seededRandom(9);

async function withReports() {
  const clock = createTestClock();
  const store = createMemoryStore({ clock });
  const now = clock.now();
  const reports: Report[] = [
    makeReport({ lonDeg: -122.42, latDeg: 37.77, createdAtMs: now - 1000 }, random),
    makeReport({ lonDeg: -122.42, latDeg: 37.77, createdAtMs: now - 40 * 86_400_000 }, random),
    makeReport({ lonDeg: -122.43, latDeg: 37.76, createdAtMs: now - 1000, layer: "vibe" }, random),
  ];
  await store.putMany(reports);
  let broken = false;
  const mayBreak =
    <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      if (broken) throw new StoreUnavailableError("away");
      return call(...args);
    };
  const derived = createMemoryDerivedStore({ clock });
  const pyramid = createPyramid({
    store: { ...store, readCell: mayBreak(store.readCell) },
    derived: { ...derived, list: mayBreak(derived.list), get: mayBreak(derived.get) },
    clock,
    log: silentLog,
    // Nothing of the store is kept but the tiles.
    cellBytes: 1,
    aggregateBytes: 2,
  });
  const breakStore = (): void => {
    broken = true;
    // What was kept is out of date now, so that the store must be asked.
    clock.nowMs += 86_400_000;
  };
  const { app } = createTestApp({
    store,
    clock,
    tiles: createTileSource({ pyramid, compressor: nodeCompressor }),
    codings: nodeCompressor.codings,
  });
  return {
    app,
    breakStore,
    get: async (path: string, headers: Record<string, string> = {}) => app.request(path, { headers }),
  };
}

describe("GET /tiles/:layers/:z/:x/:y.pbf", () => {
  it("answers a tile with its type and a strong entity tag", async () => {
    const { get } = await withReports();
    const response = await get("/tiles/safety/0/0/0.pbf");
    expect(response.status).toBe(200);
    expect(response.headers.get("Content-Type")).toBe("application/vnd.mapbox-vector-tile");
    expect(response.headers.get("ETag")).toMatch(/^"[0-9a-f]{24}"$/);
    expect(response.headers.get("Access-Control-Allow-Origin")).toBe("*");
    const features = decodeLayer(new Uint8Array(await response.arrayBuffer()), "safety");
    expect(features).toEqual([expect.objectContaining({ cluster: true, point_count: 2 })]);
  });

  it("takes .mvt for .pbf, and a window", async () => {
    const { get } = await withReports();
    const pbf = await (await get("/tiles/safety/3/1/3.pbf")).arrayBuffer();
    expect(await (await get("/tiles/safety/3/1/3.mvt")).arrayBuffer()).toEqual(pbf);
    const day = await get("/tiles/safety/3/1/3.pbf?window=24h");
    expect(decodeLayer(new Uint8Array(await day.arrayBuffer()), "safety")).toEqual([
      expect.not.objectContaining({ cluster: true }),
    ]);
  });

  it("composes layers, each once, in one order", async () => {
    const { get } = await withReports();
    const one = await get("/tiles/vibe,safety,vibe,safety/0/0/0.pbf");
    const other = await get("/tiles/safety,vibe/0/0/0.pbf");
    expect(one.headers.get("ETag")).toBe(other.headers.get("ETag"));
    const bytes = new Uint8Array(await one.arrayBuffer());
    expect(decodeLayer(bytes, "safety")).toHaveLength(1);
    expect(decodeLayer(bytes, "vibe")).toHaveLength(1);
  });

  it("answers 204 without a body where nothing lies", async () => {
    const { get } = await withReports();
    const response = await get("/tiles/safety/10/0/0.pbf");
    expect([response.status, await response.text()]).toEqual([204, ""]);
    expect(response.headers.get("Access-Control-Allow-Origin")).toBe("*");
  });

  it("answers 304 to a tag that it gave, in a list, weak, or *", async () => {
    const { get } = await withReports();
    const etag = (await get("/tiles/safety/0/0/0.pbf")).headers.get("ETag") ?? "";
    for (const header of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
      expect((await get("/tiles/safety/0/0/0.pbf", { "If-None-Match": header })).status, header).toBe(304);
    }
    expect((await get("/tiles/safety/0/0/0.pbf", { "If-None-Match": '"other"' })).status).toBe(200);
  });

  it("codes the body as the client takes it, with a tag of its own, and says so to caches", async () => {
    const { get } = await withReports();
    const plain = await get("/tiles/safety/0/0/0.pbf");
    const bytes = Buffer.from(await plain.arrayBuffer());
    const decode = { br: brotliDecompressSync, zstd: zstdDecompressSync, gzip: gunzipSync };
    for (const [accept, coding] of [
      ["gzip, deflate, br, zstd", "br"],
      ["gzip", "gzip"],
      ["br;q=0.1, zstd;q=0.9", "zstd"],
      ["br;q=0, *", "zstd"],
      ["identity, gzip;q=0.5", undefined],
      ["deflate", undefined],
      ["", undefined],
    ] as const) {
      const response = await get("/tiles/safety/0/0/0.pbf", { "Accept-Encoding": accept });
      expect(response.headers.get("Content-Encoding"), accept).toBe(coding ?? null);
      expect(response.headers.get("Vary")).toContain("Accept-Encoding");
      const body = Buffer.from(await response.arrayBuffer());
      expect((coding === undefined ? body : decode[coding](body)).equals(bytes), accept).toBe(true);
      const etag = response.headers.get("ETag") ?? "";
      expect(etag === plain.headers.get("ETag")).toBe(coding === undefined);
      const again = (accepted: string) =>
        get("/tiles/safety/0/0/0.pbf", { "Accept-Encoding": accepted, "If-None-Match": etag });
      expect((await again(accept)).status).toBe(304);
      expect((await again("identity")).status).toBe(coding === undefined ? 304 : 200);
    }
  });

  it("answers HEAD like GET without a body, and ignores Range", async () => {
    const { app, get } = await withReports();
    const head = await app.request("/tiles/safety/0/0/0.pbf", { method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([200, ""]);
    expect(head.headers.get("ETag")).toBe((await get("/tiles/safety/0/0/0.pbf")).headers.get("ETag"));
    expect((await get("/tiles/safety/0/0/0.pbf", { Range: "bytes=0-3" })).status).toBe(200);
  });

  it("answers what it answered before while the store is away, and 503 for the rest", async () => {
    const { get, breakStore } = await withReports();
    const before = await get("/tiles/safety/0/0/0.pbf");
    breakStore();
    const stale = await get("/tiles/safety/0/0/0.pbf");
    expect([stale.status, stale.headers.get("ETag")]).toEqual([200, before.headers.get("ETag")]);
    const missing = await get("/tiles/vibe/5/5/12.pbf");
    expect([missing.status, missing.headers.get("Retry-After")]).toEqual([503, "2"]);
  });

  it.each([
    ["/tiles/safety/a/0/0.pbf", 400, "z"],
    ["/tiles/safety/0/0x0/0.pbf", 400, "x"],
    ["/tiles/safety/0/0/.pbf", 400, "y"],
    ["/tiles/safety/0/0/00.pbf", 400, "y"],
    ["/tiles/safety/0/0/0.png", 400, "y"],
    ["/tiles/safety/0/0/1e0.pbf", 400, "y"],
    ["/tiles/safety,/0/0/0.pbf", 400, "layers"],
    [`/tiles/${"safety,".repeat(40)}safety/0/0/0.pbf`, 400, "layers"],
    ["/tiles/safety/0/0/0.pbf?window=1y", 400, "window"],
    ["/tiles/nonsense/0/0/0.pbf", 404, undefined],
    ["/tiles/safety/23/0/0.pbf", 404, undefined],
    ["/tiles/safety/-1/0/0.pbf", 404, undefined],
    ["/tiles/safety/3/8/0.pbf", 404, undefined],
    ["/tiles/safety/3/0/8.pbf", 404, undefined],
    ["/tiles/safety/3/0/99999999999999999999999.pbf", 404, undefined],
  ])("refuses %s with %i and says why", async (path, status, field) => {
    const { get } = await withReports();
    const response = await get(path);
    expect(response.status).toBe(status);
    expect(response.headers.get("Content-Type")).toBe("application/problem+json");
    expect(response.headers.get("Access-Control-Allow-Origin")).toBe("*");
    const problem = (await response.json()) as { detail: string; errors?: { field: string }[] };
    expect(problem.detail.length).toBeGreaterThan(10);
    expect(problem.errors?.[0]?.field).toBe(field);
  });

  it("never fails on any path", async () => {
    const { app } = await withReports();
    const segment = fc.oneof(
      fc.constantFrom(
        "safety",
        "vibe,safety",
        "0",
        "1",
        "22",
        "-0",
        "1e3",
        "%",
        "%2f",
        "..",
        "",
        "safety.json",
        "0.pbf",
        "0.mvt",
      ),
      fc.integer().map(String),
      fc.nat({ max: 30 }).map((n) => `${n}.pbf`),
      fc.string({ unit: "binary", maxLength: 20 }).map((text) => encodeURIComponent(text.toWellFormed())),
      fc.string({ unit: "binary-ascii", maxLength: 20 }),
    );
    const query = fc.oneof(
      fc.constant(""),
      fc.string({ unit: "binary-ascii", maxLength: 20 }).map((text) => `?window=${text}`),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(segment, { minLength: 1, maxLength: 5 }), query, async (segments, search) => {
        const response = await app.request(`http://localhost/tiles/${segments.join("/")}${search}`);
        expect(response.status).toBeLessThan(500);
        if (response.status >= 400) expect(response.headers.get("Content-Type")).toBe("application/problem+json");
      }),
      runs(10_000),
    );
  });
});

describe("TileJSON", () => {
  it("describes a layer by the specification, with an absolute address of its tiles", async () => {
    const { get, app } = await withReports();
    const document = (await (await get("http://tiles.example/tiles/safety.json?window=7d")).json()) as {
      tiles: string[];
    };
    expect(document).toMatchObject({
      tilejson: "3.0.0",
      tiles: ["http://tiles.example/tiles/safety/{z}/{x}/{y}.pbf?window=7d"],
      minzoom: 0,
      maxzoom: 22,
      vector_layers: [{ id: "safety", fields: { point_count: expect.any(String) } }],
    });
    const template = document.tiles[0] ?? "";
    const tile = await app.request(template.replace("{z}", "0").replace("{x}", "0").replace("{y}", "0"));
    expect(tile.status).toBe(200);
  });

  it("lists every layer in the catalogue, which is itself a TileJSON", async () => {
    const { get } = await withReports();
    const document = (await (await get("http://tiles.example/tiles.json")).json()) as {
      layers: { tilejson: string }[];
    };
    expect(document).toMatchObject({ tilejson: "3.0.0", vector_layers: expect.any(Array) });
    expect(document.layers).toHaveLength(6);
    for (const { tilejson } of document.layers) expect((await get(tilejson)).status).toBe(200);
  });
});
