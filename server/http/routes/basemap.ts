import { Hono } from "hono";
import { type BasemapTiles, CITY_MAX_ZOOM } from "../../basemap/zooms.ts";

const HEADERS = { "Cache-Control": "public, max-age=86400" };

export interface BasemapOptions {
  /** A style of the operator's choice, which the client then draws instead of this basemap. */
  readonly styleUrl?: string;
}

/**
 * `GET /basemap.json`: `{ style_url? }`, what the client should draw below the reports.
 *
 * `GET /basemap/:z/:x/:y.pbf`: the built-in basemap, so that a map needs no third party. Zooms 0..8 hold the world, 9..13 the
 * seeded cities' own detail. 204 where nothing is drawn, 404 outside.
 */
export function basemapRoutes(readTile: BasemapTiles, { styleUrl }: BasemapOptions = {}): Hono {
  const routes = new Hono();
  routes.get("/basemap.json", (c) =>
    c.json(styleUrl === undefined ? {} : { style_url: styleUrl }, 200, { "Cache-Control": "no-cache" }),
  );
  routes.get("/basemap/:z{[0-9]{1,2}}/:x{[0-9]{1,5}}/:file{[0-9]{1,5}\\.pbf}", async (c) => {
    const z = Number(c.req.param("z"));
    const x = Number(c.req.param("x"));
    const y = Number.parseInt(c.req.param("file"), 10);
    if (z > CITY_MAX_ZOOM || x >= 2 ** z || y >= 2 ** z) return c.notFound();
    const bytes = await readTile(z, x, y);
    if (bytes.byteLength === 0) return c.body(null, 204, HEADERS);
    return c.body(bytes as Uint8Array<ArrayBuffer>, 200, {
      ...HEADERS,
      "Content-Type": "application/vnd.mapbox-vector-tile",
    });
  });
  return routes;
}
