/**
 * Reference systems whose coordinates are degrees that lie within a metre or two of those of WGS 84, by their EPSG numbers: WGS 84 in
 * two and three dimensions, NAD 83, ETRS 89, GDA 94 and 2020, NZGD 2000, SIRGAS 2000, JGD 2000 and 2011, CGCS 2000 and the like.
 */
const DEGREES = new Set([4326, 4979, 4269, 4258, 4283, 7844, 4167, 4674, 4612, 6668, 4490, 4617, 6318, 4152, 4759]);
const NAMED_DEGREES = /(?:CRS84h?|CRS83|WGS ?84)$/i;

/** The member `crs` of GeoJSON of 2008: a sentence when it is not in degrees, nothing when it is, or there is none. */
export function describeForeignCrs(crs: unknown): string | undefined {
  if (!isRecord(crs)) return undefined;
  const properties = isRecord(crs.properties) ? crs.properties : {};
  if (crs.type === "EPSG" || typeof properties.code === "number")
    return foreign(Number(properties.code), `EPSG:${properties.code}`);
  const { name, href } = properties;
  if (typeof name !== "string") return typeof href === "string" ? inOther(href) : undefined;
  if (NAMED_DEGREES.test(name)) return undefined;
  return foreign(numberAtEnd(name), name);
}

/** The member `spatialReference` of Esri's JSON, of an object that may have one. */
export function describeForeignReference(object: unknown): string | undefined {
  if (!isRecord(object) || !isRecord(object.spatialReference)) return undefined;
  const { wkid, latestWkid, wkt } = object.spatialReference;
  const codes = [latestWkid, wkid].filter((code) => typeof code === "number");
  const [code] = codes;
  if (code !== undefined) return codes.some((one) => DEGREES.has(one)) ? undefined : inOther(`EPSG:${code}`);
  return typeof wkt === "string" && wkt.startsWith("PROJCS")
    ? inOther(wkt.slice(8, 60).split('"', 1)[0] ?? "")
    : undefined;
}

const numberAtEnd = (name: string): number => Number(/(?:^|[:/#])(\d+)$/.exec(name)?.[1] ?? Number.NaN);

const foreign = (code: number, name: string): string | undefined => (DEGREES.has(code) ? undefined : inOther(name));

const LONGEST_NAME = 100;

const inOther = (name: string): string =>
  `has places in ${name.slice(0, LONGEST_NAME)}, which are not degrees of WGS 84: ogr2ogr -t_srs EPSG:4326 makes them so`;

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
