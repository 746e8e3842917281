import { z } from "@hono/zod-openapi";
import type { Bounds } from "../../../tiles/geo/geohash.ts";
import { CITIES, findCity } from "../../areas/cities.ts";
import { isOwnAreaId } from "../../areas/own-area-id.ts";
import type { Sql } from "../../ports/sql.ts";
import { type AreaFilter, countCentres, MAX_BOX_CELLS, NEIGHBORHOOD, type ScorePrecision } from "../../trends/area.ts";
import { findKnownArea, findOwnArea, type KnownArea } from "../../trends/known-area.ts";
import { invalidRequest, ProblemError } from "../core/problem.ts";
import { parseBbox } from "./report-query.ts";

/** A parameter that was parsed, or the message of what is wrong with it. */
export type Parsed<T> = { readonly value: T } | string;

/**
 * An optional query parameter. Clients send empty parameters for "none", so these count as absent, and so does one that
 * was given twice count as wrong.
 */
export function parameter<T>(description: string, example: string, parse: (text: string) => Parsed<T>) {
  return z
    .string("must be given once")
    .transform((text, ctx): T | undefined => {
      const parsed = text === "" ? { value: undefined } : parse(text);
      if (typeof parsed !== "string") return parsed.value;
      ctx.addIssue({ code: "custom", message: parsed });
      return z.NEVER;
    })
    .optional()
    .openapi({ type: "string", description, example });
}

/** A whole number, or with `digits` one with so many decimals. What is out of bounds is told with the bound. */
export function numberParameter(
  description: string,
  { min, max, fallback, digits = 0 }: { min: number; max: number; fallback: number; digits?: number },
) {
  const kind = digits === 0 ? "a whole number" : `a number with up to ${digits} decimals`;
  const message = `must be ${kind} from ${min} to ${max}`;
  const shape = new RegExp(digits === 0 ? "^-?\\d{1,9}$" : `^-?\\d{1,9}(\\.\\d{1,${digits}})?$`);
  return z
    .string("must be given once")
    .transform((text, ctx) => {
      const value = text === "" ? fallback : shape.test(text) ? Number(text) : Number.NaN;
      if (value >= min && value <= max) return value;
      const limit = value < min ? min : max;
      ctx.addIssue({ code: "custom", message, ...(!Number.isNaN(value) && { params: { limit } }) });
      return z.NEVER;
    })
    .optional()
    .transform((value) => value ?? fallback)
    .openapi({
      type: digits === 0 ? "integer" : "number",
      minimum: min,
      maximum: max,
      default: fallback,
      description,
    });
}

/** One of some words; `fallback` without it. */
export function choiceParameter<const T extends string>(description: string, words: readonly T[], fallback: T) {
  return z
    .string("must be given once")
    .transform((text, ctx): T => {
      const word = text === "" ? fallback : words.find((each) => each === text);
      if (word !== undefined) return word;
      ctx.addIssue({ code: "custom", message: `must be one of ${words.join(", ")}` });
      return z.NEVER;
    })
    .optional()
    .transform((word) => word ?? fallback)
    .openapi({ type: "string", enum: [...words], default: fallback, description });
}

/** The city or the kind of areas. */
export const slugParameter = (description: string, example: string) =>
  parameter(description, example, (text) =>
    /^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(text) ? { value: text } : "must be small letters, digits and hyphens",
  );

export const areaIdParameter = (description: string) =>
  parameter(description, "san-francisco-n-mission", (text) =>
    /^[a-z0-9-]{1,200}$/.test(text) ? { value: text } : "must be the id of an area",
  );

const CITY_IDS = CITIES.map(({ id }) => id);

/** @param others a clause that says how cities are asked for that are none of ours */
const cityParameterOf = (others = "") =>
  parameter("Id of a city, as `/api/cities` lists them.", "san-francisco", (text) => {
    const city = findCity(text);
    return city === undefined ? `must be one of ${CITY_IDS.join(", ")}${others}` : { value: city };
  });

export const cityParameter = cityParameterOf();

/** What an area may be narrowed by. */
export const areaParameters = {
  city: cityParameter,
  geohash: parameter("Only cells under this geohash: 1 to 6 characters.", "9q8yy", (text) =>
    /^[0-9b-hjkmnp-z]{1,6}$/.test(text) ? { value: text } : "must be a geohash of 1 to 6 characters",
  ),
  bbox: parameter(
    "west,south,east,north in degrees: only cells whose centres lie inside; west > east crosses the antimeridian.",
    "-122.52,37.70,-122.35,37.83",
    parseBbox,
  ),
};

/** The same for exports, which have all areas of any city. */
export const exportedPlaceParameters = {
  ...areaParameters,
  city: cityParameterOf("; a city whose areas were imported is asked for by areas=CITY"),
};

/** Cells as a query chooses them. */
export interface CellQuery {
  readonly city?: AreaFilter["city"] | undefined;
  readonly geohash?: string | undefined;
  readonly bbox?: Bounds | undefined;
}

/** The area that a query names. @throws ProblemError 400 when its box holds too many cells of the precision. */
export function areaOf({ city, geohash, bbox }: CellQuery, precision: ScorePrecision = NEIGHBORHOOD): AreaFilter {
  const cells = bbox === undefined ? 0 : countCentres(bbox, precision);
  if (cells > MAX_BOX_CELLS) {
    const message = `holds ${cells} geohash-${precision} cells, the limit is ${MAX_BOX_CELLS}`;
    throw new ProblemError(invalidRequest([{ field: "bbox", message, limit: MAX_BOX_CELLS }]));
  }
  if (geohash !== undefined && geohash.length > precision) {
    const message = `must have at most ${precision} characters, the precision asked for`;
    throw new ProblemError(invalidRequest([{ field: "geohash", message, limit: precision }]));
  }
  return { ...(city && { city }), ...(geohash !== undefined && { geohash }), ...(bbox && { bbox }) };
}

/** Where areas are looked up, and who asks. */
export interface AreaAsker {
  readonly sql: Sql;
  /** The account that asks, if any; only asked for where an own area may be meant. */
  readonly owner: string | undefined;
}

/**
 * The area with borders that a query names by its id, instead of cells; undefined when it names none. An account's area is one to its
 * owner alone: to everybody else it is as unknown as one that there never was.
 * @throws ProblemError 400 when nothing was ever known of it, and beside what chooses cells
 */
export async function knownAreaOf(
  { sql, owner: asker }: AreaAsker,
  id: string | undefined,
  cells: CellQuery,
): Promise<KnownArea | undefined> {
  if (id === undefined) return undefined;
  refuseOthers("area", cells);
  const owner = isOwnAreaId(id) ? asker : undefined;
  const known = owner === undefined ? await findKnownArea(sql, id) : await findOwnArea(sql, id, owner);
  if (known !== undefined) return known;
  throw new ProblemError(invalidRequest([{ field: "area", message: "is not among /api/areas" }]));
}

/** What is asked of an area in place of cells. */
export const placeOfArea = (known: KnownArea | undefined) => known && { areaId: known.id, isOwn: known.isOwn };

/** What an answer tells of the area that was asked for. */
export const tellArea = (known: KnownArea | undefined) => known && { area: { id: known.id, name: known.name } };

/** @throws ProblemError 400 when there is something beside a parameter that chooses areas with borders */
export function refuseOthers(name: string, others: object): void {
  const field = Object.entries(others).find(([, value]) => value !== undefined)?.[0];
  if (field === undefined) return;
  throw new ProblemError(invalidRequest([{ field, message: `must be left out where ${name} is given` }]));
}
