import { parquetReadObjects } from "hyparquet";
import { describe, expect, it } from "vitest";
import { AREA_TABLES, openAreaTrends, squareArea } from "../../kit/area-trends-fixture.ts";
import { MADE_UP_CITY } from "../../kit/area-world.ts";
import { describeOnEachPostgres } from "../../kit/postgres/each-postgres.ts";
import { DAY, HOUR } from "../../kit/trends-fixture.ts";

interface Ranking {
  readonly areas: readonly {
    readonly id: string;
    readonly name: string;
    readonly calculated_at: string | null;
    readonly scores: { readonly safety: number | null };
    readonly change_7d: { readonly safety: number | null } | null;
  }[];
  readonly as_of: string;
  readonly next_cursor: string | null;
}

const NAMES = ["Hill", "bay", "Creek", "Dale", "Apple Row"];
const [HILL, BAY, CREEK, DALE, APPLE] = NAMES.map((name, number) => squareArea(number, name));
const AREAS = [HILL, BAY, CREEK, DALE, APPLE].flatMap((area) => area ?? []);
const ID = Object.fromEntries(AREAS.map(({ name, id }) => [name, id]));
const idOf = (name: string): string => ID[name] as string;

describeOnEachPostgres("areas in trends and exports", AREA_TABLES, (pool) => {
  async function open() {
    const test = openAreaTrends(pool());
    await test.bring(AREAS);
    await test.score([
      // 80 a week ago, and 70 since: what it was between does not matter.
      { id: idOf("Hill"), agoMs: 8 * DAY, safety: 80, vibe: 50 },
      { id: idOf("Hill"), agoMs: 5 * DAY, safety: 10, vibe: 90 },
      { id: idOf("Hill"), agoMs: DAY, safety: 70, vibe: 60, worth: 12 },
      { id: idOf("Hill"), agoMs: -HOUR, safety: 1 },
      // Few had reported a week ago.
      { id: idOf("bay"), agoMs: 7 * DAY, safety: 50, worth: 2 },
      { id: idOf("bay"), agoMs: HOUR, safety: 90 },
      // Few have now.
      { id: idOf("Creek"), agoMs: 7 * DAY, safety: 90 },
      { id: idOf("Creek"), agoMs: HOUR, safety: 100, worth: 1 },
      { id: idOf("Dale"), agoMs: 7 * DAY + HOUR, safety: 40 },
      { id: idOf("Dale"), agoMs: HOUR, safety: 60 },
      // Of Apple Row nothing has been known for two days.
      { id: idOf("Apple Row"), agoMs: 2 * DAY + HOUR, safety: 99 },
    ]);
    const names = async (query: string) =>
      (await test.read<Ranking>(`/api/trends/areas?${query}`)).areas.map(({ name }) => name);
    return { ...test, names };
  }

  it("tells how each stands, how far that can be relied on, and what a week has changed", async () => {
    const { read } = await open();
    const { areas, ...rest } = await read<Ranking>("/api/trends/areas?city=made-up");
    expect(rest).toEqual({ layer: "safety", order: "best", as_of: "2026-06-01T12:00:10.000Z", next_cursor: null });
    expect(areas.find(({ name }) => name === "Hill")).toEqual({
      id: "made-up-n-hill",
      name: "Hill",
      kind: "neighborhood",
      approximate: false,
      city: { id: "made-up", name: "Made Up" },
      calculated_at: "2026-05-31T12:00:00Z",
      scores: { safety: 70, vibe: 60, infrastructure: null, opportunity: null, overall: 65 },
      confidence: { safety: "high", vibe: "high", infrastructure: null, opportunity: null, overall: "high" },
      worth: { safety: 12, vibe: 12, infrastructure: 0, opportunity: 0 },
      report_count_7d: 2,
      report_count_30d: 5,
      change_7d: { safety: -10, vibe: 10, infrastructure: null, opportunity: null, overall: 0 },
    });
    const told = areas.map(({ name, scores, change_7d }) => [name, scores.safety, change_7d?.safety ?? null]);
    expect(Object.fromEntries(told.map(([name, ...each]) => [name, each]))).toMatchObject({
      bay: [90, null],
      Creek: [100, null],
      Dale: [60, 20],
    });
    expect(areas.at(-1)).toMatchObject({
      name: "Apple Row",
      calculated_at: null,
      scores: { safety: null, overall: null },
      report_count_7d: null,
      change_7d: null,
    });
  });

  it.each([
    ["order=best", ["bay", "Hill", "Dale", "Creek", "Apple Row"]],
    ["order=worst", ["Dale", "Hill", "bay", "Creek", "Apple Row"]],
    ["order=rising", ["Dale", "Hill", "Apple Row", "bay", "Creek"]],
    ["order=name", ["Apple Row", "bay", "Creek", "Dale", "Hill"]],
    ["layer=vibe", ["Hill", "Apple Row", "bay", "Creek", "Dale"]],
    ["layer=overall&order=worst", ["Dale", "Hill", "bay", "Creek", "Apple Row"]],
  ])("comes in the order of %s, the same over pages, each area once", async (query, expected) => {
    const { names, get, clock, score } = await open();
    expect(await names(query)).toEqual(expected);
    const found: string[] = [];
    for (let path: string | undefined = `/api/trends/areas?${query}&limit=2`; path !== undefined; ) {
      const response = await get(path);
      found.push(...((await response.json()) as Ranking).areas.map(({ name }) => name));
      path = /<([^>]+)>; rel="next"/.exec(response.headers.get("link") ?? "")?.[1];
      // What comes meanwhile is no part of the pages that follow.
      clock.advance(HOUR);
      await score([{ id: idOf("Hill"), agoMs: 0, safety: 5 }]);
    }
    expect(found).toEqual(expected);
  });

  it("compares the areas that are named, whatever the limit, and refuses when one is not there", async () => {
    const { names, read, get } = await open();
    const two = `ids=${idOf("Dale")},${idOf("bay")}`;
    expect(await names(`${two}&limit=1`)).toEqual(["bay", "Dale"]);
    expect(await names(`${two}&order=worst&city=made-up`)).toEqual(["Dale", "bay"]);
    expect((await read<Ranking>(`/api/trends/areas?${two}&limit=1`)).next_cursor).toBeNull();
    for (const query of [`${two},made-up-n-none`, `${two}&city=austin`]) {
      const response = await get(`/api/trends/areas?${query}`);
      expect(response.status, query).toBe(400);
      expect(await response.json()).toMatchObject({ errors: [{ field: "ids" }] });
    }
  });

  it("takes a city and a kind, leaves out what a new version lacks, and sets that were removed", async () => {
    const test = await open();
    await test.bring([squareArea(0, "Ward"), squareArea(1, "Second Ward")], { kind: "ward" });
    const elsewhere = { ...MADE_UP_CITY, id: "else", name: "Else" };
    await test.bring([squareArea(7, "Far", "else")], { city: elsewhere });
    expect(await test.names("order=name&kind=ward")).toEqual(["Second Ward", "Ward"]);
    expect(await test.names("order=name&city=else")).toEqual(["Far"]);
    expect(await test.names("order=name")).toHaveLength(8);
    const unknown = await test.get("/api/trends/areas?city=nowhere");
    expect(unknown.status).toBe(400);
    expect(await unknown.json()).toMatchObject({
      errors: [{ field: "city", message: "must be one of austin, brooklyn, else, made-up, san-francisco" }],
    });
    // One of ours that has no areas yet.
    expect(await test.names("city=austin")).toEqual([]);
    test.clock.advance(1000);
    await test.bring(AREAS.slice(0, 2));
    expect(await test.names("order=name&city=made-up&kind=neighborhood")).toEqual(["bay", "Hill"]);
    await test.remove("made-up", "ward");
    test.clock.advance(10_000);
    expect(await test.names("order=name&kind=ward")).toEqual([]);
  });

  it("answers an area's own mean and change, named, and refuses cells beside it", async () => {
    const { read, get } = await open();
    // 80 for two days, 10 for four, and 70 for one.
    expect(await read(`/api/trends/average?area=${idOf("Hill")}&days=7`)).toEqual({
      layer: "safety",
      city: "made-up",
      area: { id: "made-up-n-hill", name: "Hill" },
      from: "2026-05-25T12:00:10.000Z",
      to: "2026-06-01T12:00:10.000Z",
      average: 38.57,
      lowest: 38.57,
      highest: 38.57,
      neighborhoods: 1,
    });
    const { changes } = await read<{ changes: unknown }>(`/api/trends/changes?area=${idOf("Dale")}`);
    expect(changes).toEqual([
      {
        city: "made-up",
        this_week: expect.any(Number),
        last_week: 40,
        change: expect.any(Number),
        confidence: "medium",
        neighborhoods: 1,
        left_out: 0,
      },
    ]);
    for (const query of ["area=none", `area=${idOf("Hill")}&bbox=13,52,14,53`]) {
      for (const trend of ["average", "changes"])
        expect((await get(`/api/trends/${trend}?${query}`)).status, query).toBe(400);
    }
  });

  describe("exports of areas' scores", () => {
    const HEAD =
      "area,name,kind,city,west,south,east,north,calculated_at,safety,vibe,infrastructure,opportunity,overall," +
      "safety_worth,vibe_worth,infrastructure_worth,opportunity_worth,report_count_7d,report_count_30d\r\n";

    it("write one area's rows as CSV, with its name", async () => {
      const test = await open();
      await test.bring([squareArea(0, "=Hill, the")], { kind: "ward" });
      await test.score([{ id: "made-up-n-hill-the", agoMs: DAY, safety: 12.5 }]);
      const response = await test.get("/api/exports/scores.csv?area=made-up-n-hill-the");
      expect(await response.text()).toBe(
        `${HEAD}made-up-n-hill-the,"'=Hill, the",ward,made-up,-122.5,37.7,-122.48,37.72,` +
          "2026-05-31T12:00:00Z,12.5,,,,12.5,3,0,0,0,2,5\r\n",
      );
      expect(response.headers.get("content-disposition")).toContain('"area-scores_made-up-n-hill-the_2026-06-01.csv"');
    });

    it("write all areas of a city, and of no other, in every format", async () => {
      const test = await open();
      const near = { ...MADE_UP_CITY, id: "made-up-too", name: "Made Up Too" };
      await test.bring([squareArea(7, "Far", near.id)], { city: near });
      await test.score([{ id: "made-up-too-n-far", agoMs: DAY, safety: 50 }]);
      const text = async (query: string) => (await test.get(`/api/exports/scores.${query}`)).text();
      const rows = (await text("ndjson?areas=made-up")).trimEnd().split("\n");
      expect(rows.map((row) => JSON.parse(row).name)).toEqual([
        "Apple Row",
        "bay",
        "bay",
        "Creek",
        "Creek",
        "Dale",
        "Dale",
        "Hill",
        "Hill",
        "Hill",
      ]);
      const late = await text("ndjson?areas=made-up&from=2d");
      expect(late.trimEnd().split("\n")).toHaveLength(4);
      const { features } = JSON.parse(await text("geojson?areas=made-up-too"));
      expect(features).toEqual([
        expect.objectContaining({
          bbox: [-122.36, 37.7, -122.34, 37.72],
          geometry: {
            type: "MultiPolygon",
            coordinates: [
              [
                [
                  [-122.36, 37.7],
                  [-122.34, 37.7],
                  [-122.34, 37.72],
                  [-122.36, 37.72],
                  [-122.36, 37.7],
                ],
              ],
            ],
          },
          properties: expect.objectContaining({ area: "made-up-too-n-far", name: "Far", safety: 50 }),
        }),
      ]);
      const file = await (await test.get("/api/exports/scores.parquet?areas=made-up")).arrayBuffer();
      const read = await parquetReadObjects({ file });
      expect(read).toHaveLength(10);
      expect(read[1]).toMatchObject({ name: "bay", safety: 50, vibe: null, report_count_30d: 5, west: -122.48 });
    });

    it("have polygons in GeoJSON as long as the area is there, and not too many corners, however many it has", async () => {
      const test = await open();
      const round = squareArea(9, "Round");
      const ring = Int32Array.from({ length: 8000 }, (_, i) => {
        const angle = (2 * Math.PI * (i >> 1)) / 4000;
        return Math.round(i % 2 === 0 ? -122_310_000 + 9000 * Math.cos(angle) : 37_710_000 + 9000 * Math.sin(angle));
      });
      const ward = { ...round, id: "made-up-ward-round", polygons: [[ring]] };
      await test.bring([ward], { kind: "ward" });
      await test.score([{ id: ward.id, agoMs: DAY, safety: 50 }]);
      await test.bring(AREAS.filter(({ name }) => name !== "Hill"));
      const response = await test.get("/api/exports/scores.geojson?areas=made-up");
      const { features } = (await response.json()) as {
        features: { properties: { name: string }; bbox: number[]; geometry: { coordinates: number[][][][] } | null }[];
      };
      const cornersOf = (name: string) =>
        features
          .filter(({ properties }) => properties.name === name)
          .map(({ geometry }) => geometry?.coordinates[0]?.[0]?.length);
      expect(cornersOf("Hill")).toEqual([undefined, undefined, undefined]);
      expect(features.find(({ properties }) => properties.name === "Hill")?.bbox).toEqual([
        -122.5, 37.7, -122.48, 37.72,
      ]);
      expect(cornersOf("bay")).toEqual([5, 5]);
      const [corners = 0] = cornersOf("Round");
      expect(corners).toBeGreaterThan(20);
      expect(corners).toBeLessThanOrEqual(501);
    });

    it("page by the last row's key, each row once", async () => {
      const { get } = await open();
      const whole = await (await get("/api/exports/scores.ndjson?areas=made-up")).text();
      let found = "";
      let path: string | undefined = "/api/exports/scores.ndjson?areas=made-up&limit=3";
      for (let i = 0; i < 9 && path !== undefined; i++) {
        const response = await get(path);
        found += await response.text();
        path = /<([^>]+)>; rel="next"/.exec(response.headers.get("link") ?? "")?.[1];
      }
      expect(found).toBe(whole);
    });

    it.each([
      ["area=made-up-n-none", "area"],
      ["area=A", "area"],
      ["area=made-up-n-hill&geohash=9q8", "geohash"],
      ["areas=made-up&city=austin", "city"],
      ["areas=made-up&area=made-up-n-hill", "area"],
      ["areas=nowhere", "areas"],
      ["cursor=made-up-n-hill,2026-05-31T12:00:00Z", "cursor"],
    ])("refuse %s, naming the field", async (query, field) => {
      const { get } = await open();
      const response = await get(`/api/exports/scores.csv?${query}`);
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ errors: [{ field }] });
    });

    it("take an unknown city for a mistake, but not one whose areas are gone, and limit a page of polygons", async () => {
      const test = await open();
      await test.remove("made-up", "neighborhood");
      test.clock.advance(10_000);
      expect(await (await test.get("/api/exports/scores.csv?areas=made-up")).text()).toContain("\r\nmade-up-n-bay,");
      const counts = await test.get("/api/exports/reports-counts.csv?areas=made-upp");
      expect(counts.status).toBe(400);
      expect(await counts.json()).toMatchObject({
        errors: [{ field: "areas", message: "must be one of austin, brooklyn, made-up, san-francisco" }],
      });
      const page = await test.get("/api/exports/scores.geojson?areas=made-up&limit=2001");
      expect(await page.json()).toMatchObject({ status: 400, errors: [{ field: "limit", limit: 2000 }] });
      expect((await test.get("/api/exports/scores.ndjson?areas=made-up&limit=2001")).status).toBe(200);
    });
  });
});
