import { describe, expect, it } from "vitest";
import { CITIES } from "../../../../server/areas/cities.ts";
import { createTestApp } from "../../../kit/app-fixture.ts";

interface PlaceList {
  readonly places: readonly { name: string; city?: string; lat: number; lon: number }[];
}

describe("GET /api/places", () => {
  it("lists the named places with the city around them, each with a name of its own there", async () => {
    const answer = await createTestApp().app.request("/api/places");
    expect(answer.headers.get("Cache-Control")).toBe("public, max-age=3600");
    const { places } = (await answer.json()) as PlaceList;
    expect(places).toContainEqual({ name: "Mission District", city: "San Francisco", lat: 37.7595, lon: -122.419 });
    expect(places.find(({ name }) => name === "Daly City")).not.toHaveProperty("city");
    for (const { name, city, lat, lon } of places) {
      if (city === undefined) continue;
      const [west, south, east, north] = CITIES.find((one) => one.name === city)?.bbox ?? [0, 0, 0, 0];
      expect(lon > west && lon < east && lat > south && lat < north, `${name}, ${city}`).toBe(true);
    }
    expect(new Set(places.map(({ name, city }) => `${name}, ${city}`)).size).toBe(places.length);
  });
});
