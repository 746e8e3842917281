import type { Area } from "../../tiles/areas/area.ts";
import { boxAround, boxesMeet, boxOfPolygons, MOST_SPAN_E6 } from "../../tiles/areas/area.ts";
import { isInside } from "../../tiles/areas/area-locator.ts";
import type { NumberedArea } from "../../tiles/codec/area-codec.ts";
import { checkPolygons, type Repair } from "../areas/check-polygons.ts";
import { oneLineName } from "../reports/one-line-name.ts";
import type { RawFeature } from "./read-features.ts";

export interface CheckOptions {
  readonly city: string;
  readonly kind: string;
  /** Property that an area is called by. */
  readonly nameProperty: string;
  /** Property that tells areas apart over versions; the name without it. */
  readonly idProperty?: string | undefined;
}

export interface CheckedAreas {
  /** Ascending by id, numbered. */
  readonly areas: readonly NumberedArea[];
  /** Sentences, each of a feature that is not among the areas. */
  readonly faults: readonly string[];
  /** How many features each repair was made of. */
  readonly repairs: ReadonlyMap<Repair | "left out a copy of another feature", number>;
  /** Of two areas of which places lie in both. */
  readonly overlaps: readonly (readonly [string, string])[];
}

const MAX_NAME = 120;
const MAX_SLUG = 60;

/** Checks features, and makes areas of those that can be. */
export function checkAreas(features: readonly RawFeature[], options: CheckOptions): CheckedAreas {
  const faults: string[] = [];
  const repairs = new Map<Repair | "left out a copy of another feature", number>();
  const byId = new Map<string, { area: Area; index: number }>();
  const note = (repair: Repair | "left out a copy of another feature") =>
    repairs.set(repair, (repairs.get(repair) ?? 0) + 1);
  features.forEach((feature, index) => {
    const checked = areaOf(feature, options);
    const told = `Feature ${index + 1}${checked.name === undefined ? "" : ` (${checked.name})`}`;
    if ("fault" in checked) {
      faults.push(`${told} ${checked.fault}.`);
      return;
    }
    const { area } = checked;
    const known = byId.get(area.id);
    if (known === undefined) {
      byId.set(area.id, { area, index });
      for (const repair of checked.repairs) note(repair);
    } else if (samePolygons(known.area, area)) note("left out a copy of another feature");
    else
      faults.push(
        `${told} has the same id as feature ${known.index + 1}, ${area.id}: say --id PROPERTY, or mend the file.`,
      );
  });
  const areas = [...byId.values()]
    .map(({ area }) => area)
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .map((area, number) => ({ ...area, number }));
  if (areas.length > 0) checkSpan(areas, faults);
  return { areas, faults, repairs, overlaps: overlapsOf(areas) };
}

function checkSpan(areas: readonly Area[], faults: string[]): void {
  const { west, south, east, north } = boxAround(areas.map(({ box }) => box));
  if (east - west > MOST_SPAN_E6 || north - south > MOST_SPAN_E6)
    faults.push("The areas together span more than 90 degrees: are they all of one city?");
}

function areaOf({ properties, geometry }: RawFeature, { city, kind, nameProperty, idProperty }: CheckOptions) {
  const name = oneLineName(properties[nameProperty], MAX_NAME);
  if (name === undefined) {
    const others = Object.keys(properties).slice(0, 12).join(", ");
    return {
      name,
      fault: `has no name: no text under ${nameProperty}; it has ${others === "" ? "no properties" : others}`,
    };
  }
  const id = idProperty === undefined ? name : textOf(properties[idProperty]);
  if (id === undefined) return { name, fault: `has no id: nothing under ${idProperty}` };
  const slug = slugOf(id);
  if (slug === "")
    return { name, fault: `has an id without a letter or digit of the Latin alphabet: say --id PROPERTY` };
  const checked = checkPolygons(geometry);
  if ("fault" in checked) return { name, fault: checked.fault };
  const { polygons, repairs } = checked;
  const area: Area = { id: `${idPrefixOf(city, kind)}${slug}`, name, polygons, box: boxOfPolygons(polygons) };
  return { name, area, repairs };
}

function textOf(value: unknown): string | undefined {
  const text = typeof value === "number" ? String(value) : typeof value === "string" ? value.trim() : "";
  return text === "" ? undefined : text;
}

/** What the ids of a set's areas begin with. */
export const idPrefixOf = (city: string, kind: string): string => `${city}-${kind === "neighborhood" ? "n" : kind}-`;

/** `St. Mary's Park` as `st-mary-s-park`, `Cañada` as `canada`. */
export function slugOf(text: string): string {
  const plain = text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  return plain
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, MAX_SLUG)
    .replace(/^-+|-+$/g, "");
}

const samePolygons = (a: Area, b: Area): boolean =>
  JSON.stringify(a.polygons.map(ringsOf)) === JSON.stringify(b.polygons.map(ringsOf));
const ringsOf = (polygon: Area["polygons"][number]): number[][] => polygon.map((ring) => [...ring]);

/** Places tried in each area. */
const TRIED = 40;
/** A shared border that is told in two ways leaves slivers: an overlap is where more of the places tried lie in both. */
const SLIVERS = 2;

/** Pairs of areas of which some places lie in both: of each area a lattice of places is tried. */
function overlapsOf(areas: readonly Area[]): [string, string][] {
  const overlaps: [string, string][] = [];
  const byWest = areas.toSorted((a, b) => a.box.west - b.box.west);
  byWest.forEach((area, i) => {
    const places = latticeIn(area);
    for (let j = i + 1; j < byWest.length && (byWest[j] as Area).box.west <= area.box.east; j++) {
      const other = byWest[j] as Area;
      if (!boxesMeet(area.box, other.box)) continue;
      const both = places.filter(([lon, lat]) => isInside(other.polygons, lon, lat)).length;
      const back = latticeIn(other).filter(([lon, lat]) => isInside(area.polygons, lon, lat)).length;
      if (both > SLIVERS || back > SLIVERS) overlaps.push([area.name, other.name]);
    }
  });
  return overlaps;
}

const lattices = new WeakMap<Area, [number, number][]>();

function latticeIn(area: Area): [number, number][] {
  const known = lattices.get(area);
  if (known !== undefined) return known;
  const { west, south, east, north } = area.box;
  const side = Math.ceil(Math.sqrt(TRIED));
  const places = Array.from({ length: side * side }, (_, i): [number, number] => [
    Math.floor(west + (((i % side) + 0.5) / side) * (east - west)),
    Math.floor(south + ((Math.floor(i / side) + 0.5) / side) * (north - south)),
  ]).filter(([lon, lat]) => isInside(area.polygons, lon, lat));
  lattices.set(area, places);
  return places;
}
