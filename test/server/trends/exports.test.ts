import { parquetReadObjects } from "hyparquet";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { RunSql } from "../../../server/ports/sql.ts";
import type { Pyramid } from "../../../server/pyramid/pyramid.ts";
import { openListener } from "../../../server/runtime/node/listener.ts";
import { createMemoryDerivedStore } from "../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../server/store/memory/memory.ts";
import { MADE_UP_CITY, openAreas } from "../../kit/area-world.ts";
import { createTestClock } from "../../kit/clock.ts";
import { makeGrid } from "../../kit/made-up-areas.ts";
import { describeOnEachPostgres } from "../../kit/postgres/each-postgres.ts";
import {
  AUSTIN_A,
  addCounts,
  addScores,
  createRelationalApp,
  DAY,
  HOUR,
  NOW,
  NOWHERE,
  SF_A,
  SF_B,
  TABLES,
} from "../../kit/trends-fixture.ts";

interface FeatureCollection {
  readonly type: string;
  readonly features: readonly {
    readonly geometry: { readonly type: string; readonly coordinates: readonly (readonly [number, number])[][] };
    readonly properties: Readonly<Record<string, unknown>>;
  }[];
}

const HEAD =
  "geohash,name,lat,lon,city,calculated_at,safety,vibe,infrastructure,opportunity,overall," +
  "safety_worth,vibe_worth,infrastructure_worth,opportunity_worth,report_count_7d\r\n";
const A_CSV = "9q8yyk,Hayes Valley,37.773743,-122.415161,san-francisco";

