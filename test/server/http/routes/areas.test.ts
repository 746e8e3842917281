import { describe, expect, it } from "vitest";
import { silentLog } from "../../../../server/console/log.ts";
import { areaCardSchema, areaCollectionSchema, areaListSchema } from "../../../../server/http/schemas/area-json.ts";
import { createPyramid } from "../../../../server/pyramid/pyramid.ts";
import { createMemoryDerivedStore } from "../../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../../server/store/memory/memory.ts";
import { isInside } from "../../../../tiles/areas/area-locator.ts";
import type { Report } from "../../../../tiles/report.ts";
import { createTestApp, post, readJson } from "../../../kit/app-fixture.ts";
import { openAreas } from "../../../kit/area-world.ts";
import { createTestClock } from "../../../kit/clock.ts";
import { makePartition } from "../../../kit/made-up-areas.ts";
import { seededRandom } from "../../../kit/random.ts";
import { makeReport } from "../../../kit/sample-reports.ts";

const DAY_MS = 86_400_000;

/** Nine areas around a place, with reports in them and beside. */
async function open(count = 300, publicUrl?: string) {
  const random = seededRandom(3);
  const clock = createTestClock();
  const store = createMemoryStore({ clock });
  const derived = createMemoryDerivedStore({ clock });
  const partition = makePartition({ west: -122_500_000, south: 37_700_000, size: 4, stepE6: 20_000, areas: 9, random });
  const reports = Array.from({ length: count }, () =>
    makeReport(
      {
        lonDeg: -122.51 + random() * 0.1,
        latDeg: 37.69 + random() * 0.1,
        createdAtMs: clock.now() - Math.floor(random() * 80 * DAY_MS),
        layer: random() < 0.5 ? "safety" : "vibe",
      },
      random,
    ),
  );
  await store.putMany(reports);
  const { bring, catalogue, shapes } = openAreas({ store, derived, clock });
  await bring(partition);
  const pyramid = createPyramid({ store, derived, clock, log: silentLog });
  const { app } = createTestApp({
    store,
    clock,
    pyramid,
    onReport: (report) => pyramid.noteReport(report),
    areas: { catalogue, shapes, reports: pyramid.areaReports },
    ...(publicUrl !== undefined && { publicUrl: () => publicUrl }),
  });
  const inside = (index: number) =>
    reports.filter(({ lonDeg, latDeg }) =>
      isInside(partition[index]?.polygons ?? [], Math.round(lonDeg * 1e6), Math.round(latDeg * 1e6)),
    );
  return { app, clock, partition, inside, bring, get: (path: string) => app.request(path) };
}

const countOf = (reports: readonly Report[], layer: string, days: number, nowMs: number): number =>
  reports.filter((report) => report.layer === layer && nowMs - report.createdAtMs <= days * DAY_MS).length;

describe("GET /api/areas", () => {
  it("lists areas with scores and counts, by city, kind and box, a page at a time", async () => {
    const { get, partition, inside, clock, bring } = await open();
    const all = areaListSchema.strict().parse(await readJson(get("/api/areas?city=made-up")));
    expect(all.areas.map(({ id }) => id)).toEqual(partition.map(({ id }) => id));
    expect(all.as_of).toBe(new Date(clock.now()).toISOString());
    all.areas.forEach(({ report_count_30d, bbox }, i) => {
      const expected = countOf(inside(i), "safety", 30, clock.now()) + countOf(inside(i), "vibe", 30, clock.now());
      expect(report_count_30d).toBe(expected);
      expect(bbox[0]).toBe((partition[i]?.box.west ?? 0) / 1e6);
    });
    await bring(partition.slice(0, 2), { kind: "ward" });
    clock.advance(10_000);
    const found: string[] = [];
    for (let next: string | undefined = "/api/areas?limit=4"; next !== undefined; ) {
      const response = await get(next);
      const page = areaListSchema.parse(await readJson(response));
      expect(page.areas.length).toBeLessThanOrEqual(4);
      found.push(...page.areas.map(({ kind, id }) => `${kind} ${id}`));
      next = /<(.*)>; rel="next"/.exec(response.headers.get("Link") ?? "")?.[1];
    }
    expect(found).toHaveLength(11);
    expect(new Set(found).size).toBe(11);
    const wards = await readJson<{ areas: unknown[] }>(get("/api/areas?kind=ward"));
    expect(wards.areas).toHaveLength(2);
    const few = await readJson<{ areas: unknown[] }>(get("/api/areas?kind=ward&bbox=10,10,11,11"));
    expect(few.areas).toEqual([]);
  });

  it("leads to the next page below the path under which a proxy puts us", async () => {
    const { get } = await open(0, "https://city.example/stratum");
    expect((await get("/api/areas?limit=4")).headers.get("Link")).toMatch(/^<\/stratum\/api\/areas\?/);
  });

  it("tells polygons as GeoJSON to who wants that", async () => {
    const { app, get, partition } = await open(0);
    const accepted = await app.request("/api/areas?limit=2", { headers: { Accept: "application/geo+json" } });
    expect(accepted.headers.get("Content-Type")).toBe("application/geo+json");
    const { features } = areaCollectionSchema.parse(await readJson(accepted));
    expect(features).toHaveLength(2);
    const ring = features[0]?.geometry.coordinates[0]?.[0] ?? [];
    expect(ring[0]).toEqual(ring.at(-1));
    expect(
      ring
        .slice(0, -1)
        .flat()
        .map((degrees) => Math.round(degrees * 1e6)),
    ).toEqual([...(partition[0]?.polygons[0]?.[0] ?? [])]);
    expect((await get("/api/areas?format=geojson&bbox=-122.49,37.71,-122.48,37.72")).status).toBe(200);
  });

  it.each(["city=A", "kind=x/y", "bbox=1,2,3", "format=xml", "limit=501", "cursor=a"])("refuses %s", async (query) => {
    const { get } = await open(0);
    expect((await get(`/api/areas?${query}`)).status).toBe(400);
  });
});

