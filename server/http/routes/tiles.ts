import { z } from "@hono/zod-openapi";
import { MAX_BUFFER_PX } from "../../../tiles/geo/tile-address.ts";
import { TILE_LAYERS, TIME_WINDOWS } from "../../../tiles/layers.ts";
import { type Parsed, parseBuffer, parseLayers, parseTilePath, parseWindow } from "../../serving/parse-tile-path.ts";
import { answerTile } from "../../serving/tile-answer.ts";
import { catalogue, tileJson } from "../../serving/tilejson.ts";
import type { App, AppParts } from "../core/app-parts.ts";
import { invalidRequest, ProblemError, problemSchema } from "../core/problem.ts";
import { publicUrl } from "../core/public-address.ts";
import { BUDGET_SPENT } from "../middleware/read-budget.ts";

const TILEJSON_CACHE_CONTROL = "public, max-age=300";

/** Of tiles, as metrics name it. */
export const TILE_ROUTE = "/tiles/:layers/:z/:x/:file";

/** Mounts `/tiles/:layers/:z/:x/:y.pbf`, `/tiles/:layers.json` and `/tiles.json`. */
export function mountTiles(app: App, parts: AppParts): void {
  describe(app);

  app.get(TILE_ROUTE, async (c) => {
    const { layers, z: zoom, x, file } = c.req.param();
    const { window, buffer } = c.req.query();
    const request = valueOrProblem(parseTilePath({ layers, z: zoom, x, file, window, buffer }));
    const tile = await parts.tiles.read(request);
    const { status, headers, coding } = answerTile(request, tile, {
      acceptEncoding: c.req.header("Accept-Encoding"),
      ifNoneMatch: c.req.header("If-None-Match"),
      codings: parts.codings,
    });
    if (tile === undefined || status !== 200) return c.body(null, status, headers);
    const bytes = coding === undefined ? tile.bytes : await tile.coded(coding);
    return c.body(bytes, status, { ...headers, "Content-Length": `${bytes.length}` });
  });

  app.get("/tiles.json", (c) => c.json(catalogue(publicUrl(c)), 200, { "Cache-Control": TILEJSON_CACHE_CONTROL }));

  app.get("/tiles/:file", (c) => {
    const named = /^(.+)\.json$/.exec(c.req.param("file"));
    if (named === null) throw new ProblemError({ status: 404, detail: "There is nothing at this address." });
    const layers = valueOrProblem(parseLayers(named[1] ?? ""));
    const window = valueOrProblem(parseWindow(c.req.query("window")));
    const bufferPx = valueOrProblem(parseBuffer(c.req.query("buffer")));
    const document = tileJson(layers, publicUrl(c), window, bufferPx);
    return c.json(document, 200, { "Cache-Control": TILEJSON_CACHE_CONTROL });
  });
}

/** @throws ProblemError 400 on what is malformed, 404 on what there is not */
function valueOrProblem<T>(parsed: Parsed<T>): T {
  if ("value" in parsed) return parsed.value;
  const { fault } = parsed;
  if (fault.kind === "absent") throw new ProblemError({ status: 404, detail: fault.detail });
  const { kind: _, ...error } = fault;
  throw new ProblemError(invalidRequest([error]));
}

function describe(app: App): void {
  const problem = (description: string) => ({
    description,
    content: { "application/problem+json": { schema: problemSchema } },
  });
  const layers = z
    .string()
    .openapi({ description: `One of ${TILE_LAYERS.join(", ")}, or several with commas.`, example: "safety" });
  const window = z.enum(TIME_WINDOWS as [string, ...string[]]).optional();
  const buffer = z.int().min(0).max(MAX_BUFFER_PX).optional().openapi({
    description:
      "Pixels on each side, 512 of which are a tile's width, in which features of the neighbours are shown too, with `copy: true`. 0 without it. For clients that cut what they draw at a tile's edge.",
  });
  const coordinate = z.string().openapi({ example: "0" });
  app.openAPIRegistry.registerPath({
    method: "get",
    path: "/tiles/{layers}/{z}/{x}/{y}.pbf",
    summary: "A Mapbox Vector Tile of clustered reports, or of cells with their scores; `.mvt` is the same",
    tags: ["tiles"],
    request: {
      params: z.object({ layers, z: coordinate, x: coordinate, y: coordinate }),
      query: z.object({ window, buffer }),
    },
    responses: {
      200: {
        description: "The tile, never empty; a layer without features is left out.",
        content: { "application/vnd.mapbox-vector-tile": { schema: z.string().openapi({ format: "binary" }) } },
      },
      204: { description: "Nothing lies in this tile." },
      304: { description: "The tile is what If-None-Match names." },
      400: problem("A malformed address, window or buffer."),
      404: problem("No such layer, or outside zooms 0 to 22 or the zoom's x and y."),
      429: BUDGET_SPENT,
      503: problem("The report store does not answer."),
    },
  });
  const tileJsonSchema = z
    .object({
      tilejson: z.literal("3.0.0"),
      tiles: z.array(z.string()),
      vector_layers: z.array(z.looseObject({ id: z.string() })),
    })
    .loose()
    .openapi("TileJson");
  const document = { description: "TileJSON 3.0.0.", content: { "application/json": { schema: tileJsonSchema } } };
  app.openAPIRegistry.registerPath({
    method: "get",
    path: "/tiles/{layers}.json",
    summary: "TileJSON of one layer or several",
    tags: ["tiles"],
    request: { params: z.object({ layers }), query: z.object({ window, buffer }) },
    responses: { 200: document, 400: problem("A malformed list, window or buffer."), 404: problem("No such layer.") },
  });
  app.openAPIRegistry.registerPath({
    method: "get",
    path: "/tiles.json",
    summary: "The catalogue: TileJSON of all layers together, with each one's own address",
    tags: ["tiles"],
    responses: { 200: document },
  });
}
