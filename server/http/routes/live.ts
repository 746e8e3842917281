import { createRoute, z } from "@hono/zod-openapi";
import { boundsOfBox } from "../../../tiles/areas/area.ts";
import type { Bounds } from "../../../tiles/geo/geohash.ts";
import { DEFAULT_WINDOW, REPORT_LAYERS } from "../../../tiles/layers.ts";
import { LIVE_PER_CLIENT } from "../../accounts/limits.ts";
import { isActive } from "../../accounts/subscription.ts";
import { EXACT_LEVEL } from "../../areas/area-pieces.ts";
import { cellsOfArea } from "../../areas/cells-of-area.ts";
import { lineOf } from "../../kit/network-address.ts";
import type { SlotRefusal } from "../../kit/slots.ts";
import type { LiveInterest } from "../../live/hub.ts";
import type { LiveStreams } from "../../live/live-streams.ts";
import type { App, AppParts } from "../core/app-parts.ts";
import { ProblemError, type ProblemInit, problemAnswer, unexpectedAnswer } from "../core/problem.ts";
import { OPTIONAL_KEY } from "../middleware/api-key.ts";
import { foundAreaOf } from "../schemas/found-area.ts";
import { liveQuerySchema } from "../schemas/report-query.ts";

const WORLD = { west: -180, south: -90, east: 180, north: 90 };

/** Each change is compared with so many cells at the most; along the border of an area of 3 x 3 km these have 150 m. */
const CELLS_OF_AREA = 512;

/** A full server frees a place every few seconds, and a map that is not told polls. */
const RETRY_AFTER_SECONDS = 30;

const HEADERS = {
  "Content-Type": "text/event-stream; charset=utf-8",
  // Nobody on the way may keep, gather or compress what must arrive at once.
  "Cache-Control": "no-store, no-transform",
  "X-Accel-Buffering": "no",
};

const refusal = (status: number, detail: string) => ({
  status,
  kind: "too-many-streams",
  detail: `${detail} Tiles can be asked for again in the meantime.`,
  headers: { "Retry-After": `${RETRY_AFTER_SECONDS}` },
});

const TOO_MANY = {
  client: refusal(429, "As many live streams are open as one client may have."),
  full: refusal(503, "As many live streams are open as this server takes."),
} as const satisfies Readonly<Record<SlotRefusal, ProblemInit>>;

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
    "`area` tells what changes in one area, by its geohash cells: nothing inside is left out, and what is told may lie up to a cell, mostly",
    "150 m, beyond the border. Tiles are those that meet the area's box.",
    `One client may have ${LIVE_PER_CLIENT} streams open; a key gives more, and a share that is kept for keys.`,
  ].join(" "),
  tags: ["tiles"],
  security: OPTIONAL_KEY,
  request: { query: liveQuerySchema, headers: z.object({ "last-event-id": z.string().optional() }) },
  responses: {
    200: {
      description: "A stream that does not end.",
      content: { "text/event-stream": { schema: z.string() } },
    },
    400: problemAnswer("A parameter is wrong."),
    ...unexpectedAnswer,
    401: problemAnswer("There is no such key, or it was revoked."),
    429: problemAnswer("One client has as many streams open as it may; Retry-After says when to come back."),
    503: problemAnswer("As many streams are open as may be; Retry-After says when to come back."),
  },
});

type LiveParts = Pick<AppParts, "clientAddress" | "areas" | "clock">;

/** Mounts `/api/live`. */
export function mountLive(app: App, parts: LiveParts, streams: LiveStreams): void {
  const { clientAddress, clock } = parts;
  app.openapi(live, async (c) => {
    const { bbox, area, layers = REPORT_LAYERS, last_event_id, ...ofTiles } = c.req.valid("query");
    const { zoom, window = DEFAULT_WINDOW, buffer: bufferPx = 0 } = ofTiles;
    const place = await placeOf({ bbox, area }, parts);
    // The answer to HEAD has no body whose end would end the subscription.
    if (c.req.method === "HEAD") return c.body(null, 200, HEADERS);
    const lastEventId = c.req.header("Last-Event-ID") ?? last_event_id;
    const caller = c.get("caller");
    const customer = caller !== undefined && isActive(caller.account, clock.now()) ? caller : undefined;
    const stream = await streams.open({
      interest: {
        ...place,
        layers,
        ...(zoom === undefined ? {} : { tiles: { zoom, window, ...(bufferPx > 0 && { bufferPx }) } }),
      },
      ...(lastEventId === undefined ? {} : { lastEventId }),
      holder: customer ? { who: customer.account.userId, isCustomer: true } : { who: lineOf(clientAddress(c) ?? "") },
    });
    if (typeof stream === "string") throw new ProblemError(TOO_MANY[stream]);
    return c.body(stream, 200, HEADERS);
  });
}

/** @throws ProblemError 400 when the area is none, or there is a box beside it */
async function placeOf(
  { bbox, area }: { readonly bbox?: Bounds | undefined; readonly area?: string | undefined },
  { areas }: Pick<AppParts, "areas">,
): Promise<Pick<LiveInterest, "bounds" | "cells">> {
  if (area === undefined) return { bounds: bbox ?? WORLD };
  const { of, area: found, shapes } = await foundAreaOf(areas, area, { bbox });
  const meeting = await shapes.meeting(of, found.box, EXACT_LEVEL);
  const withCorners = meeting.find(({ number }) => number === found.number) ?? found;
  return { bounds: boundsOfBox(found.box), cells: cellsOfArea(withCorners, CELLS_OF_AREA) };
}
