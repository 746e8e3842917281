import { createRoute, z } from "@hono/zod-openapi";
import { DEFAULT_WINDOW, REPORT_LAYERS } from "../../../tiles/layers.ts";
import type { LiveStreams } from "../../live/live-streams.ts";
import type { App, AppParts } from "../core/app-parts.ts";
import { ProblemError, problemAnswer, unexpectedAnswer } from "../core/problem.ts";
import { liveQuerySchema } from "../schemas/report-query.ts";

const WORLD = { west: -180, south: -90, east: 180, north: 90 };

/** A full server frees a place every few seconds, and a map that is not told polls. */
const RETRY_AFTER_SECONDS = 30;

const HEADERS = {
  "Content-Type": "text/event-stream; charset=utf-8",
  // Nobody on the way may keep, gather or compress what must arrive at once.
  "Cache-Control": "no-store, no-transform",
  "X-Accel-Buffering": "no",
};

const live = createRoute({
  method: "get",
  path: "/api/live",
  summary: "What changes inside a box, as server-sent events",
  description: [
    "`hello` comes first. `change` carries `{layer, geohash, at}`: reports inside that geohash cell changed, so ask again,",
    "with If-None-Match, for the tiles near it. `reset` means that everything may have changed. `beat` comes after 15 s",
    "without a change. With `zoom`, `hello` carries `{tiles}`: if true, `tiles` carries `{layer, z, tiles: [[x, y, tag], ...]}`",
    "for every tile of that zoom that meets the box, once and then whenever one has another entity tag; an empty tag stands for",
    "an empty tile. If false, only cells are told: there are too many tiles, or none are kept here. `Last-Event-ID`, or the parameter `last_event_id`, goes on where an earlier stream ended.",
  ].join(" "),
  tags: ["tiles"],
  request: { query: liveQuerySchema, headers: z.object({ "last-event-id": z.string().optional() }) },
  responses: {
    200: {
      description: "A stream that does not end.",
      content: { "text/event-stream": { schema: z.string() } },
    },
    400: problemAnswer("A parameter is wrong."),
    ...unexpectedAnswer,
    503: problemAnswer("As many streams are open as may be; Retry-After says when to come back."),
  },
});

/** Mounts `/api/live`. */
export function mountLive(app: App, { clientAddress }: Pick<AppParts, "clientAddress">, streams: LiveStreams): void {
  app.openapi(live, async (c) => {
    const { bbox = WORLD, layers = REPORT_LAYERS, last_event_id, ...ofTiles } = c.req.valid("query");
    const { zoom, window = DEFAULT_WINDOW, buffer: bufferPx = 0 } = ofTiles;
    // The answer to HEAD has no body whose end would end the subscription.
    if (c.req.method === "HEAD") return c.body(null, 200, HEADERS);
    const lastEventId = c.req.header("Last-Event-ID") ?? last_event_id;
    const client = clientAddress(c);
    const stream = await streams.open({
      interest: {
        bounds: bbox,
        layers,
        ...(zoom === undefined ? {} : { tiles: { zoom, window, ...(bufferPx > 0 && { bufferPx }) } }),
      },
      ...(lastEventId === undefined ? {} : { lastEventId }),
      ...(client === undefined ? {} : { client }),
    });
    if (stream === undefined) {
      throw new ProblemError({
        status: 503,
        kind: "too-many-streams",
        detail: "As many live streams are open as this server takes. Tiles can be asked for again in the meantime.",
        headers: { "Retry-After": `${RETRY_AFTER_SECONDS}` },
      });
    }
    return c.body(stream, 200, HEADERS);
  });
}
