import { beforeAll, describe, expect, it } from "vitest";
import { silentLog } from "../../../server/console/log.ts";
import { READ_ROUTES, READ_TURNS } from "../../../server/http/core/route-limits.ts";
import { createPyramid } from "../../../server/pyramid/pyramid.ts";
import { meterReads } from "../../../server/runtime/read-meter.ts";
import { createTileSource } from "../../../server/serving/tile-source.ts";
import { type TileAddress, tileAt, worldX, worldY } from "../../../tiles/geo/tile-address.ts";
import { createTestApp } from "../../kit/app-fixture.ts";
import { CITY_CENTER, cityReports } from "../../kit/cities/city.ts";
import { type CountedCity, openCountedCity } from "../../kit/cities/city-store.ts";
import { decodeLayer } from "../../kit/tile-features.ts";

const NOW = Date.UTC(2026, 5, 1);
const [LON, LAT] = CITY_CENTER;

let counted: CountedCity;
beforeAll(async () => {
  counted = await openCountedCity(cityReports({ count: 6_000, nowMs: NOW }), NOW);
});

/** A process that holds nothing, on the city's stores. */
async function startApp(readUnitsPerMinute = 1e9) {
  const { city, clock, model } = counted;
  const sql = async () => [];
  const { store, derived, meter } = meterReads({ store: city.store, derived: city.derived, sql });
  const pyramid = createPyramid({ store, derived, clock, log: silentLog });
  await pyramid.poll();
  const tiles = createTileSource({ pyramid });
  const clusters = { ...pyramid, scoreOf: () => undefined };
  const { app } = createTestApp({
    store,
    clock,
    pyramid,
    tiles,
    clusters,
    meter: {
      run: (spend, work) =>
        meter.run((units) => {
          metered += units;
          spend(units);
        }, work),
    },
    settings: { readUnitsPerMinute },
  });
  let metered = 0;
  model.reset();
  const ask = async (path: string, address = "192.0.2.1") => {
    const response = await app.request(path, { headers: { "X-Test-Address": address } });
    const body = await response.arrayBuffer();
    return { status: response.status, headers: response.headers, bytes: new Uint8Array(body) };
  };
  return { ask, billed: () => model.used.read, metered: () => metered };
}

const pathOf = ({ z, x, y }: TileAddress, layers = "safety") => `/tiles/${layers}/${z}/${x}/${y}.pbf`;
const tileOf = (z: number) => tileAt(worldX(LON), worldY(LAT), z);

async function clusterId(): Promise<string> {
  const { ask } = await startApp();
  const { bytes } = await ask(pathOf(tileOf(11)));
  const largest = decodeLayer(bytes, "safety").sort((a, b) => Number(b.point_count) - Number(a.point_count));
  return String(largest[0]?.id);
}

async function reportId(): Promise<string> {
  const { ask } = await startApp();
  const { bytes } = await ask(`/api/reports?bbox=${LON},${LAT},${LON + 0.1},${LAT + 0.1}&limit=1`);
  return JSON.parse(new TextDecoder().decode(bytes)).features[0].id;
}

describe("what a request reads", () => {
  it("is metered as it is billed, and is no more than its route says", async () => {
    const [cluster, report] = [await clusterId(), await reportId()];
    const asked: Readonly<Record<string, readonly string[]>> = {
      "/tiles/:layers/:z/:x/:file": [0, 5, 8, 10, 11, 13, 14, 16, 18].map((z) => pathOf(tileOf(z))),
      "/api/reports": [`/api/reports?bbox=${LON - 0.4},${LAT - 0.4},${LON + 0.4},${LAT + 0.4}&limit=500`],
      "/api/reports/:id": [`/api/reports/${report}`],
      "/api/cities/:city/reports": ["/api/cities/austin/reports?limit=500"],
      "/api/clusters/:id": [`/api/clusters/${cluster}`],
      "/api/clusters/:id/reports": [`/api/clusters/${cluster}/reports?limit=500`],
      "/api/neighborhood/:geohash": ["9vk1", "9vk1h", "9vk1hb"].map((geohash) => `/api/neighborhood/${geohash}`),
    };
    for (const { path, most } of READ_ROUTES) {
      for (const one of asked[path] ?? []) {
        const { ask, billed, metered } = await startApp();
        expect((await ask(one)).status, one).toBeLessThan(300);
        expect(billed(), one).toBeLessThanOrEqual(most);
        expect(metered(), one).toBeGreaterThanOrEqual(billed() / 2);
        expect(metered(), one).toBeLessThanOrEqual(2 * billed() + 1);
      }
    }
  });

  it("is taken off its client's minute alone, free where it is in memory, and told when it can be had again", async () => {
    const { ask, billed } = await startApp(500);
    const list = (i: number) =>
      `/api/reports?bbox=${LON - 0.2},${LAT - 0.2},${LON + 0.2},${LAT + 0.2}&limit=${400 - i}`;
    let answers = 0;
    let refused = await ask(list(0));
    for (; refused.status === 200 && answers < 10; refused = await ask(list(answers))) answers++;
    expect([answers > 0, refused.status]).toEqual([true, 429]);
    expect(refused.headers.get("Content-Type")).toBe("application/problem+json");
    expect(JSON.parse(new TextDecoder().decode(refused.bytes))).toMatchObject({
      type: "urn:stratum:problem:read-budget",
    });
    const seconds = Number(refused.headers.get("Retry-After"));
    expect(seconds).toBeGreaterThan(0);
    const spent = billed();
    expect((await ask(pathOf(tileOf(11)))).status).toBe(429);
    expect(billed()).toBe(spent);
    // Another client.
    expect((await ask(pathOf(tileOf(11)), "192.0.2.2")).status).toBe(200);
    counted.clock.advance(seconds * 1000);
    expect((await ask(list(0))).status).toBe(200);
    // Of memory any number.
    counted.clock.advance(600_000);
    for (let i = 0; i < 300; i++) expect((await ask(pathOf(tileOf(11)))).status).toBe(200);
  });

  it("does not let many requests at once slip in before one of them has paid", async () => {
    const { ask } = await startApp(500);
    const addresses = Array.from({ length: 60 }, (_, i) => `2001:db8::${i.toString(16)}:1`);
    const tiles = addresses.map((address, i) =>
      ask(`/api/clusters/safety.11.9vk1${"0123456789bcdefghjkmnpqrstuvwxyz"[i % 32]}${i % 10}b/reports`, address),
    );
    const statuses = (await Promise.all(tiles)).map(({ status }) => status);
    expect(statuses.filter((status) => status !== 429).length).toBeLessThanOrEqual(10);
  });

  it("costs what it takes of the processor where it is in memory, and so many at once take turns", async () => {
    const { ask, billed } = await startApp(10_000);
    const list = `/api/reports?bbox=${LON},${LAT},${LON + 0.01},${LAT + 0.01}&limit=1`;
    expect((await ask(list)).status).toBe(200);
    const answers = await Promise.all(Array.from({ length: 40 }, () => ask(list)));
    const { atOnce, waiting } = READ_TURNS;
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(atOnce + waiting);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(40 - atOnce - waiting);
    counted.clock.advance(600_000);
    const before = billed();
    let taken = 0;
    while ((await ask(list)).status === 200 && taken < 300) taken++;
    const { least } = READ_ROUTES.find(({ path }) => path === "/api/reports") ?? { least: 0 };
    expect([taken, billed() - before < taken * least]).toEqual([10_000 / least, true]);
  });
});
