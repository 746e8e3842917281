import { boxOfPolygons } from "../../tiles/areas/area.ts";
import { cellsMeeting } from "../areas/cells-of-area.ts";
import { checkPolygons } from "../areas/check-polygons.ts";
import { isObject } from "../kit/is-object.ts";
import { sleep } from "../kit/wait.ts";
import { oneLineName } from "../reports/one-line-name.ts";
import { LOG_PRECISION, OWN_AREA_LIMITS, type OwnAreaDraft } from "./own-area.ts";

/** What is wrong with a document: a sentence that goes on behind the field's name. */
export interface AreaFault {
  /** `features.3.geometry`, for one. */
  readonly field: string;
  readonly message: string;
  readonly limit?: number;
}

export type CheckedOwnAreas =
  | { readonly areas: readonly OwnAreaDraft[] }
  | { readonly faults: readonly AreaFault[] }
  /** There are so many, more than there is room for: none was looked at. */
  | { readonly tooMany: number };

/** Faults that are told of a document. */
const MOST_FAULTS = 20;

/**
 * Reads a GeoJSON Feature or FeatureCollection (RFC 7946) whose features have a `name`: all of them are areas, or none is. A feature takes up to a
 * tenth of a second, so requests come in between.
 * @param room so many areas may be added
 */
export async function checkOwnAreas(document: unknown, room = Infinity): Promise<CheckedOwnAreas> {
  const features = featuresOf(document);
  if (!Array.isArray(features)) return { faults: [features] };
  if (features.length > room) return { tooMany: features.length };
  const areas: OwnAreaDraft[] = [];
  const faults: AreaFault[] = [];
  for (const [i, { at, feature }] of features.entries()) {
    if (i > 0) await sleep(0);
    const checked = checkFeature(feature);
    if ("name" in checked) areas.push(checked);
    else faults.push(...checked.faults.map(({ field, ...fault }) => ({ field: fieldOf(at, field), ...fault })));
    if (faults.length >= MOST_FAULTS) break;
  }
  return faults.length > 0 ? { faults } : { areas };
}

const fieldOf = (...parts: readonly string[]): string => parts.filter((part) => part !== "").join(".") || "body";

/** Features, each with its place in the document. */
function featuresOf(document: unknown): { readonly at: string; readonly feature: unknown }[] | AreaFault {
  const { type, features } = isObject(document) ? document : {};
  if (type === "Feature") return [{ at: "", feature: document }];
  if (type !== "FeatureCollection") return { field: "body", message: "must be a GeoJSON Feature or FeatureCollection" };
  const most = OWN_AREA_LIMITS.features;
  if (!Array.isArray(features) || features.length === 0)
    return { field: "features", message: "must be a list of features" };
  if (features.length > most) return { field: "features", message: `must be at most ${most} at a time`, limit: most };
  return features.map((feature: unknown, i) => ({ at: `features.${i}`, feature }));
}

function checkFeature(feature: unknown): OwnAreaDraft | { readonly faults: readonly AreaFault[] } {
  const { type, properties, geometry } = isObject(feature) ? feature : {};
  if (type !== "Feature") return { faults: [{ field: "", message: "must be a Feature" }] };
  const name = checkName(isObject(properties) ? properties.name : undefined);
  const place = checkGeometry(geometry);
  const faults = [name, place].flatMap((checked) => ("message" in checked ? [checked] : []));
  if ("message" in name || "message" in place) return { faults };
  return { ...name, ...place };
}

/** A name as it is kept, or what is wrong with it. @param field that it came in */
export function checkName(value: unknown, field = "properties.name"): { readonly name: string } | AreaFault {
  const most = OWN_AREA_LIMITS.name;
  const name = typeof value === "string" ? oneLineName(value, most + 1) : undefined;
  if (name === undefined) return { field, message: `must be a text of 1 to ${most} characters` };
  if ([...name].length > most) return { field, message: `must have at most ${most} characters`, limit: most };
  return { name };
}

function checkGeometry(geometry: unknown): Omit<OwnAreaDraft, "name"> | AreaFault {
  const field = "geometry";
  const { corners, boxCells, logCells } = OWN_AREA_LIMITS;
  const checked = checkPolygons(geometry, corners);
  if ("fault" in checked) {
    const { fault, limit } = checked;
    return { field, message: fault, ...(limit !== undefined && { limit }) };
  }
  const { polygons } = checked;
  const box = boxOfPolygons(polygons);
  const cells = cellsMeeting({ box, polygons }, LOG_PRECISION, boxCells);
  if (cells === undefined)
    return {
      field,
      message: `is too large: its box meets more than ${boxCells} geohash-5 cells, of about 4.9 km each`,
      limit: boxCells,
    };
  if (cells.length > logCells)
    return {
      field,
      message: `is too large: it meets ${cells.length} geohash-5 cells of about 4.9 km each, the limit is ${logCells}`,
      limit: logCells,
    };
  return { polygons, box, cells };
}
