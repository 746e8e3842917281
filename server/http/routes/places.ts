import { createRoute, z } from "@hono/zod-openapi";
import { type City, findCity } from "../../areas/cities.ts";
import { PLACES } from "../../areas/places.ts";
import type { App } from "../core/app-parts.ts";

const placeSchema = z
  .object({
    name: z.string(),
    city: z.string().optional().openapi({ description: "name of the city that it lies in, if that is one of ours" }),
    lat: z.number(),
    lon: z.number(),
  })
  .openapi("Place");

const list = createRoute({
  method: "get",
  path: "/api/places",
  summary: "Neighbourhoods and landmarks known by name",
  tags: ["cities"],
  responses: {
    200: {
      description: "All of them, each at one point in its middle.",
      content: { "application/json": { schema: z.object({ places: z.array(placeSchema) }) } },
    },
  },
});

/** Mounts `/api/places`. */
export function mountPlaces(app: App): void {
  const places = PLACES.map(({ name, city, latDeg: lat, lonDeg: lon }) => {
    const around = findCity(city);
    // The map of a city names towns beyond its edge.
    return { name, ...(around && isInside(around, lon, lat) && { city: around.name }), lat, lon };
  });
  app.openapi(list, (c) => c.json({ places }, 200, { "Cache-Control": "public, max-age=3600" }));
}

const isInside = ({ bbox: [west, south, east, north] }: City, lonDeg: number, latDeg: number): boolean =>
  lonDeg >= west && lonDeg <= east && latDeg >= south && latDeg <= north;
