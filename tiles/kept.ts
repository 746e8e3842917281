import { columnAt, rowAt } from "./geo/geohash.ts";
import { hasSensitive, isSensitive, type ReportLayer } from "./layers.ts";

/**
 * Place and time of a report as they are kept and told. Nothing finer is stored, or leaves: to five decimals and the minute, and of
 * sensitive categories to a grid of about 100 m and the quarter of an hour. What is kept already stays as it is.
 *
 * The grid is made of geohash bits, so that its cells lie in cells of the log and of neighbourhoods as a whole, and a place never leaves these
 * by being snapped: 76 m from south to north, and from west to east as many bits as come to 71 to 141 m at that latitude. Beyond
 * 88.3 degrees, where there is nobody, cells of the log are narrower than that.
 */
export interface PlaceAndTime {
  readonly lonDeg: number;
  readonly latDeg: number;
  readonly createdAtMs: number;
}

const MINUTE_MS = 60_000;
const QUARTER_MS = 15 * MINUTE_MS;

const GRID_ROWS = 2 ** 18;
/** Columns around the earth by the latitude up to which there are so many, degrees. */
const GRID_COLUMNS = [
  [22.27, 2 ** 19],
  [62.44, 2 ** 18],
  [76.62, 2 ** 17],
  [83.36, 2 ** 16],
  [86.69, 2 ** 15],
  [88.34, 2 ** 14],
  [90, 2 ** 13],
] as const;

/** Precision of the cells of the log, which a place does not leave. */
const LOG_PRECISION = 5;

/** The place and time of a report of a layer and category as they are kept. */
export function kept(
  layer: ReportLayer,
  category: string,
  { lonDeg, latDeg, createdAtMs }: PlaceAndTime,
): PlaceAndTime {
  return { ...keptPlace(layer, category, lonDeg, latDeg), createdAtMs: keptTime(layer, category, createdAtMs) };
}

/** A place as it is kept, WGS 84 degrees. */
export function keptPlace(
  layer: ReportLayer,
  category: string,
  lonDeg: number,
  latDeg: number,
): Pick<PlaceAndTime, "lonDeg" | "latDeg"> {
  if (isSensitive(layer, category)) return snapped(lonDeg, latDeg);
  return { lonDeg: fiveDecimals(lonDeg), latDeg: fiveDecimals(latDeg) };
}

/** The same of a report that an older program stored: it stays in the cell of the log that its id names. */
export function toldPlace(
  layer: ReportLayer,
  category: string,
  lonDeg: number,
  latDeg: number,
): Pick<PlaceAndTime, "lonDeg" | "latDeg"> {
  if (isSensitive(layer, category)) return snapped(lonDeg, latDeg);
  return { lonDeg: roundedIn(columnAt, lonDeg), latDeg: roundedIn(rowAt, latDeg) };
}

/** A time as it is kept, Unix milliseconds: never later than it was. */
export const keptTime = (layer: ReportLayer, category: string, timeMs: number): number =>
  floorTo(timeMs, isSensitive(layer, category) ? QUARTER_MS : MINUTE_MS);

/** The earliest time that is kept of what happens at a time, or later, in a layer. */
export const keptFrom = (layer: ReportLayer, timeMs: number): number =>
  floorTo(timeMs, hasSensitive(layer) ? QUARTER_MS : MINUTE_MS);

/** The same in whatever layer. */
export const keptFromAny = (timeMs: number): number => floorTo(timeMs, QUARTER_MS);

const floorTo = (timeMs: number, stepMs: number): number => Math.floor(timeMs / stepMs) * stepMs;

/** The middle of its cell of the grid. */
function snapped(lonDeg: number, latDeg: number) {
  const lat = middleOf(latDeg, 180, GRID_ROWS);
  const columns = GRID_COLUMNS.find(([upToDeg]) => Math.abs(lat) <= upToDeg)?.[1] ?? 1;
  return { lonDeg: fiveDecimals(middleOf(lonDeg, 360, columns)), latDeg: fiveDecimals(lat) };
}

/** Of `count` equal pieces of so many degrees around 0. Scaling by powers of two is exact, as in geohashes. */
function middleOf(deg: number, span: number, count: number): number {
  const index = Math.min(count - 1, Math.max(0, Math.floor(((deg + span / 2) / span) * count)));
  return ((index + 0.5) / count) * span - span / 2;
}

/** To five decimals, in the cell of the log where it was. */
function roundedIn(cellAt: (deg: number, precision: number) => number, deg: number): number {
  const near = fiveDecimals(deg);
  if (cellAt(near, LOG_PRECISION) === cellAt(deg, LOG_PRECISION)) return near;
  const other = near < deg ? Math.ceil(deg * 1e5) : Math.floor(deg * 1e5);
  return other / 1e5 + 0;
}

/** Adding zero turns -0, which JSON does not know, into 0. */
const fiveDecimals = (deg: number): number => Math.round(deg * 1e5) / 1e5 + 0;
