import { parquetMetadata, parquetReadObjects } from "hyparquet";
import { beforeEach, describe, expect, it } from "vitest";
import { hashKey, makeKey } from "../../../../server/accounts/key.ts";
import { createUsageLog } from "../../../../server/accounts/usage-log.ts";
import { silentLog } from "../../../../server/console/log.ts";
import { type ReportStore, StoreUnavailableError } from "../../../../server/ports/report-store.ts";
import type { RunSql } from "../../../../server/ports/sql.ts";
import { createPyramid } from "../../../../server/pyramid/pyramid.ts";
import { toldReport } from "../../../../server/reports/told-report.ts";
import { createMemoryDerivedStore } from "../../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../../server/store/memory/memory.ts";
import type { Area } from "../../../../tiles/areas/area.ts";
import { isInside } from "../../../../tiles/areas/area-locator.ts";
import type { Report } from "../../../../tiles/report.ts";
import { createTestApp, type PageJson, readJson } from "../../../kit/app-fixture.ts";
import { openAreas } from "../../../kit/area-world.ts";
import { createTestClock } from "../../../kit/clock.ts";
import { makePartition } from "../../../kit/made-up-areas.ts";
import { AUSTIN, makeReport } from "../../../kit/make-report.ts";
import { seededRandom } from "../../../kit/random.ts";

const HAYES = { lonDeg: -122.4262, latDeg: 37.77648 };
const NOWHERE = { lonDeg: 13.40451, latDeg: 52.52003 };
const HEAD = "id,layer,category,severity,text,lat,lon,geohash,name,area,city,created_at,expires_at\r\n";
const HOUR_MS = 3_600_000;

const noSql: RunSql = async () => [];

function openApp(change: Parameters<typeof createTestApp>[0] = {}) {
  const clock = createTestClock();
  const store = createMemoryStore({ clock });
  const test = createTestApp({ sql: noSql, store, clock, ...change });
  return { ...test, clock, get: (path: string, init?: RequestInit) => test.app.request(path, init) };
}

let test: ReturnType<typeof openApp>;
let hayes: Report;
let austin: Report;
let nowhere: Report;
beforeEach(async () => {
  test = openApp();
  const createdAtMs = test.clock.nowMs - HOUR_MS;
  const text = '=Deep, "one"\nor two';
  hayes = makeReport({ ...HAYES, layer: "infrastructure", category: "pothole", severity: 4, text, createdAtMs });
  austin = makeReport({
    ...AUSTIN,
    lonDeg: -97.74306,
    latDeg: 30.26715,
    layer: "vibe",
    category: "art",
    createdAtMs: createdAtMs - HOUR_MS,
  });
  nowhere = makeReport({ ...NOWHERE, layer: "vibe", category: "art", createdAtMs: createdAtMs - 2 * HOUR_MS });
  for (const report of [hayes, austin, nowhere]) await test.store.put(report);
});

const text = async (path: string, init?: RequestInit) => (await test.get(path, init)).text();
const rowsOf = async (query: string) => {
  const body = await text(`/api/exports/reports.ndjson?${query}`);
  return body.split("\n").flatMap((line): Record<string, unknown>[] => (line ? [JSON.parse(line)] : []));
};
const idsOf = async (query: string) => (await rowsOf(query)).map(({ id }) => id);

