import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { boundsOfBox } from "../../../tiles/areas/area.ts";
import { coordinatesOfArea } from "../../areas/area-geometry.ts";
import { isOwnAreaId } from "../../areas/own-area-id.ts";
import { isObject } from "../../kit/is-object.ts";
import { createRateLimit } from "../../kit/rate-limit.ts";
import { checkName, checkOwnAreas } from "../../own-areas/check-own-areas.ts";
import { asFoundArea, OWN_AREA_LIMITS } from "../../own-areas/own-area.ts";
import {
  createOwnAreaTable,
  type ListedOwnArea,
  type OwnAreaList,
  type OwnAreaTable,
} from "../../own-areas/own-area-table.ts";
import type { Sql } from "../../ports/sql.ts";
import type { App, AppEnv, AppParts } from "../core/app-parts.ts";
import { invalidRequest, ProblemError, problemAnswer, unexpectedAnswer } from "../core/problem.ts";
import { OWN_AREA_CALLS } from "../core/route-limits.ts";
import { signedInOf } from "../middleware/signed-in.ts";
import { readJsonBody } from "../schemas/json-body.ts";

const tags = ["own areas"];
const GEO_JSON = "application/geo+json";
const HEADERS = { "Cache-Control": "private, no-store" };

const degrees = z.number();
const areaSchema = z.object({
  id: z.string().openapi({ example: "own-4m0c1v9k2q7x3z5b8d6f1g0h2j" }),
  name: z.string(),
  created_at: z.iso.datetime(),
  west: degrees,
  south: degrees,
  east: degrees,
  north: degrees,
  state: z.enum(["counting", "ready", "paused"]).openapi({
    description:
      "`counting`: its reports are being counted for the first time; the card is whole already. `paused`: it is beyond what the plan gives, and not counted.",
  }),
});

const listSchema = z
  .object({
    areas: z.array(areaSchema),
    limit: z.int().min(0).openapi({ description: "Areas that the account's plan gives." }),
  })
  .openapi("OwnAreas");

const addedSchema = z.object({ areas: z.array(areaSchema) }).openapi("AddedAreas");

const featureSchema = z
  .looseObject({
    type: z.literal("Feature"),
    properties: z.looseObject({ name: z.string() }),
    geometry: z.looseObject({}),
  })
  .openapi("OwnAreaFeature");

const answers = {
  401: problemAnswer("Nobody is signed in."),
  429: problemAnswer("The account asked too often in the last minute; Retry-After says when."),
  ...unexpectedAnswer,
  503: problemAnswer("PostgreSQL does not answer; Retry-After says when."),
};
const ofOne = { ...answers, 404: problemAnswer("The account has no such area.") };
const params = z.object({ id: z.string().max(200) });
const path = "/api/account/areas";

const list = createRoute({
  method: "get",
  path,
  summary: "The account's own areas",
  description: "Private to the account. Their cards, trends and exports are those of other areas, by id.",
  tags,
  responses: {
    200: { description: "All of them, the first ones first.", content: { "application/json": { schema: listSchema } } },
    ...answers,
  },
});

const add = createRoute({
  method: "post",
  path,
  summary: "Add own areas",
  tags,
  request: {
    body: {
      required: true,
      description: `A GeoJSON Feature, or a FeatureCollection of up to ${OWN_AREA_LIMITS.features}, each a Polygon or MultiPolygon with a \`name\`.`,
      content: { "application/json": { schema: featureSchema }, [GEO_JSON]: { schema: featureSchema } },
    },
  },
  responses: {
    201: { description: "All were added.", content: { "application/json": { schema: addedSchema } } },
    400: problemAnswer("None was added; `errors` names every feature and what is wrong with it, and the limit."),
    403: problemAnswer("The plan does not give so many, or the request came from a page of another origin."),
    413: problemAnswer(`The body has more than ${OWN_AREA_LIMITS.bodyBytes} bytes.`),
    415: problemAnswer("The body is neither application/json nor application/geo+json, or is encoded."),
    ...answers,
  },
});

const read = createRoute({
  method: "get",
  path: `${path}/{id}`,
  summary: "An own area as GeoJSON",
  tags,
  request: { params },
  responses: {
    200: {
      description: "Its borders, as they are counted by.",
      content: {
        [GEO_JSON]: {
          schema: z.object({
            type: z.literal("Feature"),
            id: z.string(),
            bbox: z.tuple([degrees, degrees, degrees, degrees]),
            properties: z.object({ name: z.string() }),
            geometry: z.object({
              type: z.literal("MultiPolygon"),
              coordinates: z.array(z.array(z.array(z.array(z.number())))),
            }),
          }),
        },
      },
    },
    ...ofOne,
  },
});

const rename = createRoute({
  method: "patch",
  path: `${path}/{id}`,
  summary: "Rename an own area",
  tags,
  request: {
    params,
    body: { required: true, content: { "application/json": { schema: z.object({ name: z.string() }) } } },
  },
  responses: {
    200: {
      description: "Renamed.",
      content: { "application/json": { schema: z.object({ id: z.string(), name: z.string() }) } },
    },
    400: problemAnswer("Not a name."),
    403: problemAnswer("The request came from a page of another origin."),
    413: problemAnswer("The body is too large."),
    415: problemAnswer("The body is not application/json, or is encoded."),
    ...ofOne,
  },
});

