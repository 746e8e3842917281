import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { MAX_BUFFER_PX } from "../../../tiles/geo/tile-address.ts";
import { TILE_LAYERS, TIME_WINDOWS } from "../../../tiles/layers.ts";
import { isKey } from "../../accounts/key.ts";
import { keyedHeaders } from "../../serving/cache-policy.ts";
import { type Parsed, parseBuffer, parseLayers, parseTilePath, parseWindow } from "../../serving/parse-tile-path.ts";
import { answerTile } from "../../serving/tile-answer.ts";
import { catalogue, tileJson } from "../../serving/tilejson.ts";
import type { App, AppEnv, AppParts } from "../core/app-parts.ts";
import { invalidRequest, ProblemError, problemAnswer, problemSchema } from "../core/problem.ts";
import { publicUrl } from "../core/public-address.ts";
import { unknownKey } from "../middleware/api-key.ts";

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
    const {
      status,
      headers: ofAll,
      coding,
    } = answerTile(request, tile, {
      acceptEncoding: c.req.header("Accept-Encoding"),
      ifNoneMatch: c.req.header("If-None-Match"),
      codings: parts.codings,
    });
    const headers = c.req.query("key") ? keyedHeaders(ofAll) : ofAll;
    if (tile === undefined || status !== 200) return c.body(null, status, headers);
    const bytes = coding === undefined ? tile.bytes : await tile.coded(coding);
    return c.body(bytes, status, { ...headers, "Content-Length": `${bytes.length}` });
  });

  app.get("/tiles.json", (c) => {
    const key = keyOf(c);
    return c.json(catalogue(publicUrl(c), key), 200, { "Cache-Control": tileJsonCaching(key) });
  });

  app.get("/tiles/:file", (c) => {
    const named = /^(.+)\.json$/.exec(c.req.param("file"));
    if (named === null) throw new ProblemError({ status: 404, detail: "There is nothing at this address." });
    const layers = valueOrProblem(parseLayers(named[1] ?? ""));
    const window = valueOrProblem(parseWindow(c.req.query("window")));
    const bufferPx = valueOrProblem(parseBuffer(c.req.query("buffer")));
    const key = keyOf(c);
    const document = tileJson(layers, publicUrl(c), { window, bufferPx, key });
    return c.json(document, 200, { "Cache-Control": tileJsonCaching(key) });
  });
}

/** The key that tiles are to be asked for with: it is not looked up before that. @throws ProblemError 401 when it is none */
function keyOf(c: Context<AppEnv>): string | undefined {
  const key = c.req.query("key") || undefined;
  if (key !== undefined && !isKey(key)) throw unknownKey();
  return key;
}

const tileJsonCaching = (key: string | undefined): string =>
  key === undefined ? TILEJSON_CACHE_CONTROL : "private, no-cache";

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
  const key = z.string().optional().openapi({
    description:
      "An API key: the tile counts against its account, in place of the address. It may be for pages of some origins, and some layers, alone.",
  });
  const coordinate = z.string().openapi({ example: "0" });
  app.openAPIRegistry.registerPath({
    method: "get",
    path: "/tiles/{layers}/{z}/{x}/{y}.pbf",
    summary: "A Mapbox Vector Tile of clustered reports, or of cells with their scores; `.mvt` is the same",
    tags: ["tiles"],
    request: {
      params: z.object({ layers, z: coordinate, x: coordinate, y: coordinate }),
      query: z.object({ window, buffer, key }),
    },
    responses: {
      200: {
        description: "The tile, never empty; a layer without features is left out.",
        content: { "application/vnd.mapbox-vector-tile": { schema: z.string().openapi({ format: "binary" }) } },
      },
      204: { description: "Nothing lies in this tile." },
      304: { description: "The tile is what If-None-Match names." },
      400: problem("A malformed address, window or buffer."),
      401: problem("There is no such key, or it was revoked."),
      403: problem("The key is for pages of other origins, or for other layers."),
      404: problem("No such layer, or outside zooms 0 to 22 or the zoom's x and y."),
      429: problemAnswer("This client read too much, or the account's tiles are used up; Retry-After says when."),
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
    request: { params: z.object({ layers }), query: z.object({ window, buffer, key }) },
    responses: {
      200: document,
      400: problem("A malformed list, window or buffer."),
      401: problem("The key cannot be one."),
      404: problem("No such layer."),
    },
  });
  app.openAPIRegistry.registerPath({
    method: "get",
    path: "/tiles.json",
    summary: "The catalogue: TileJSON of all layers together, with each one's own address",
    tags: ["tiles"],
    request: { query: z.object({ key }) },
    responses: { 200: document, 401: problem("The key cannot be one.") },
  });
}
