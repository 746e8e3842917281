import { describe, expect, it } from "vitest";
import { silentLog } from "../../../../server/console/log.ts";
import { createPyramid } from "../../../../server/pyramid/pyramid.ts";
import { createTileSource } from "../../../../server/serving/tile-source.ts";
import { createMemoryDerivedStore } from "../../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../../server/store/memory/memory.ts";
import { tileAt, worldX, worldY } from "../../../../tiles/geo/tile-address.ts";
import { REPORT_LIFETIME_MS } from "../../../../tiles/layers.ts";
import type { Report } from "../../../../tiles/report.ts";
import { createTestApp, type PageJson, readJson } from "../../../kit/app-fixture.ts";
import { cityReports } from "../../../kit/cities/city.ts";
import { fill, openCityStore } from "../../../kit/cities/city-store.ts";
import { createTestClock } from "../../../kit/clock.ts";
import { createDynamoModel } from "../../../kit/dynamo/dynamo-model.ts";
import { seededRandom } from "../../../kit/random.ts";
import { makeReport as makeAt } from "../../../kit/sample-reports.ts";
import { decodeLayer } from "../../../kit/tile-features.ts";

const PLACE = { lonDeg: -122.4148, latDeg: 37.7599 };
const MINUTE = 60_000;

interface ClusterJson {
  readonly id: string;
  readonly cluster: boolean;
  readonly point_count: number;
  readonly category?: string;
  readonly score?: number;
  readonly bbox: readonly [number, number, number, number];
  readonly expansion_zoom: number | null;
  readonly children: readonly { readonly id: string; readonly point_count: number; readonly score?: number }[];
}

function open() {
  const clock = createTestClock();
  const store = createMemoryStore({ clock });
  const pyramid = createPyramid({ store, derived: createMemoryDerivedStore({ clock }), clock, log: silentLog });
  const tiles = createTileSource({ pyramid });
  const { app } = createTestApp({ store, clock, tiles, clusters: { ...pyramid, scoreOf: () => 61.5 } });
  const random = seededRandom(5);
  const add = async (lonDeg: number, agoMs: number): Promise<Report> => {
    const report = makeAt({ lonDeg, latDeg: PLACE.latDeg, createdAtMs: clock.now() - agoMs }, random);
    await store.put(report);
    pyramid.noteReport(report);
    return report;
  };
  return {
    clock,
    add,
    get: async (path: string) => app.request(`/api/clusters/${path}`),
    cluster: (id: string) => readJson<ClusterJson>(app.request(`/api/clusters/${id}`)),
    page: (path: string) => readJson<PageJson>(app.request(`/api/clusters/${path}`)),
    async idAt(z: number, window: "90d" | "24h" = "90d"): Promise<string> {
      const tile = tileAt(worldX(PLACE.lonDeg), worldY(PLACE.latDeg), z);
      const bytes = (await tiles.read({ layers: ["safety"], tile, window }))?.bytes ?? new Uint8Array();
      return String(decodeLayer(bytes, "safety")[0]?.id);
    },
  };
}

describe("GET /api/clusters/:id", () => {
  it.each([
    ["not an id", "nonsense"],
    ["another layer", "traffic.11.9q8yyk8"],
    ["a zoom that there is not", "safety.23.9q8yyk8"],
    ["a start of another zoom's length", "safety.11.9q8yyk"],
    ["a start that is no geohash", "safety.11.9q8yyka"],
    ["a report's id of another layer", "vibe.17.01mtj8gww29q8yy0074krg2wx"],
    ["a window that there is not", "safety.11.9q8yyk8.1y"],
    ["a start of any length", `safety.11.${"9".repeat(500)}`],
  ])("refuses %s and names the parameter", async (_, id) => {
    const { get } = open();
    for (const path of [id, `${id}/reports`]) {
      const answer = await get(path);
      expect(answer.status).toBe(400);
      expect(await readJson(answer)).toMatchObject({ errors: [{ field: "id" }] });
    }
  });

  it("takes the window of the id or of the query, and refuses two that differ", async () => {
    const { add, get, cluster, idAt } = open();
    for (const ago of [MINUTE, 2 * MINUTE, 60 * 24 * 3 * MINUTE]) await add(PLACE.lonDeg, ago);
    const [all, day] = [await idAt(12), await idAt(12, "24h")];
    expect(day).toBe(`${all}.24h`);
    expect((await cluster(all)).point_count).toBe(3);
    expect((await cluster(day)).point_count).toBe(2);
    expect(await cluster(`${all}?window=24h`)).toEqual(await cluster(`${day}?window=24h`));
    expect((await get(`${day}?window=7d`)).status).toBe(400);
    expect((await get(`${day}?window=1y`)).status).toBe(400);
  });

  it("has no zoom of expansion where all reports are at one place, and a box of a metre close by", async () => {
    const { add, cluster, idAt } = open();
    await add(PLACE.lonDeg, MINUTE);
    await add(PLACE.lonDeg, 2 * MINUTE);
    const close = await cluster(await idAt(20));
    expect(close).toMatchObject({ point_count: 2, score: 61.5, expansion_zoom: null, children: [] });
    expect(close.bbox[2] - close.bbox[0]).toBeLessThan(0.000011);
    const wide = await cluster(await idAt(3));
    expect(wide.expansion_zoom).toBeNull();
    for (const [west, south, east, north] of [close.bbox, wide.bbox]) {
      const isInside = [west <= PLACE.lonDeg, east >= PLACE.lonDeg, south <= PLACE.latDeg, north >= PLACE.latDeg];
      expect(isInside).not.toContain(false);
    }
  });

  it.each([16, 19])("answers an id of z%i that starts with a report, as it was given up to 0.2", async (zoom) => {
    const { add, get, cluster, idAt } = open();
    const first = await add(PLACE.lonDeg, MINUTE);
    await add(PLACE.lonDeg, 2 * MINUTE);
    const old = `safety.${zoom}.${first.id}`;
    expect(await cluster(old)).toEqual(await cluster(await idAt(zoom)));
    expect((await cluster(old)).point_count).toBe(2);
    const gone = `safety.${zoom}.${first.id.slice(0, -1)}${first.id.endsWith("0") ? "1" : "0"}`;
    expect((await get(gone)).status).toBe(404);
  });

  it("goes on answering an old id for what is now at its start, and says so when nothing is", async () => {
    const { clock, add, get, cluster, page, idAt } = open();
    const first = await add(PLACE.lonDeg, 50 * 24 * 60 * MINUTE);
    await add(PLACE.lonDeg + 0.0001, 89 * 24 * 60 * MINUTE);
    const [id, closeId] = [await idAt(13), await idAt(17)];
    expect((await cluster(id)).point_count).toBe(2);
    await add(PLACE.lonDeg + 0.00005, 0);
    expect((await cluster(id)).point_count).toBe(3);
    clock.nowMs += 2 * 24 * 60 * MINUTE;
    expect((await cluster(id)).point_count).toBe(2);
    clock.nowMs += REPORT_LIFETIME_MS - 10 * 24 * 60 * MINUTE;
    const alone = await cluster(id);
    expect(alone).toMatchObject({ cluster: false, point_count: 1, category: "theft", expansion_zoom: null });
    expect((await page(`${id}/reports`)).features.map((feature) => feature.id)).toEqual([alone.id]);
    clock.nowMs += REPORT_LIFETIME_MS;
    for (const path of [id, `${id}/reports`, closeId]) {
      const answer = await get(path);
      expect(answer.status, path).toBe(404);
      expect(await readJson(answer)).toMatchObject({ detail: expect.stringContaining("Read its tile again") });
    }
    expect(first.id).not.toBe(alone.id);
  });
});