const remove = createRoute({
  method: "delete",
  path: `${path}/{id}`,
  summary: "Remove an own area, with all that was counted of it",
  tags,
  request: { params },
  responses: {
    204: { description: "It is gone." },
    403: problemAnswer("The request came from a page of another origin."),
    ...ofOne,
  },
});

const RENAME_BYTES = 4096;

/** Mounts `/api/account/areas`: for whoever is signed in. Keys read what is counted of areas, and change none. */
export function mountOwnAreas(app: App, parts: AppParts, sql: Sql): void {
  const { clock } = parts;
  const table = createOwnAreaTable(sql);
  for (const each of [path, `${path}/:id`]) app.use(each, limitCalls(parts));

  app.openapi(list, async (c) => {
    const { areas, limit } = await table.list(signedInOf(c).userId, clock.now());
    return c.json({ areas: areas.map(toJson), limit }, 200, HEADERS);
  });

  app.openAPIRegistry.registerPath(add);
  app.post(path, async (c) => {
    const document = await readJsonBody(c, OWN_AREA_LIMITS.bodyBytes, [GEO_JSON]);
    const owner = signedInOf(c).userId;
    const before = await table.list(owner, clock.now());
    const checked = await checkOwnAreas(document, before.limit - before.areas.length);
    if ("faults" in checked) throw new ProblemError(invalidRequest(checked.faults));
    if ("tooMany" in checked) throw new ProblemError(tooMany(checked.tooMany, before));
    const ids = await table.add(owner, checked.areas, clock.now());
    const { areas, limit } = await table.list(owner, clock.now());
    if (ids === "full") throw new ProblemError(tooMany(checked.areas.length, { areas, limit }));
    const body: z.infer<typeof addedSchema> = { areas: areas.filter(({ id }) => ids.includes(id)).map(toJson) };
    return c.json(body, 201, HEADERS);
  });

  app.openapi(read, async (c) => {
    const { id } = c.req.valid("param");
    const found = isOwnAreaId(id) ? await table.find(signedInOf(c).userId, id, clock.now()) : undefined;
    if (found === undefined) throw new ProblemError(NO_AREA);
    const { west, south, east, north } = boundsOfBox(asFoundArea(found).area.box);
    const feature = {
      type: "Feature" as const,
      id,
      bbox: [west, south, east, north] as [number, number, number, number],
      properties: { name: found.name },
      geometry: { type: "MultiPolygon" as const, coordinates: coordinatesOfArea(found) },
    };
    return c.json(feature, 200, { ...HEADERS, "Content-Type": GEO_JSON });
  });

  app.openAPIRegistry.registerPath(rename);
  app.patch(`${path}/:id`, async (c) => {
    const { id, name } = await renamed(c, table);
    return c.json({ id, name }, 200, HEADERS);
  });

  app.openapi(remove, async (c) => {
    const { id } = c.req.valid("param");
    if (!isOwnAreaId(id) || !(await table.remove(signedInOf(c).userId, id))) throw new ProblemError(NO_AREA);
    return c.body(null, 204, HEADERS);
  });
}

async function renamed(c: Context<AppEnv>, table: OwnAreaTable): Promise<{ id: string; name: string }> {
  const body = await readJsonBody(c, RENAME_BYTES);
  const checked = checkName(isObject(body) ? body.name : undefined, "name");
  if ("message" in checked) throw new ProblemError(invalidRequest([checked]));
  const id = c.req.param("id") ?? "";
  const isThere = isOwnAreaId(id) && (await table.rename(signedInOf(c).userId, id, checked.name));
  if (!isThere) throw new ProblemError(NO_AREA);
  return { id, name: checked.name };
}

/** Calls of an account; what is added takes more of the processor than what is read. */
function limitCalls({ clock }: AppParts) {
  const calls = createRateLimit({ clock, perMinute: OWN_AREA_CALLS.perMinute });
  const added = createRateLimit({ clock, perMinute: OWN_AREA_CALLS.addedPerMinute });
  return async (c: Context<AppEnv>, next: () => Promise<void>): Promise<void> => {
    const { userId } = signedInOf(c);
    const waitSeconds = calls.take(userId) || (c.req.method === "POST" ? added.take(userId) : 0);
    if (waitSeconds > 0)
      throw new ProblemError({
        status: 429,
        detail: "This account asked for its areas too often in the last minute.",
        headers: { "Retry-After": `${waitSeconds}` },
      });
    await next();
  };
}

const NO_AREA = { status: 404, detail: "This account has no such area." } as const;

const tooMany = (added: number, { areas: { length: had }, limit }: OwnAreaList) => ({
  status: 403,
  kind: "own-areas-limit",
  detail: `The account's plan gives ${limit} own areas; there are ${had}, so ${added} more are too many. Remove some, or take a larger plan.`,
  errors: [{ field: "features", message: `must be at most ${Math.max(0, limit - had)} more`, limit }],
});

const toJson = ({ createdAt, ...area }: ListedOwnArea) => ({ ...area, created_at: createdAt });