describe("the export of reports", () => {
  it("is CSV with the names of places, in the order of cells", async () => {
    const response = await test.get("/api/exports/reports.csv?from=1d");
    expect(await response.text()).toBe(
      `${HEAD}${hayes.id},infrastructure,pothole,4,"'=Deep, ""one""\nor two",37.77648,-122.4262,9q8yyh,Hayes Valley,,san-francisco,2026-06-01T11:00:00Z,2026-08-30T11:00:00Z\r\n` +
        `${austin.id},vibe,art,3,,30.26715,-97.74306,9v6kpv,Downtown,,austin,2026-06-01T10:00:00Z,2026-08-30T10:00:00Z\r\n` +
        `${nowhere.id},vibe,art,3,,52.52003,13.40451,u33dc0,u33dc0,,,2026-06-01T09:00:00Z,2026-08-30T09:00:00Z\r\n`,
    );
    expect(response.headers.get("content-type")).toBe("text/csv; charset=utf-8; header=present");
    expect(response.headers.get("content-disposition")).toBe(
      'attachment; filename="reports_2026-05-31_2026-06-01.csv"',
    );
    expect(response.headers.get("cache-control")).toBe("private, no-cache");
  });

  it("is GeoJSON and GeoParquet with points", async () => {
    const { features } = await readJson<PageJson>(test.get("/api/exports/reports.geojson?city=san-francisco"));
    expect(features).toHaveLength(1);
    expect(features[0]).toMatchObject({
      geometry: { type: "Point", coordinates: [-122.4262, 37.77648] },
      properties: { id: hayes.id, text: hayes.text, name: "Hayes Valley", created_at: "2026-06-01T11:00:00Z" },
    });
    const file = await (await test.get("/api/exports/reports.parquet")).arrayBuffer();
    const geo = parquetMetadata(file).key_value_metadata?.find(({ key }) => key === "geo")?.value ?? "null";
    expect(JSON.parse(geo).columns.geometry).toMatchObject({
      geometry_types: ["Point"],
      bbox: [-122.4262, 30.26715, 13.40451, 52.52003],
    });
    const rows = await parquetReadObjects({ file });
    expect(rows[1]).toMatchObject({
      severity: 3,
      text: null,
      lat: 30.26715,
      created_at: new Date(austin.createdAtMs),
      geometry: { type: "Point", coordinates: [-97.74306, 30.26715] },
    });
  });

  it.each([
    ["city=austin", ["austin"]],
    ["geohash=9q8y", ["hayes"]],
    ["bbox=-98,30,-97,31", ["austin"]],
    ["bbox=-98,30,-97,31&city=san-francisco", []],
    ["layer=vibe", ["austin", "nowhere"]],
    ["category=pothole,art&layer=vibe", ["austin", "nowhere"]],
    ["category=pothole", ["hayes"]],
    ["from=2026-06-01T10:00:00Z", ["hayes", "austin"]],
    ["from=2026-06-01T10:00:00Z&to=2026-06-01T11:00:00Z", ["austin"]],
  ])("has of %s what it asks for", async (query, names) => {
    const all = { hayes, austin, nowhere };
    expect(await idsOf(query)).toEqual(names.map((name) => all[name as keyof typeof all].id));
  });

  it("pages by links, with a tag for each page, to the end", async () => {
    const found: unknown[] = [];
    let path: string | undefined = "/api/exports/reports.ndjson?limit=2&from=1d";
    for (let pages = 0; path !== undefined && pages < 5; pages++) {
      const response = await test.get(path);
      for (const line of (await response.text()).trimEnd().split("\n")) found.push(JSON.parse(line).id);
      const again = await test.get(path, { headers: { "If-None-Match": response.headers.get("etag") ?? "" } });
      expect(again.status).toBe(304);
      path = /<([^>]+)>; rel="next"/.exec(response.headers.get("link") ?? "")?.[1];
      test.clock.advance(60_000);
    }
    expect(found).toEqual([hayes.id, austin.id, nowhere.id]);
  });

  it("ends a page early that looks through very much for little, and goes on where it ended", async () => {
    const many = Array.from({ length: 12_000 }, (_, i) =>
      makeReport({
        ...HAYES,
        seed: i + 1,
        category: "noise",
        createdAtMs: test.clock.nowMs - 2 * HOUR_MS - i * 60_000,
      }),
    );
    await test.store.putMany([
      ...many,
      { ...makeReport({ ...HAYES, seed: 0, category: "rare", createdAtMs: hayes.createdAtMs - 20 * 24 * HOUR_MS }) },
    ]);
    let path: string | undefined = "/api/exports/reports.ndjson?limit=5&category=rare";
    const rows: number[] = [];
    for (let pages = 0; path !== undefined && pages < 9; pages++) {
      const response = await test.get(path);
      rows.push((await response.text()).split("\n").length - 1);
      path = /<([^>]+)>; rel="next"/.exec(response.headers.get("link") ?? "")?.[1];
    }
    expect(path).toBeUndefined();
    expect(rows.length).toBeGreaterThan(1);
    expect(rows.reduce((sum, count) => sum + count)).toBe(1);
  });

  it("leaves out hidden and expired reports", async () => {
    await test.store.edit(hayes.id, { kind: "hide" });
    expect(await idsOf("")).toEqual([austin.id, nowhere.id]);
    test.clock.advance(90 * 24 * HOUR_MS - 90 * 60_000);
    expect(await idsOf("")).toEqual([]);
  });

  it.each([
    ["bbox=-125,30,-110,45", "bbox", 1024],
    ["bbox=1,2,3", "bbox", undefined],
    ["geohash=9q8yyka", "geohash", undefined],
    ["category=", undefined, undefined],
    ["category=a,,b", "category", undefined],
    ["cursor=9v6kpz,safety,2026-06-01", "cursor", undefined],
    ["area=nowhere", "area", undefined],
    ["area=nowhere&city=austin", "city", undefined],
    ["areas=atlantis", "areas", undefined],
    ["areas=austin&bbox=1,2,3,4", "bbox", undefined],
    ["limit=10001", "limit", 10_000],
    ["from=1d&to=2d", "from", undefined],
  ])("refuses %s by name", async (query, field, limit) => {
    const response = await test.get(`/api/exports/reports.csv?${query}`);
    expect(response.status).toBe(field === undefined ? 200 : 400);
    if (field === undefined) return;
    const { errors } = await readJson<{ errors: readonly object[] }>(response);
    expect(errors[0]).toMatchObject({ field, ...(limit !== undefined && { limit }) });
  });

  it("costs an account a call for every 10 000 reports", async () => {
    const key = makeKey();
    const sql: RunSql = async <Row extends object>(statement: string, values: readonly unknown[] = []) => {
      if (statement.includes("lease_quota")) {
        return [{ calls: 1000, reserve: 0, used: 0, held: 0 }] as unknown as Row[];
      }
      if (!statement.includes("FROM api_keys") || values[0] !== hashKey(key)) return [];
      const account = { plan: "agent", status: "active", endsAt: null, monthlyCallsLimit: 1e6 };
      return [
        { keyId: "1", userId: "1", ...account, expiresAt: null, origins: null, layers: null, kinds: null },
      ] as unknown as Row[];
    };
    const clock = createTestClock();
    const store = createMemoryStore({ clock });
    const usage = createUsageLog({ sql, log: silentLog });
    const counted: string[] = [];
    const add: typeof usage.add = (call) => counted.push(call.capability);
    const own = openApp({ sql, store, clock, usage: { ...usage, add } });
    const at = (i: number) => ({ seed: i, createdAtMs: clock.nowMs - (i + 1) * 60_000 });
    await store.putMany(Array.from({ length: 20_001 }, (_, i) => makeReport(at(i))));
    const body = await (
      await own.get("/api/exports/reports.ndjson", { headers: { Authorization: `Bearer ${key}` } })
    ).text();
    expect(body.split("\n")).toHaveLength(20_002);
    expect(counted).toEqual(["exports", "exports", "exports"]);
  });

  /** Some areas of a city, and reports in and around them. */
  async function openCityOfAreas() {
    const { store, clock } = test;
    const derived = createMemoryDerivedStore({ clock });
    const random = seededRandom(3);
    const corner = { west: -122_500_000, south: 37_700_000 };
    // Without one of them: there are gaps between the others.
    const areas = makePartition({ ...corner, size: 4, stepE6: 20_000, areas: 9, random }).filter((_, i) => i !== 6);
    const around = Array.from({ length: 300 }, (_, seed) =>
      makeReport({
        seed,
        layer: seed % 2 === 0 ? "safety" : "vibe",
        lonDeg: Math.round((-122.51 + random() * 0.1) * 1e6) / 1e6,
        latDeg: Math.round((37.69 + random() * 0.1) * 1e6) / 1e6,
        createdAtMs: clock.nowMs - (seed + 1) * HOUR_MS,
      }),
    );
    await store.putMany(around);
    around.push(hayes);
    const { bring, catalogue, shapes } = openAreas({ store, derived, clock });
    await bring(areas);
    const pyramid = createPyramid({ store, derived, clock, log: silentLog });
    test = openApp({ store, clock, pyramid, areas: { catalogue, shapes, reports: pyramid.areaReports } });
    const areaOf = new Map<string, Area | undefined>();
    for (const { id, lonDeg, latDeg } of around.map(toldReport)) {
      const [lonE6, latE6] = [Math.round(lonDeg * 1e6), Math.round(latDeg * 1e6)];
      areaOf.set(
        id,
        areas.find(({ polygons }) => isInside(polygons, lonE6, latE6)),
      );
    }
    return { areas, around, areaOf };
  }

  it("has of an area exactly those that are told to lie in it, under its name", async () => {
    const { areas, around, areaOf } = await openCityOfAreas();
    const area = areas[4] as Area;
    const rows = await rowsOf(`area=${area.id}`);
    const inside = around.filter(({ id }) => areaOf.get(id) === area);
    expect(inside.length).toBeGreaterThan(10);
    expect(rows.map(({ id }) => id).sort()).toEqual(inside.map(({ id }) => id).sort());
    expect(new Set(rows.map(({ name, city }) => `${name}, ${city}`))).toEqual(new Set([`${area.name}, made-up`]));
  });

  it("has of all areas of a city those in any of them, each with its area, also in pages", async () => {
    const { around, areaOf } = await openCityOfAreas();
    const inside = around.filter(({ id }) => areaOf.get(id) !== undefined);
    expect(inside.length).toBeLessThan(around.length);
    const rows = await rowsOf("areas=made-up");
    expect(rows.map(({ id }) => id).sort()).toEqual(inside.map(({ id }) => id).sort());
    for (const { id, area, name } of rows)
      expect([area, name]).toEqual([areaOf.get(`${id}`)?.id, areaOf.get(`${id}`)?.name]);
    const paged: unknown[] = [];
    for (let path: string | undefined = "/api/exports/reports.ndjson?areas=made-up&limit=40"; path !== undefined; ) {
      const response = await test.get(path);
      for (const line of (await response.text()).trimEnd().split("\n")) paged.push(JSON.parse(line).id);
      path = /<([^>]+)>; rel="next"/.exec(response.headers.get("link") ?? "")?.[1];
    }
    expect(paged).toEqual(rows.map(({ id }) => id));
  });

  it("names the area of every report, and leads to another question where a city has none", async () => {
    const { around, areaOf } = await openCityOfAreas();
    const rows = new Map((await rowsOf("")).map((row) => [row.id, row]));
    for (const { id } of around) expect(rows.get(id)?.area, id).toBe(areaOf.get(id)?.id ?? null);
    const response = await test.get("/api/exports/reports.csv?areas=austin");
    expect(response.status).toBe(400);
    expect(await response.text()).toContain("has no areas now: ask for city=austin, or for a bbox");
    expect(await text("/api/exports/reports.csv?city=made-up")).toContain("is asked for by areas=CITY");
  });

  it("is 503 while the store is away, and breaks off where it goes away half way", async () => {
    let reads = 0;
    let fails = 1;
    const store: ReportStore = {
      ...test.store,
      readNewest(...asked) {
        if (++reads >= fails) throw new StoreUnavailableError("away");
        return test.store.readNewest(...asked);
      },
    };
    await test.store.putMany(
      Array.from({ length: 3000 }, (_, seed) => makeReport({ seed, createdAtMs: hayes.createdAtMs })),
    );
    const away = openApp({ store });
    // More often than there are slots: each is given back.
    for (let i = 0; i < 15; i++) expect((await away.get("/api/exports/reports.csv")).status).toBe(503);
    expect((await away.get("/api/exports/reports.csv?limit=5")).status).toBe(503);
    [reads, fails] = [0, 5];
    const begun = await away.get("/api/exports/reports.csv");
    expect(begun.status).toBe(200);
    await expect(begun.text()).rejects.toThrow("away");
    expect(away.logged.map(({ event }) => event)).toContain("an export broke off");
  });

  it("answers HEAD without reading", async () => {
    const response = await test.get("/api/exports/reports.parquet", { method: "HEAD" });
    expect([response.status, await response.text()]).toEqual([200, ""]);
  });
});
