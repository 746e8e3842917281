import { describe, expect, it } from "vitest";
import { silentLog } from "../../../server/console/log.ts";
import { DEFAULT_SETTINGS } from "../../../server/http/app.ts";
import type { RunSql } from "../../../server/ports/sql.ts";
import { createPool } from "../../../server/postgres/pool.ts";
import { sqlOfPool } from "../../../server/postgres/sql.ts";
import { createTestApp, post, readJson, type TestAppOptions, VALID_BODY } from "../../kit/app-fixture.ts";

interface Problem {
  readonly status: number;
  readonly type: string;
  readonly errors?: readonly { readonly field: string; readonly message: string; readonly limit?: number }[];
}

const nothing: RunSql = async () => [];
const createApp = (change: TestAppOptions = {}) => createTestApp({ sql: nothing, ...change });

const TRENDS = ["average?city=austin", "changes", "rising", "daily?limit=9"].map((each) => `/api/trends/${each}`);
const EXPORTS = ["scores", "reports-counts"].flatMap((set) =>
  ["csv", "geojson", "ndjson", "parquet"].map((format) => `/api/exports/${set}.${format}`),
);
const ROUTES = [...TRENDS, ...EXPORTS];

describe("trends and exports", () => {
  it.each([
    ["trends/average?city=atlantis", "city", undefined],
    ["trends/average?layer=mood", "layer", undefined],
    ["trends/average?days=0", "days", 1],
    ["trends/average?days=91", "days", 90],
    ["trends/average?days=7.5", "days", undefined],
    ["trends/average?days=7&days=8", "days", undefined],
    ["trends/average?geohash=9a", "geohash", undefined],
    ["trends/average?geohash=9q8yyk1", "geohash", undefined],
    ["trends/average?bbox=1,2,3", "bbox", undefined],
    ["trends/average?bbox=-20,-20,20,20", "bbox", 32_768],
    ["trends/changes?by=street", "by", undefined],
    ["trends/rising?layer=overall", "layer", undefined],
    ["trends/rising?min_change=-1", "min_change", 0],
    ["trends/rising?min_change=1e9", "min_change", undefined],
    ["trends/rising?min_reports=1.5", "min_reports", undefined],
    ["trends/rising?limit=1001", "limit", 1000],
    ["trends/rising?cursor=x", "cursor", undefined],
    ["trends/rising?cursor=2026-99-99~new~1~9q8yyk", "cursor", undefined],
    ["trends/daily?layer=safety,mood", "layer", undefined],
    ["trends/daily?days=91", "days", 90],
    ["trends/daily?limit=2001", "limit", 2000],
    ["trends/daily?bbox=-20,-20,20,20", "bbox", 32_768],
    ["exports/scores.csv?precision=7", "precision", 6],
    ["exports/scores.csv?precision=4&geohash=9q8yy", "geohash", 4],
    ["exports/scores.csv?limit=10001", "limit", 10_000],
    ["exports/scores.csv?from=yesterday", "from", undefined],
    ["exports/scores.csv?from=1d&to=2d", "from", undefined],
    ["exports/scores.csv?cursor=9q8yyk,vibe,2026-05-01", "cursor", undefined],
    ["exports/scores.csv?cursor=9q8yyk,2026-13-01T00:00:00Z", "cursor", undefined],
    ["exports/reports-counts.csv?layer=scores", "layer", undefined],
    ["exports/reports-counts.csv?cursor=9q8yyk,2026-05-01T00:00:00Z", "cursor", undefined],
  ])("refuse %s, naming the field and the limit", async (path, field, limit) => {
    const response = await createApp().app.request(`/api/${path}`);
    const { errors = [] } = await readJson<Problem>(response);
    expect([response.status, response.headers.get("content-type")]).toEqual([400, "application/problem+json"]);
    expect(errors.map((error) => error.field)).toEqual([field]);
    expect(errors[0]?.limit).toBe(limit);
  });

  it("take empty parameters for none", async () => {
    const empty = "city=&geohash=&bbox=&layer=&from=&to=&limit=&cursor=&days=&by=&min_change=&min_reports=&precision=";
    for (const route of ROUTES) {
      expect((await createApp().app.request(`${route.split("?")[0]}?${empty}`)).status, route).toBe(200);
    }
  });

  it("answer 503 while PostgreSQL is away, and reports go on", async () => {
    // Nothing listens on port 1.
    const pool = createPool({ url: "postgres://u@127.0.0.1:1/db", embedded: false }, silentLog);
    const { app } = createApp({ sql: sqlOfPool(pool) });
    for (const route of ROUTES) {
      const response = await app.request(route);
      expect([response.status, response.headers.get("retry-after")], route).toEqual([503, "5"]);
      expect(await readJson<Problem>(response)).toMatchObject({ type: "urn:stratum:problem:database-unavailable" });
    }
    expect((await post(app, VALID_BODY)).status).toBe(201);
    expect((await app.request("/tiles/safety/1/1/1.pbf")).status).toBe(204);
    await pool.end();
  });

  it("tell a database that is too slow or not there yet from a statement that is wrong", async () => {
    const failing = (code: string): RunSql => {
      return async () => {
        throw Object.assign(new Error(code), { code });
      };
    };
    const statusOf = async (code: string) =>
      (await createApp({ sql: failing(code) }).app.request("/api/trends/changes")).status;
    for (const code of ["57014", "57P03", "53300", "08006", "42P01", "ECONNREFUSED"])
      expect(await statusOf(code), code).toBe(503);
    for (const code of ["42703", "22P02"]) expect(await statusOf(code), code).toBe(500);
  });

  it("give an export's place back when its first page fails", async () => {
    let away = true;
    const sql: RunSql = async () => {
      if (away) throw new Error("Connection terminated unexpectedly");
      return [];
    };
    const { app } = createApp({ sql });
    for (let i = 0; i < 9; i++)
      expect((await app.request("/api/exports/scores.csv")).headers.get("retry-after")).toBe("5");
    away = false;
    expect((await app.request("/api/exports/scores.csv")).status).toBe(200);
  });

  it("answer one client so many questions a minute", async () => {
    const { app, clock } = createApp({ settings: { ...DEFAULT_SETTINGS, questionsPerMinute: 2 } });
    const ask = async (route: string, address: string) =>
      (await app.request(route, { headers: { "x-test-address": address } })).status;
    expect(await ask("/api/trends/changes", "192.0.2.1")).toBe(200);
    expect(await ask("/api/exports/scores.csv", "192.0.2.1")).toBe(200);
    const refused = await app.request("/api/trends/rising");
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "30"]);
    expect(await ask("/api/trends/changes", "192.0.2.9")).toBe(200);
    clock.nowMs += 30_000;
    expect(await ask("/api/trends/rising", "192.0.2.1")).toBe(200);
  });

  it("are described, with every answer they give", async () => {
    interface Document {
      readonly paths: Readonly<
        Record<string, { get?: { responses: object; parameters: readonly { name: string }[] } }>
      >;
    }
    const { paths } = await readJson<Document>(createApp().app.request("/openapi.json"));
    for (const route of ROUTES.map((each) => each.split("?")[0] ?? "")) {
      expect(Object.keys(paths[route]?.get?.responses ?? {}), route).toEqual(
        expect.arrayContaining(["200", "400", "429", "500", "503"]),
      );
      const names = paths[route]?.get?.parameters.map(({ name }) => name);
      expect(names, route).toEqual(expect.arrayContaining(["city", "geohash", "bbox"]));
    }
  });

  it("are not there without a database", async () => {
    for (const route of ROUTES) expect((await createTestApp().app.request(route)).status).toBe(404);
  });
});