describe("GET /api/areas/:id", () => {
  it("answers with a card of the reports inside, a new one at once", async () => {
    const { app, get, inside, clock, partition } = await open();
    const [first] = partition;
    const read = async () => areaCardSchema.strict().parse(await readJson(get(`/api/areas/${first?.id}`)));
    const before = await read();
    expect(before).toMatchObject({
      id: first?.id,
      name: "Area 0",
      kind: "neighborhood",
      city: { id: "made-up", name: "Made Up" },
      report_count: inside(0).length,
      history: "unavailable",
    });
    for (const [window, days] of [
      ["24h", 1],
      ["7d", 7],
      ["30d", 30],
      ["90d", 90],
    ] as const)
      expect(before.counts.safety[window]).toBe(countOf(inside(0), "safety", days, clock.now()));
    const newest = inside(0)
      .sort((a, b) => b.createdAtMs - a.createdAtMs)
      .slice(0, 5);
    expect(before.latest.map(({ id }) => id)).toEqual(newest.map(({ id }) => id));
    const [lonE6 = 0, latE6 = 0] = first?.polygons[0]?.[0] ?? [];
    const body = {
      layer: "safety",
      category: "theft",
      severity: 5,
      lon: lonE6 / 1e6 + 0.0005,
      lat: latE6 / 1e6 + 0.0005,
    };
    const posted = await post(app, body);
    const { lon, lat } = await readJson(posted);
    const isIn = isInside(first?.polygons ?? [], Math.round(lon * 1e6), Math.round(lat * 1e6));
    const after = await read();
    expect(after.report_count).toBe(before.report_count + (isIn ? 1 : 0));
    expect(isIn).toBe(true);
    expect(Number(after.scores.safety)).toBeLessThanOrEqual(Number(before.scores.safety));
  });

  it("answers for an area without reports, and 404 for none", async () => {
    const { get, partition } = await open(0);
    const empty = await readJson<{ report_count: number; latest: unknown[] }>(get(`/api/areas/${partition[3]?.id}`));
    expect(empty).toMatchObject({ report_count: 0, latest: [] });
    expect((await get("/api/areas/made-up-n-none")).status).toBe(404);
    expect((await get("/api/areas/elsewhere")).status).toBe(404);
  });
});

describe("GET /api/reports?area=", () => {
  it("lists the reports in an area, all pages, and no others", async () => {
    const { get, inside, partition } = await open();
    const found: string[] = [];
    for (let next: string | undefined = `/api/reports?area=${partition[1]?.id}&limit=7`; next !== undefined; ) {
      const response = await get(next);
      const page = await readJson<{ features: { id: string }[] }>(response);
      found.push(...page.features.map(({ id }) => id));
      next = /<(.*)>; rel="next"/.exec(response.headers.get("Link") ?? "")?.[1];
    }
    expect(found.sort()).toEqual(
      inside(1)
        .map(({ id }) => id)
        .sort(),
    );
    expect(found.length).toBeGreaterThan(7);
  });

  it("refuses an area that is not there, and one beside a box", async () => {
    const { get, partition } = await open(0);
    for (const query of ["area=none", `area=${partition[0]?.id}&bbox=0,0,1,1`, "limit=3"])
      expect((await get(`/api/reports?${query}`)).status, query).toBe(400);
  });
});
