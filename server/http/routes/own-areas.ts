import type { Context } from "hono";
import { boundsOfBox } from "../../../tiles/areas/area.ts";
import { coordinatesOfArea } from "../../areas/area-geometry.ts";
import { isOwnAreaId } from "../../areas/own-area-id.ts";
import { isObject } from "../../kit/is-object.ts";
import { createRateLimit } from "../../kit/rate-limit.ts";
import { checkName, checkOwnAreas } from "../../own-areas/check-own-areas.ts";
import { asFoundArea, OWN_AREA_LIMITS } from "../../own-areas/own-area.ts";
import { createOwnAreaTable, type OwnAreaList, type OwnAreaTable } from "../../own-areas/own-area-table.ts";
import type { Sql } from "../../ports/sql.ts";
import type { App, AppEnv, AppParts } from "../core/app-parts.ts";
import { invalidRequest, ProblemError } from "../core/problem.ts";
import { OWN_AREA_CALLS } from "../core/route-limits.ts";
import { signedInOf } from "../middleware/signed-in.ts";
import { readJsonBody } from "../schemas/json-body.ts";
import {
  type AddedOwnAreas,
  addOwnAreas,
  GEO_JSON,
  listOwnAreas,
  OWN_AREAS_PATH,
  readOwnArea,
  removeOwnArea,
  renameOwnArea,
  toOwnAreaJson,
} from "../schemas/own-area-json.ts";

const HEADERS = { "Cache-Control": "private, no-store" };
const RENAME_BYTES = 4096;

/** Mounts `/api/account/areas`: for whoever is signed in. Keys read what is counted of areas, and change none. */
export function mountOwnAreas(app: App, parts: AppParts, sql: Sql): void {
  const { clock } = parts;
  const table = createOwnAreaTable(sql);
  for (const each of [OWN_AREAS_PATH, `${OWN_AREAS_PATH}/:id`]) app.use(each, limitCalls(parts));

  app.openapi(listOwnAreas, async (c) => {
    const { areas, limit } = await table.list(signedInOf(c).userId, clock.now());
    return c.json({ areas: areas.map(toOwnAreaJson), limit }, 200, HEADERS);
  });

  app.openAPIRegistry.registerPath(addOwnAreas);
  app.post(OWN_AREAS_PATH, async (c) => {
    const document = await readJsonBody(c, OWN_AREA_LIMITS.bodyBytes, [GEO_JSON]);
    const owner = signedInOf(c).userId;
    const before = await table.list(owner, clock.now());
    const checked = await checkOwnAreas(document, before.limit - before.areas.length);
    if ("faults" in checked) throw new ProblemError(invalidRequest(checked.faults));
    if ("tooMany" in checked) throw new ProblemError(tooMany(checked.tooMany, before));
    const ids = await table.add(owner, checked.areas, clock.now());
    const { areas, limit } = await table.list(owner, clock.now());
    if (ids === "full") throw new ProblemError(tooMany(checked.areas.length, { areas, limit }));
    const body: AddedOwnAreas = { areas: areas.filter(({ id }) => ids.includes(id)).map(toOwnAreaJson) };
    return c.json(body, 201, HEADERS);
  });

  app.openapi(readOwnArea, async (c) => {
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

  app.openAPIRegistry.registerPath(renameOwnArea);
  app.patch(`${OWN_AREAS_PATH}/:id`, async (c) => {
    const { id, name } = await renamed(c, table);
    return c.json({ id, name }, 200, HEADERS);
  });

  app.openapi(removeOwnArea, async (c) => {
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
