import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { silentLog } from "../../../server/log.ts";
import { createPyramid } from "../../../server/pyramid/pyramid.ts";
import { createMemoryDerivedStore } from "../../../server/store/derived-memory.ts";
import { createMemoryStore } from "../../../server/store/memory.ts";
import { createTileSource } from "../../../server/tiles/tile-source.ts";
import type { Report } from "../../../tiles/report.ts";
import { makeReport, seededRandom } from "../../tiles/sample-reports.ts";
import { createTestApp, createTestClock } from "../app-fixture.ts";
import { decodeLayer } from "../pyramid/tile-features.ts";

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
  const pyramid = createPyramid({ store, derived: createMemoryDerivedStore({ clock }), clock, log: silentLog });
  const { app } = createTestApp({ store, clock, tiles: createTileSource(pyramid) });
  return { app, get: async (path: string, headers: Record<string, string> = {}) => app.request(path, { headers }) };
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

  it("never fails on any path", { timeout: 60_000 }, async () => {
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
      { numRuns: 10_000 },
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
    expect(document.layers).toHaveLength(4);
    for (const { tilejson } of document.layers) expect((await get(tilejson)).status).toBe(200);
  });
});
