import { type Bbox, isInside } from "./bbox.ts";
import { type Axis, type DegreesOptions, looksProjected, readDegrees } from "./degrees.ts";
import type { FieldValues } from "./mapping.ts";
import { type PointOptions, readPoint } from "./point.ts";

export interface PlaceOptions extends DegreesOptions, PointOptions {
  /** Places outside are refused. */
  readonly bbox?: Bbox | undefined;
  /** Takes 0,0, which files write for "unknown", as a place. */
  readonly allowNullIsland?: boolean | undefined;
  /** Most places of the file are metres or feet: one that could be degrees is then no place either. */
  readonly isProjected?: boolean | undefined;
}

/** WGS 84 degrees. */
export interface Place {
  readonly lonDeg: number;
  readonly latDeg: number;
}

/** Why a row has no place: `message` completes a sentence that begins with the field, and is the same for all rows with the fault. */
export interface PlaceProblem {
  readonly field: string;
  readonly value: string;
  readonly message: string;
}

/** Reads where a row lies, by its point or by its longitude and latitude. */
export function placeOfRow(values: FieldValues, options: PlaceOptions): Place | PlaceProblem {
  const { point } = values;
  if (point === undefined) return placeOf(values, options);
  const problemWith = (message: string): PlaceProblem => ({ field: "point", value: point, message });
  if (point === "" || /^POINT\s*(?:ZM|Z|M)?\s*EMPTY$/i.test(point))
    return { field: "point", value: "", message: "is missing" };
  const texts = readPoint(point, options);
  if ("problem" in texts) return problemWith(texts.problem);
  const place = placeOf(texts, options);
  return "message" in place
    ? problemWith(place.field === "place" ? place.message : `has a ${place.field} that ${place.message}`)
    : place;
}

function placeOf(texts: Readonly<Record<Axis, string>>, options: PlaceOptions): Place | PlaceProblem {
  const [lonDeg, latDeg] = [readAxis("lon", texts.lon, options), readAxis("lat", texts.lat, options)];
  if (typeof lonDeg !== "number") return lonDeg;
  if (typeof latDeg !== "number") return latDeg;
  const problemWith = (message: string): PlaceProblem => ({
    field: "place",
    value: `${texts.lat}, ${texts.lon}`,
    message,
  });
  if (lonDeg === 0 && latDeg === 0 && !options.allowNullIsland) {
    return problemWith("is 0,0, which stands for an unknown place; --allow-null-island takes it as one");
  }
  if (options.isProjected) return problemWith("could be degrees, but most places of this file are metres or feet");
  return options.bbox && !isInside(options.bbox, lonDeg, latDeg)
    ? problemWith("lies outside --bbox")
    : { lonDeg, latDeg };
}

function readAxis(field: Axis, value: string, options: DegreesOptions): number | PlaceProblem {
  if (value === "") return { field, value, message: "is missing" };
  const degrees = readDegrees(field, value, options);
  return typeof degrees === "number" ? degrees : { field, value, message: degrees.problem };
}

/** Whether both coordinates are readable numbers and at least one is no degree of any kind. */
export function isProjectedPlace(values: FieldValues): boolean {
  const texts = values.point === undefined ? values : readPoint(values.point);
  if ("problem" in texts) return false;
  const numbers = [texts.lon, texts.lat].map((text) => (text === "" ? Number.NaN : Number(text)));
  return numbers.every(Number.isFinite) && numbers.some(looksProjected);
}
