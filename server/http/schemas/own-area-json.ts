import { createRoute, z } from "@hono/zod-openapi";
import { OWN_AREA_LIMITS } from "../../own-areas/own-area.ts";
import type { ListedOwnArea } from "../../own-areas/own-area-table.ts";
import { problemAnswer, unexpectedAnswer } from "../core/problem.ts";

/** What `/api/account/areas` takes and answers. */

const tags = ["own areas"];
export const GEO_JSON = "application/geo+json";

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
export const OWN_AREAS_PATH = "/api/account/areas";

export const listOwnAreas = createRoute({
  method: "get",
  path: OWN_AREAS_PATH,
  summary: "The account's own areas",
  description: "Private to the account. Their cards, trends and exports are those of other areas, by id.",
  tags,
  responses: {
    200: { description: "All of them, the first ones first.", content: { "application/json": { schema: listSchema } } },
    ...answers,
  },
});

export const addOwnAreas = createRoute({
  method: "post",
  path: OWN_AREAS_PATH,
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

export const readOwnArea = createRoute({
  method: "get",
  path: `${OWN_AREAS_PATH}/{id}`,
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

export const renameOwnArea = createRoute({
  method: "patch",
  path: `${OWN_AREAS_PATH}/{id}`,
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

export const removeOwnArea = createRoute({
  method: "delete",
  path: `${OWN_AREAS_PATH}/{id}`,
  summary: "Remove an own area, with all that was counted of it",
  tags,
  request: { params },
  responses: {
    204: { description: "It is gone." },
    403: problemAnswer("The request came from a page of another origin."),
    ...ofOne,
  },
});

export const toOwnAreaJson = ({ createdAt, ...area }: ListedOwnArea) => ({ ...area, created_at: createdAt });

export type AddedOwnAreas = z.infer<typeof addedSchema>;
