import { BASE32, isGeohash } from "./geo/geohash.ts";
import { REPORT_LAYERS, type ReportLayer } from "./layers.ts";

/**
 * A report id is 25 characters of geohash base 32, which sorts as text does:
 *
 *     0..9    time created, Unix milliseconds, 50 bits
 *     10..14  geohash-5 of the place: with layer and shard the whole partition key, so a report is one GetItem away
 *     15      layer, index into REPORT_LAYERS
 *     16      write shard of the cell
 *     17..24  40 bits, random, or for an imported row derived from the row and a key, so that it is never stored twice
 */
export const REPORT_ID_LENGTH = 25;
const TIME_LENGTH = 10;
const MAX_TIME_MS = 32 ** TIME_LENGTH - 1;
export const TAIL_LENGTH = 8;

export interface ReportIdParts {
  readonly createdAtMs: number;
  readonly geohash5: string;
  readonly layer: ReportLayer;
  /** 0..31 */
  readonly shard: number;
  /** Eight characters of base 32, see `idTail`. */
  readonly tail: string;
}

/** Writes an id. @throws RangeError when a part is outside its range. */
export function formatReportId(parts: ReportIdParts): string {
  const layerIndex = REPORT_LAYERS.indexOf(parts.layer);
  if (parts.geohash5.length !== 5 || !isGeohash(parts.geohash5))
    throw new RangeError(`not a geohash-5: ${parts.geohash5}`);
  if (layerIndex < 0) throw new RangeError(`unknown layer: ${parts.layer}`);
  if (!(Number.isInteger(parts.shard) && parts.shard >= 0 && parts.shard < 32)) {
    throw new RangeError(`shard outside 0..31: ${parts.shard}`);
  }
  if (parts.tail.length !== TAIL_LENGTH || !isGeohash(parts.tail))
    throw new RangeError(`not an id tail: ${parts.tail}`);
  return idTimePrefix(parts.createdAtMs) + parts.geohash5 + BASE32[layerIndex] + BASE32[parts.shard] + parts.tail;
}

/** Reads an id; `undefined` when it is not one. */
export function parseReportId(id: string): ReportIdParts | undefined {
  if (id.length !== REPORT_ID_LENGTH || !/^[0-9b-hjkmnp-z]+$/.test(id)) return undefined;
  const layer = REPORT_LAYERS[BASE32.indexOf(id.charAt(15))];
  if (layer === undefined) return undefined;
  return {
    createdAtMs: timeOfId(id),
    geohash5: id.slice(10, 15),
    layer,
    shard: BASE32.indexOf(id.charAt(16)),
    tail: id.slice(17),
  };
}

/**
 * The first ten characters of every id of a millisecond: a lower bound, inclusive, for "created at or after".
 * @throws RangeError outside 0 .. 2^50-1 ms.
 */
export function idTimePrefix(timeMs: number): string {
  if (!(Number.isInteger(timeMs) && timeMs >= 0 && timeMs <= MAX_TIME_MS))
    throw new RangeError(`time outside ids' range: ${timeMs}`);
  let text = "";
  for (let i = 0, rest = timeMs; i < TIME_LENGTH; i++, rest = Math.floor(rest / 32)) text = BASE32[rest % 32] + text;
  return text;
}

/** The time of an id, or of its prefix. @throws RangeError when it begins with none */
export function timeOfId(id: string): number {
  let timeMs = 0;
  for (let i = 0; i < TIME_LENGTH; i++) {
    const value = BASE32.indexOf(id.charAt(i));
    if (id.length <= i || value < 0) throw new RangeError(`not a report id or its beginning: ${id}`);
    timeMs = timeMs * 32 + value;
  }
  return timeMs;
}

/** The one of two ids, or prefixes, that sorts first; of one alone, that one. */
export function earlierId(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a < b ? a : b;
}

/** Makes the id's last eight characters of at least five bytes, random or hashed. @throws RangeError on fewer. */
export function idTail(bytes: Uint8Array): string {
  if (bytes.length < 5) throw new RangeError(`an id tail needs 5 bytes, got ${bytes.length}`);
  let text = "";
  let bits = 0;
  let held = 0;
  for (let i = 0; i < 5; i++) {
    bits = (bits << 8) | (bytes[i] ?? 0);
    held += 8;
    while (held >= 5) {
      held -= 5;
      text += BASE32[(bits >> held) & 31];
    }
    bits &= (1 << held) - 1;
  }
  return text;
}
