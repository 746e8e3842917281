import { parquetReadObjects } from "hyparquet";
import { expect, it } from "vitest";
import { AREA_TABLES, openAreaTrends, squareArea } from "../../kit/area-trends-fixture.ts";
import { describeOnEachPostgres } from "../../kit/postgres/each-postgres.ts";
import { NOWHERE, SF_A, SF_B } from "../../kit/trends-fixture.ts";

const [HILL, BAY, CREEK] = [squareArea(0, "Hill"), squareArea(1, "bay"), squareArea(2, "Creek")];

interface Rising {
  readonly neighborhoods: readonly { readonly geohash: string; readonly reports: number; readonly city: string }[];
  readonly areas: readonly { readonly name: string }[];
  readonly areas_left_out: number;
}

describeOnEachPostgres("counts of areas", AREA_TABLES, (pool) => {
  async function open() {
    const test = openAreaTrends(pool());
    await test.bring([HILL, BAY, CREEK]);
    await test.count([
      [HILL.id, SF_A, "2026-05-30", 6],
      [HILL.id, SF_B, "2026-05-30", 7],
      [HILL.id, SF_B, "2026-05-31", 1, "vibe"],
      [HILL.id, SF_A, "2026-04-20", 8],
      [HILL.id, SF_B, "2026-04-20", 2],
      [BAY.id, SF_B, "2026-05-29", 20],
      [CREEK.id, SF_B, "2026-05-29", 9],
      [CREEK.id, SF_B, "2026-04-29", 3],
    ]);
    return test;
  }

  it("tells which areas rose, with names: new ones last, small ones marked", async () => {
    const { read } = await open();
    const { areas, areas_left_out } = await read<Rising>("/api/trends/rising");
    const of = { kind: "neighborhood", city: "made-up" };
    expect(areas).toEqual([
      { id: CREEK.id, name: "Creek", ...of, reports: 9, reports_last_month: 3, change_percent: 200, is_small: true },
      { id: HILL.id, name: "Hill", ...of, reports: 13, reports_last_month: 10, change_percent: 30, is_small: false },
      { id: BAY.id, name: "bay", ...of, reports: 20, reports_last_month: 0, change_percent: null, is_small: false },
    ]);
    expect(areas_left_out).toBe(0);
    const names = async (query: string) =>
      (await read<Rising>(`/api/trends/rising?${query}`)).areas.map(({ name }) => name);
    expect(await names("min_change=31")).toEqual(["Creek", "bay"]);
    expect(await names("min_reports=10")).toEqual(["Hill", "bay"]);
    expect(await names("layer=vibe")).toEqual([]);
    expect(await names("city=austin")).toEqual([]);
    expect(await names("geohash=9q8")).toEqual([]);
    expect(await read<Rising>("/api/trends/rising?limit=1")).toMatchObject({ areas: [{}], areas_left_out: 2 });
  });

  it("narrows rising and daily to an area: the parts of neighbourhoods inside", async () => {
    const { read } = await open();
    const rising = await read<Rising>(`/api/trends/rising?area=${HILL.id}`);
    expect(rising).toMatchObject({ area: { id: HILL.id, name: "Hill" }, areas: [{ name: "Hill" }] });
    expect(rising.neighborhoods).toMatchObject([
      { geohash: SF_B, name: "Tenderloin", city: "made-up", reports: 7, reports_last_month: 2, change_percent: 250 },
    ]);
    expect(await read(`/api/trends/daily?area=${HILL.id}&days=3&limit=5&layer=infrastructure,vibe`)).toMatchObject({
      area: { id: HILL.id, name: "Hill" },
      days: [
        { day: "2026-05-30", reports: 13, severity: 3 },
        { day: "2026-05-31", reports: 1, severity: 3 },
        { day: "2026-06-01", reports: 0, severity: null },
      ],
      neighborhoods: [
        { geohash: SF_B, total: 8, reports: [7, 1, 0] },
        { geohash: SF_A, total: 6, reports: [6, 0, 0] },
      ],
    });
  });

  it("calls neighbourhoods by the area around their centre where the map has no name", async () => {
    const { bring, count, read } = openAreaTrends(pool());
    const kiez = squareArea(0, "Kiez");
    // Around the middle of NOWHERE.
    const [west, south] = [13_400_000, 52_510_000];
    const [east, north] = [west + 20_000, south + 20_000];
    const box = { west, south, east, north };
    const ring = Int32Array.from([west, south, east, south, east, north, west, north]);
    await bring([{ ...kiez, box, polygons: [[ring]] }]);
    await count([[kiez.id, NOWHERE, "2026-05-30", 6]]);
    const named = { neighborhoods: [{ geohash: NOWHERE, name: "Kiez" }] };
    expect(await read(`/api/trends/rising?area=${kiez.id}`)).toMatchObject(named);
    expect(await read(`/api/trends/daily?area=${kiez.id}&limit=5`)).toMatchObject(named);
  });

  it("exports them, of one area and of a city, page by page", async () => {
    const { get } = await open();
    const csv = await (await get(`/api/exports/reports-counts.csv?area=${HILL.id}&from=2026-05-01`)).text();
    expect(csv).toBe(
      "area,name,kind,city,west,south,east,north,layer,day,report_count,severity_sum,worth,severity_worth\r\n" +
        "made-up-n-hill,Hill,neighborhood,made-up,-122.5,37.7,-122.48,37.72,infrastructure,2026-05-30,13,39,13,39\r\n" +
        "made-up-n-hill,Hill,neighborhood,made-up,-122.5,37.7,-122.48,37.72,vibe,2026-05-31,1,3,1,3\r\n",
    );
    const names: string[] = [];
    for (let path: string | undefined = "/api/exports/reports-counts.ndjson?areas=made-up&limit=2"; path; ) {
      const response = await get(path);
      for (const line of (await response.text()).trimEnd().split("\n")) {
        const row = JSON.parse(line) as { name: string; day: string };
        names.push(`${row.name} ${row.day}`);
      }
      path = /<([^>]+)>; rel="next"/.exec(response.headers.get("link") ?? "")?.[1];
    }
    expect(names).toEqual([
      "bay 2026-05-29",
      "Creek 2026-04-29",
      "Creek 2026-05-29",
      "Hill 2026-04-20",
      "Hill 2026-05-30",
      "Hill 2026-05-31",
    ]);
    const file = await (await get(`/api/exports/reports-counts.parquet?area=${BAY.id}`)).arrayBuffer();
    expect(await parquetReadObjects({ file })).toMatchObject([{ area: BAY.id, name: "bay", report_count: 20 }]);
  });

  it.each(["/api/trends/rising", "/api/trends/daily", "/api/exports/reports-counts.csv"])(
    "refuses an unknown area, and one beside cells, at %s",
    async (path) => {
      const { get } = await open();
      for (const [query, field] of [
        ["area=made-up-n-none", "area"],
        ["area=A", "area"],
        [`area=${HILL.id}&geohash=9q8`, "geohash"],
      ] as const) {
        const response = await get(`${path}?${query}`);
        expect(response.status, query).toBe(400);
        expect(await response.json()).toMatchObject({ errors: [{ field }] });
      }
    },
  );
});
