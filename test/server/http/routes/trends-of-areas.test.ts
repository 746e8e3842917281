import { describe, expect, it } from "vitest";
import { silentLog } from "../../../../server/console/log.ts";
import type { RunSql } from "../../../../server/ports/sql.ts";
import { createPyramid } from "../../../../server/pyramid/pyramid.ts";
import { createMemoryDerivedStore } from "../../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../../server/store/memory/memory.ts";
import { createTestApp, readJson } from "../../../kit/app-fixture.ts";
import { openAreas } from "../../../kit/area-world.ts";
import { createTestClock } from "../../../kit/clock.ts";

const nothing: RunSql = async () => [];

function open(sql: RunSql = nothing) {
  const clock = createTestClock();
  const [store, derived] = [createMemoryStore({ clock }), createMemoryDerivedStore({ clock })];
  const pyramid = createPyramid({ store, derived, clock, log: silentLog });
  const { catalogue, shapes } = openAreas({ store, derived, clock });
  const areas = { catalogue, shapes, reports: pyramid.areaReports };
  return createTestApp({ store, clock, pyramid, areas, sql }).app;
}

describe("GET /api/trends/areas", () => {
  it.each([
    ["city=A", "city"],
    ["kind=x/y", "kind"],
    ["layer=mood", "layer"],
    ["order=random", "order"],
    ["ids=a,b,c,d,e", "ids"],
    ["ids=a,,b", "ids"],
    ["ids=none", "ids"],
    ["limit=501", "limit"],
    ["cursor=x", "cursor"],
    [`cursor=${encodeURIComponent("1780315200000~0~-900~made-up-n-hill~Hi\0ll")}`, "cursor"],
  ])("refuses %s, naming the field", async (query, field) => {
    const response = await open().request(`/api/trends/areas?${query}`);
    expect(response.status).toBe(400);
    expect(await readJson(response)).toMatchObject({ errors: [{ field }] });
  });

  it("takes empty parameters for none, and is private", async () => {
    const response = await open().request("/api/trends/areas?city=&kind=&layer=&order=&ids=&limit=&cursor=");
    expect(response.headers.get("cache-control")).toContain("private");
    expect(await readJson(response)).toMatchObject({ layer: "safety", order: "best", areas: [], next_cursor: null });
  });

  it("answers 503 while PostgreSQL is away", async () => {
    const app = open(async () => {
      throw Object.assign(new Error("away"), { code: "ECONNREFUSED" });
    });
    expect((await app.request("/api/trends/areas")).status).toBe(503);
  });

  it("is described, and is not there without areas or a database", async () => {
    const { paths } = await readJson<{ paths: Record<string, unknown> }>(open().request("/openapi.json"));
    expect(paths).toHaveProperty(["/api/trends/areas", "get", "responses", "429"]);
    for (const parts of [{}, { sql: nothing }])
      expect((await createTestApp(parts).app.request("/api/trends/areas")).status).toBe(404);
  });
});