describe("GET /api/clusters/:id/reports", () => {
  it("pages without a gap or a repetition while reports come in", async () => {
    const { add, page, idAt } = open();
    const before: string[] = [];
    for (let i = 1; i <= 9; i++) before.push((await add(PLACE.lonDeg + i * 1e-5, i * MINUTE)).id);
    const id = await idAt(12);
    const first = await page(`${id}/reports?limit=4`);
    await add(PLACE.lonDeg, 0);
    const second = await page(`${id}/reports?limit=4&cursor=${first.next_cursor}`);
    const third = await page(`${id}/reports?limit=4&cursor=${second.next_cursor}`);
    const ids = [first, second, third].flatMap(({ features }) => features.map((feature) => feature.id));
    expect(ids).toEqual(before);
    expect(third.next_cursor).toBeNull();
  });

  it.each(["limit=0", "limit=501", "limit=x", "cursor=x", "window=x"])("refuses %s", async (query) => {
    const answer = await open().get(`safety.11.9q8yyk8/reports?${query}`);
    expect(answer.status).toBe(400);
    expect(await readJson(answer)).toMatchObject({ errors: [{ field: query.split("=")[0] }] });
  });
});

describe("clusters of a world on DynamoDB", () => {
  it("are read by as much as they answer, however many reports are inside", async () => {
    const clock = createTestClock(Date.UTC(2026, 5, 1));
    const model = createDynamoModel();
    const city = openCityStore({ client: model.client, table: "world", clock, onConsumed() {} });
    await fill(city, cityReports({ count: 20_000, nowMs: clock.now(), layers: ["safety"] }));
    const random = seededRandom(3);
    const createdAtMs = () => Math.floor(clock.now() - random() * 89 * 24 * 60 * MINUTE);
    const lone = Array.from({ length: 3000 }, () =>
      makeAt({ lonDeg: random() * 360 - 180, latDeg: random() * 140 - 70, createdAtMs: createdAtMs() }, random),
    );
    await city.store.putMany(lone);
    clock.advance(20_000);
    await city.compactor.rebuild();
    clock.advance(20_000);

    const pyramid = await city.startProcess();
    const { app } = createTestApp({ store: city.store, clock, clusters: pyramid });
    const bytes = (
      await createTileSource({ pyramid }).read({ layers: ["safety"], tile: { z: 0, x: 0, y: 0 }, window: "90d" })
    )?.bytes;
    const largest = decodeLayer(bytes ?? new Uint8Array(), "safety").sort(
      (a, b) => Number(b.point_count) - Number(a.point_count),
    )[0];
    expect(Number(largest?.point_count)).toBeGreaterThan(20_000);
    const costs: number[] = [];
    const read = async (path: string): Promise<PageJson> => {
      model.reset();
      const answer = await readJson<PageJson>(app.request(`/api/clusters/${largest?.id}${path}`));
      costs.push(model.used.read);
      return answer;
    };
    await read("");
    let cursor: string | null = "";
    for (let i = 0; i < 6; i++) cursor = (await read(`/reports?limit=100&cursor=${cursor}`)).next_cursor;
    const [ofCluster, ofFirstPage = 0, ...ofOthers] = costs;
    // The tile was read already; a row is half a unit, as is what became of it, and the first page reads which the newest are.
    expect(ofCluster).toBe(0);
    expect(ofFirstPage).toBeLessThan(170);
    expect(Math.max(...ofOthers)).toBeLessThan(125);
    expect(cursor).not.toBeNull();
  });
});