describeOnEachPostgres("exports", TABLES, (pool) => {
  const app = (change = {}) => createRelationalApp(pool(), change);
  const geohashes = (ndjson: string) => ndjson.split("\n").flatMap((line) => (line ? [JSON.parse(line).geohash] : []));
  const text = async (path: string) => (await app().get(path)).text();

  describe("of a few rows", () => {
    beforeEach(async () => {
      await addScores(pool(), [
        { geohash: SF_A, agoMs: HOUR, safety: 71.5 },
        { geohash: SF_A, agoMs: DAY, safety: 100, vibe: null, worth: 12 },
        { geohash: SF_B, agoMs: 2 * DAY, safety: 0 },
        { geohash: SF_A.slice(0, 5), agoMs: DAY, safety: 40.3 },
        { geohash: AUSTIN_A, agoMs: DAY, safety: 30 },
        { geohash: NOWHERE, agoMs: DAY, safety: 20 },
      ]);
      await addCounts(pool(), [
        [SF_A, "2026-05-30", 3],
        [SF_A, "2026-05-29", 1, "vibe"],
        [SF_A, "2026-05-31", 2, "safety"],
        [AUSTIN_A, "2026-05-30", 7],
      ]);
    });

    it("writes scores as CSV, in the order of geohash and time", async () => {
      const response = await app().get("/api/exports/scores.csv?city=san-francisco&from=7d");
      expect(await response.text()).toBe(
        `${HEAD}${A_CSV},2026-05-31T12:00:00Z,100.0,,90.0,50.0,66.6,12,0,0,0,3\r\n` +
          `${A_CSV},2026-06-01T11:00:00Z,71.5,50.0,90.0,50.0,66.6,3,0,0,0,3\r\n` +
          "9q8yym,Tenderloin,37.779236,-122.415161,san-francisco,2026-05-30T12:00:00Z,0.0,50.0,90.0,50.0,66.6,3,0,0,0,3\r\n",
      );
      expect(response.headers.get("content-type")).toBe("text/csv; charset=utf-8; header=present");
      expect(response.headers.get("content-disposition")).toBe(
        'attachment; filename="scores_san-francisco_2026-05-25_2026-06-01.csv"',
      );
      expect(response.headers.get("cache-control")).toContain("private");
    });

    it("writes counts as NDJSON", async () => {
      const lines = (await text("/api/exports/reports-counts.ndjson?city=san-francisco")).trimEnd().split("\n");
      expect(lines.map((line) => JSON.parse(line))).toEqual(
        [
          { layer: "infrastructure", day: "2026-05-30", report_count: 3, severity_sum: 9, worth: 3, severity_worth: 9 },
          { layer: "safety", day: "2026-05-31", report_count: 2, severity_sum: 6, worth: 2, severity_worth: 6 },
          { layer: "vibe", day: "2026-05-29", report_count: 1, severity_sum: 3, worth: 1, severity_worth: 3 },
        ].map((row) => ({
          geohash: SF_A,
          name: "Hayes Valley",
          lat: 37.773743,
          lon: -122.415161,
          city: "san-francisco",
          ...row,
        })),
      );
    });

    it("writes GeoJSON whose polygons are the cells, also of no rows", async () => {
      const { type, features } = await app().read<FeatureCollection>("/api/exports/scores.geojson?geohash=9q8yy");
      expect([type, features.length]).toEqual(["FeatureCollection", 3]);
      expect(features[0]?.properties).toMatchObject({ geohash: SF_A, safety: 100, vibe: null, safety_worth: 12 });
      const [ring = []] = features[0]?.geometry.coordinates ?? [];
      expect(ring).toHaveLength(5);
      expect(ring[0]).toEqual(ring[4]);
      const turns = ring.slice(0, 4).map(([x, y], i) => x * (ring[i + 1]?.[1] ?? 0) - (ring[i + 1]?.[0] ?? 0) * y);
      expect(turns.reduce((sum, turn) => sum + turn, 0)).toBeGreaterThan(0);
      const none = await app().read<FeatureCollection>("/api/exports/scores.geojson?city=brooklyn");
      expect(none).toEqual({ type: "FeatureCollection", features: [] });
      expect(await text("/api/exports/scores.csv?city=brooklyn")).toBe(HEAD);
    });

    it("writes Parquet that a reader understands, also of no rows", async () => {
      const file = await (await app().get("/api/exports/scores.parquet?from=7d&city=san-francisco")).arrayBuffer();
      const rows = await parquetReadObjects({ file });
      expect(rows).toHaveLength(3);
      expect(rows[1]).toEqual({
        geohash: SF_A,
        name: "Hayes Valley",
        lat: 37.773743,
        lon: -122.415161,
        city: "san-francisco",
        calculated_at: new Date(NOW - HOUR),
        safety: 71.5,
        vibe: 50,
        infrastructure: 90,
        opportunity: 50,
        overall: 66.6,
        safety_worth: 3,
        vibe_worth: 0,
        infrastructure_worth: 0,
        opportunity_worth: 0,
        report_count_7d: 3,
        geometry: { type: "Polygon", coordinates: [expect.arrayContaining([[-122.420654, 37.770996]])] },
      });
      expect(rows[0]).toMatchObject({ vibe: null, safety_worth: 12 });
      const counts = await (await app().get("/api/exports/reports-counts.parquet?layer=vibe")).arrayBuffer();
      expect(await parquetReadObjects({ file: counts })).toMatchObject([
        { day: new Date("2026-05-29"), layer: "vibe", name: "Hayes Valley" },
      ]);
      const none = await (await app().get("/api/exports/scores.parquet?city=brooklyn")).arrayBuffer();
      expect(await parquetReadObjects({ file: none })).toEqual([]);
    });

    it.each([
      ["scores", "", [SF_A, SF_A, SF_B, AUSTIN_A, NOWHERE]],
      ["scores", "geohash=9q8yym", [SF_B]],
      ["scores", "bbox=-122.42,37.775,-122.41,37.785", [SF_B]],
      ["scores", "bbox=-122.42,37.775,-122.41,37.785&city=austin", []],
      ["scores", "precision=5", [SF_A.slice(0, 5)]],
      ["scores", "from=2026-05-31T12:00:00Z&to=2026-06-01T11:00:00Z", [SF_A, AUSTIN_A, NOWHERE]],
      ["scores", `cursor=${SF_A},2026-05-31T12:00:00Z`, [SF_A, SF_B, AUSTIN_A, NOWHERE]],
      ["scores", `city=austin&cursor=${SF_B},2026-05-31T12:00:00Z`, [AUSTIN_A]],
      ["reports-counts", "layer=infrastructure,vibe", [SF_A, SF_A, AUSTIN_A]],
      ["reports-counts", "from=2026-05-30&to=2026-05-31", [SF_A, AUSTIN_A]],
      ["reports-counts", `cursor=${SF_A},infrastructure,2026-05-30`, [SF_A, SF_A, AUSTIN_A]],
    ])("exports of %s?%s what it asks for", async (dataset, query, expected) => {
      expect(geohashes(await text(`/api/exports/${dataset}.ndjson?${query}`))).toEqual(expected);
    });

    it("pages by links with the span pinned, a tag for each page, and what comes meanwhile left out", async () => {
      const test = app();
      const pages: string[][] = [];
      let path: string | undefined = "/api/exports/scores.ndjson?limit=2";
      for (let i = 0; i < 9 && path !== undefined; i++) {
        const response = await test.get(path);
        pages.push(geohashes(await response.text()));
        const etag = response.headers.get("etag") ?? "";
        const again = await test.get(path, { headers: { "If-None-Match": etag } });
        expect([again.status, await again.text()], path).toEqual([304, ""]);
        path = /<([^>]+)>; rel="next"/.exec(response.headers.get("link") ?? "")?.[1];
        // Later than the first page, then behind it.
        test.clock.nowMs += HOUR;
        await addScores(pool(), [{ geohash: i === 0 ? NOWHERE : SF_A, agoMs: -i * HOUR, safety: 1 }]);
      }
      expect(pages).toEqual([[SF_A, SF_A], [SF_B, AUSTIN_A], [NOWHERE]]);
    });

    it("calls cells of a city whose areas were imported by these, with the city", async () => {
      await addCounts(pool(), [[NOWHERE, "2026-05-30", 4]]);
      const clock = createTestClock();
      const derived = createMemoryDerivedStore({ clock });
      const world = openAreas({ store: createMemoryStore({ clock }), derived, clock });
      const berlin = { ...MADE_UP_CITY, id: "berlin", name: "Berlin", bbox: [13, 52, 14, 53] as const };
      const grid = { west: 13_300_000, south: 52_400_000, size: 2, stepE6: 200_000, random: () => 0.5 };
      await world.bring(makeGrid(grid), { city: berlin as typeof MADE_UP_CITY });
      const reports: Pyramid["areaReports"] = {} as never;
      const { get } = app({ areas: { ...world, reports } });
      for (const path of ["scores.ndjson?geohash=u33", "reports-counts.ndjson?geohash=u33&limit=5"]) {
        const row = JSON.parse(await (await get(`/api/exports/${path}`)).text());
        expect(row, path).toMatchObject({ geohash: NOWHERE, name: "Area 0", city: "berlin" });
      }
      expect(JSON.parse(await (await get("/api/exports/scores.ndjson?geohash=9q8yym")).text()).name).toBe("Tenderloin");
    });

    it("answers HEAD without running", async () => {
      const test = app();
      for (let i = 0; i < 6; i++) {
        const response = await test.get("/api/exports/scores.csv", { method: "HEAD" });
        expect([response.status, await response.text()]).toEqual([200, ""]);
      }
      expect((await test.get("/api/exports/scores.csv")).status).toBe(200);
    });
  });

  describe("of many rows", () => {
    /** 12 000 rows of 20 neighbourhoods: three pages. */
    beforeEach(() =>
      pool().query(
        `INSERT INTO neighborhood_scores
           (geohash, safety, vibe, infrastructure, opportunity, overall, report_count_7d, city, calculated_at)
         SELECT '9q8y' || chr(98 + cell / 10) || cell % 10, 50, 50, 50, 50, 50, hour, 'san-francisco',
                $1::timestamptz - hour * interval '1 hour'
         FROM generate_series(0, 19) cell, generate_series(1, 600) hour`,
        [new Date(NOW)],
      ),
    );

    it("streams every row once, in order", async () => {
      const keys = (await text("/api/exports/scores.csv"))
        .trimEnd()
        .split("\r\n")
        .slice(1)
        .map((line) => `${line.split(",")[0]} ${line.split(",")[5]}`);
      expect(keys).toHaveLength(12_000);
      expect(new Set(keys).size).toBe(12_000);
      expect(keys.toSorted()).toEqual(keys);
    });

    it("holds no connection between two pages, and takes as many readers as it says", async () => {
      const test = app();
      const of = (address: number) => ({ headers: { "X-Test-Address": `192.0.2.${address}` } });
      const open = await Promise.all([1, 1, 2, 2].map((from) => test.get("/api/exports/scores.ndjson", of(from))));
      expect(open.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
      expect((await test.get("/api/exports/scores.ndjson", of(1))).status).toBe(429);
      const fifth = await test.get("/api/exports/scores.ndjson", of(3));
      expect([fifth.status, fifth.headers.get("retry-after")]).toEqual([503, "15"]);
      expect((await test.get("/api/trends/average?city=san-francisco")).status).toBe(200);
      await open[0]?.body?.cancel();
      const sixth = await test.get("/api/exports/scores.ndjson", of(3));
      expect(geohashes(await sixth.text())).toHaveLength(12_000);
      await Promise.all(open.slice(1).map(({ body }) => body?.cancel()));
    });

    it("breaks off, for the client to see, when the database goes away half way", async () => {
      // The HTTP adapter prints what ended the stream.
      const printed = vi.spyOn(console, "error").mockImplementation(() => {});
      let statements = 0;
      const run = (sql: RunSql): RunSql => {
        return async <Row extends object>(query: string, values?: readonly unknown[]) => {
          if (++statements === 2) throw Object.assign(new Error("terminating connection"), { code: "57P01" });
          return sql<Row>(query, values);
        };
      };
      const listener = await openListener("127.0.0.1", 0, app({ run }).app.fetch);
      try {
        const whole = fetch(`${listener.url}/api/exports/scores.csv`).then((response) => response.text());
        await expect(whole).rejects.toThrow();
      } finally {
        await listener.close(1000);
        printed.mockRestore();
      }
    });
  });
});
