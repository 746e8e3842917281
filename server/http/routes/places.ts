import { createRoute, z } from "@hono/zod-openapi";
import { findCity } from "../../areas/cities.ts";
import { PLACES } from "../../areas/places.ts";
import type { App } from "../core/app-parts.ts";

const placeSchema = z
  .object({
    name: z.string(),
    city: z.string().openapi({ description: "the city's name" }),
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
  const places = PLACES.map(({ name, city, latDeg: lat, lonDeg: lon }) => ({
    name,
    city: findCity(city)?.name ?? city,
    lat,
    lon,
  }));
  app.openapi(list, (c) => c.json({ places }, 200, { "Cache-Control": "public, max-age=3600" }));
}
