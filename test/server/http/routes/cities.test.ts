import { describe, expect, it } from "vitest";
import { CITIES } from "../../../../server/areas/cities.ts";
import { createTestApp, type PageJson, post, readJson, VALID_BODY } from "../../../kit/app-fixture.ts";

interface CityList {
  readonly cities: readonly { id: string; bbox: [number, number, number, number]; center: [number, number] }[];
}

describe("GET /api/cities", () => {
  it("lists the cities with where a map of them opens", async () => {
    const { cities } = await readJson<CityList>(createTestApp().app.request("/api/cities"));
    expect(cities.map((city) => city.id)).toEqual(["san-francisco", "brooklyn", "austin"]);
    for (const { bbox, center } of cities) {
      const [west, south, east, north] = bbox;
      expect(center[0] > west && center[0] < east && center[1] > south && center[1] < north).toBe(true);
    }
  });
});

describe("GET /api/cities/:city/reports", () => {
  async function seed() {
    const test = createTestApp();
    const start = test.clock.nowMs;
    for (const [hour, city] of [0, 1, 2, 3, 4, 5].flatMap((at) => CITIES.map((one) => [at, one] as const))) {
      test.clock.nowMs = start + hour * 3_600_000;
      const [lon, lat] = city.center;
      const kind = hour % 2 === 0 ? { layer: "safety", category: "theft" } : { layer: "vibe", category: "noise" };
      await post(test.app, { ...VALID_BODY, ...kind, lon: lon + hour / 200, lat, text: `${city.id} ${hour}` });
    }
    return { ...test, start };
  }
  const texts = ({ features }: PageJson) => features.map(({ properties }) => properties.text);

  it("answers one city's reports of a time range, newest first, from inclusive and to exclusive", async () => {
    const { app, start } = await seed();
    const at = (hour: number) => new Date(start + hour * 3_600_000).toISOString();
    const read = (query: string) => readJson<PageJson>(app.request(`/api/cities/austin/reports?${query}`));
    expect(texts(await read(""))).toEqual([5, 4, 3, 2, 1, 0].map((hour) => `austin ${hour}`));
    expect(texts(await read(`from=${at(1)}&to=${at(4)}`))).toEqual(["austin 3", "austin 2", "austin 1"]);
    expect(texts(await read(`from=2h`))).toEqual(["austin 5", "austin 4", "austin 3"]);
    expect(texts(await read(`to=${at(4)}&layer=vibe`))).toEqual(["austin 3", "austin 1"]);
    const first = await read("limit=4");
    expect(texts(await read(`limit=4&cursor=${first.next_cursor}`))).toEqual(["austin 1", "austin 0"]);
  });

  it("refuses a range that ends before it begins, and a city that is none", async () => {
    const { app } = createTestApp();
    expect((await app.request("/api/cities/austin/reports?from=2026-05-02&to=2026-05-01")).status).toBe(400);
    expect((await app.request("/api/cities/austin/reports?from=x&to=y")).status).toBe(400);
    for (const id of ["atlantis", "Austin", "toString", "%00"]) {
      expect((await app.request(`/api/cities/${id}/reports`)).status, id).toBe(404);
    }
  });
});
