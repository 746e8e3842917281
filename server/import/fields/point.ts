import type { ValueProblem } from "./degrees.ts";

/** The two texts of a point, each as `readDegrees` reads it. */
export interface PointTexts {
  readonly lon: string;
  readonly lat: string;
}

export interface PointOptions {
  /** Of pairs that are not in an order of their own, such as `40.7, -73.9`: the longitude comes first. */
  readonly lonFirst?: boolean | undefined;
}

/** WGS 84, and what lies within a few metres of it: NAD 83, ETRS 89. */
const DEGREE_SYSTEMS = new Set(["4326", "4269", "4258"]);

const WELL_KNOWN_TEXT = /^(?:SRID\s*=\s*(\d+)\s*;\s*)?POINT\s*(?:ZM|Z|M)?\s*\(([^()]*)\)$/i;
/** Also what other geometries are written as; `POINT PLEASANT, NJ (40.1, -74.1)` is an address. */
const IS_WELL_KNOWN_TEXT = /^(?:SRID\s*=|(?:POINT|(?:MULTI)?(?:LINESTRING|POLYGON)|MULTIPOINT)\s*(?:ZM|Z|M)?\s*\()/i;
const NAMED = /["']?\b(lat|latitude|y|lon|lng|long|longitude|x)["']?\s*[:=]\s*["']?([^"',;{}]+)/gi;
/** GeoSPARQL's way to name the system; without a name it is this one, longitude first. */
const NAME_OF_CRS84 = /^<https?:\/\/www\.opengis\.net\/def\/crs\/OGC\/1\.3\/CRS84>\s*/i;
/** Behind anything else that it may depend on which number is first. */
const ENDS_AS_WELL_KNOWN_TEXT = /\bPOINT\s*(?:ZM|Z|M)?\s*\([^(),;]*\)$/i;
/** Behind an address of any number of lines. */
const IN_BRACKETS_AT_END = /\(([^()]*)\)$/;

const NO_POINT = "is not a point: (lat, lon), POINT (lon lat), GeoJSON and {latitude, longitude} are read";

/**
 * Reads a point that is one text. Longitude first, by their standards: `POINT (-73.9 40.7)` with or without Z, M and `SRID=4326;`,
 * GeoJSON points, `[-73.9, 40.7]`. By name: `{"latitude": "40.7", "longitude": "-73.9"}`. Latitude first, as people write, unless
 * `lonFirst` or letters say otherwise: `40.7, -73.9`, `(40.7, -73.9)`, the same behind an address.
 */
export function readPoint(text: string, options: PointOptions = {}): PointTexts | ValueProblem {
  if (text.length > 4096) return { problem: NO_POINT };
  if (/^[[{]/.test(text)) return readJson(text) ?? readNamed(text) ?? { problem: NO_POINT };
  const bare = text.replace(NAME_OF_CRS84, "");
  if (IS_WELL_KNOWN_TEXT.test(bare)) return readWellKnownText(bare);
  if (ENDS_AS_WELL_KNOWN_TEXT.test(text)) return { problem: NO_POINT };
  const inside = IN_BRACKETS_AT_END.exec(text)?.[1] ?? text;
  return readNamed(inside) ?? readPair(inside.trim().replace(/([\d.°º'"′″])\s+([NSEW])\b/gi, "$1$2"), options);
}

function readJson(text: string): PointTexts | ValueProblem | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { type = "Point", coordinates } = (Array.isArray(value) ? { coordinates: value } : value) as Record<
    string,
    unknown
  >;
  if (type !== "Point") return { problem: "is not a point but another kind of geometry" };
  if (!Array.isArray(coordinates)) return undefined;
  const [lon, lat] = coordinates;
  const isPoint = coordinates.length <= 4 && [lon, lat].every((part) => ["number", "string"].includes(typeof part));
  return isPoint ? { lon: String(lon), lat: String(lat) } : { problem: NO_POINT };
}

/** Also of what is nearly JSON: exports write Python's dictionaries. */
function readNamed(text: string): PointTexts | undefined {
  const found: Partial<Record<"lon" | "lat", string>> = {};
  for (const [, name = "", value = ""] of text.matchAll(NAMED))
    found[/^(?:lat|y)/i.test(name) ? "lat" : "lon"] ??= value.trim();
  const { lon, lat } = found;
  return lon === undefined || lat === undefined ? undefined : { lon, lat };
}

function readWellKnownText(text: string): PointTexts | ValueProblem {
  const [, system = "4326", inside = ""] = WELL_KNOWN_TEXT.exec(text) ?? [];
  if (!DEGREE_SYSTEMS.has(system))
    return { problem: `is in EPSG:${system}: export the file as WGS 84 degrees (EPSG:4326)` };
  const [lon, lat, ...more] = inside.trim().split(/\s+/);
  return lon && lat && more.length <= 2 ? { lon, lat } : { problem: NO_POINT };
}

function readPair(text: string, { lonFirst = false }: PointOptions): PointTexts | ValueProblem {
  const parts = partsOf(text);
  if (parts === undefined) return { problem: NO_POINT };
  const [first, second] = parts;
  const letters = [first, second].map((part) => /^[NSEW]|[NSEW]$/i.exec(part)?.[0]?.toUpperCase() ?? "");
  const told = letters.every((letter) => letter !== "");
  const isLonFirst = told ? "EW".includes(letters[0] ?? "") : lonFirst;
  return isLonFirst ? { lon: first, lat: second } : { lon: second, lat: first };
}

/** `;` and `|` part surely, then a comma that is alone, then a comma with a space behind it, then spaces. */
function partsOf(text: string): readonly [string, string] | undefined {
  for (const separator of [/[;|]/, /,(?=\s)/, /,/, /\s+/]) {
    const parts = text.split(separator).map((part) => part.trim());
    const [first = "", second = ""] = parts;
    if (parts.length > 2) return undefined;
    if (parts.length === 2) return /\d/.test(first) && /\d/.test(second) ? [first, second] : undefined;
  }
  return undefined;
}
