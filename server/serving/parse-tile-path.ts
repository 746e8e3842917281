import { isTile, MAX_ZOOM, type TileAddress } from "../../tiles/geo/tile-address.ts";
import {
  DEFAULT_WINDOW,
  isTileLayer,
  isTimeWindow,
  TILE_LAYERS,
  TIME_WINDOWS,
  type TileLayer,
  type TimeWindow,
} from "../../tiles/layers.ts";
import { invalidRequest, ProblemError } from "../http/app/problem.ts";
import type { TileRequest } from "./tile-source.ts";

/** A comma list longer than this is refused before it is split: repeating a layer must not multiply work. */
const MAX_LIST_CHARACTERS = 200;

/**
 * Layers of a path segment, each once, in the order of TILE_LAYERS, so that equal tiles have one cache key.
 * @throws ProblemError 400 on a malformed list, 404 on a layer that there is not
 */
export function parseLayers(segment: string): TileLayer[] {
  if (segment.length > MAX_LIST_CHARACTERS) {
    throw badPath("layers", `must be at most ${MAX_LIST_CHARACTERS} characters`, MAX_LIST_CHARACTERS);
  }
  const names = segment.split(",");
  if (names.some((name) => !/^[a-z][a-z_-]*$/.test(name)))
    throw badPath("layers", "must be layer names with commas between them");
  const unknown = names.find((name) => !isTileLayer(name));
  if (unknown !== undefined) {
    throw new ProblemError({
      status: 404,
      detail: `There is no layer ${unknown}. Layers: ${TILE_LAYERS.join(", ")}.`,
    });
  }
  return TILE_LAYERS.filter((layer) => names.includes(layer));
}

/**
 * Tile address of three path segments, the last with its suffix `.pbf` or `.mvt`.
 * @throws ProblemError 400 when a segment is no plain decimal number, 404 outside z 0..22 or the zoom's x and y
 */
export function parseTileAddress(z: string, x: string, file: string): TileAddress {
  const named = /^(.*)\.(?:pbf|mvt)$/.exec(file);
  if (named === null) throw badPath("y", "must end in .pbf or .mvt");
  const numbers = Object.entries({ z, x, y: named[1] ?? "" }).map(([field, text]): [string, number] => {
    if (!/^(?:0|-?[1-9]\d*)$/.test(text)) throw badPath(field, "must be a whole decimal number");
    return [field, Number(text)];
  });
  const address = Object.fromEntries(numbers) as unknown as TileAddress;
  if (isTile(address)) return address;
  throw new ProblemError({
    status: 404,
    detail: `There is no tile ${address.z}/${address.x}/${address.y}: zooms are 0 to ${MAX_ZOOM}, x and y 0 to 2^z - 1.`,
  });
}

/** The `window` parameter. @throws ProblemError 400 on anything but a known window */
export function parseWindow(text: string | undefined): TimeWindow {
  if (text === undefined) return DEFAULT_WINDOW;
  if (!isTimeWindow(text)) throw badPath("window", `must be one of ${TIME_WINDOWS.join(", ")}`);
  return text;
}

/**
 * The tile that path segments and a window name; undefined when they name none: what is wrong is for the app to explain, which
 * reads them the same way.
 */
export function findTile(layers: string, z: string, x: string, file: string, window?: string): TileRequest | undefined {
  try {
    return { layers: parseLayers(layers), tile: parseTileAddress(z, x, file), window: parseWindow(window) };
  } catch (error) {
    if (error instanceof ProblemError) return undefined;
    throw error;
  }
}

/** The one address that caches know a tile by: layers in order and each once, nothing that goes without saying. */
export function tilePath({ layers, tile: { z, x, y }, window }: TileRequest): string {
  return `/tiles/${layers.join(",")}/${z}/${x}/${y}.pbf${window === DEFAULT_WINDOW ? "" : `?window=${window}`}`;
}

function badPath(field: string, message: string, limit?: number): ProblemError {
  return new ProblemError(invalidRequest([{ field, message, ...(limit !== undefined && { limit }) }]));
}
