import { isTile, MAX_BUFFER_PX, MAX_ZOOM, type TileAddress, withBuffer } from "../../tiles/geo/tile-address.ts";
import {
  DEFAULT_WINDOW,
  isTileLayer,
  isTimeWindow,
  TILE_LAYERS,
  TIME_WINDOWS,
  type TileLayer,
  type TimeWindow,
} from "../../tiles/layers.ts";
import type { TileRequest } from "./tile-source.ts";

/** A comma list longer than this is refused before it is split: repeating a layer must not multiply work. */
const MAX_LIST_CHARACTERS = 200;

/** What is wrong with an address: a part of it that is malformed, or something well-formed that there is not. */
export type PathFault =
  | { readonly kind: "malformed"; readonly field: string; readonly message: string; readonly limit?: number }
  | { readonly kind: "absent"; readonly detail: string };

/** What a part of an address says, or what is wrong with it. */
export type Parsed<T> = { readonly value: T } | { readonly fault: PathFault };

/** Layers of a path segment, each once, in the order of TILE_LAYERS, so that equal tiles have one cache key. */
export function parseLayers(segment: string): Parsed<TileLayer[]> {
  if (segment.length > MAX_LIST_CHARACTERS) {
    return malformed("layers", `must be at most ${MAX_LIST_CHARACTERS} characters`, MAX_LIST_CHARACTERS);
  }
  const names = segment.split(",");
  if (names.some((name) => !/^[a-z][a-z_-]*$/.test(name)))
    return malformed("layers", "must be layer names with commas between them");
  const unknown = names.find((name) => !isTileLayer(name));
  if (unknown !== undefined) return absent(`There is no layer ${unknown}. Layers: ${TILE_LAYERS.join(", ")}.`);
  return { value: TILE_LAYERS.filter((layer) => names.includes(layer)) };
}

/** Tile address of three path segments, plain decimal numbers, the last with its suffix `.pbf` or `.mvt`. */
export function parseTileAddress(z: string, x: string, file: string): Parsed<TileAddress> {
  const named = /^(.*)\.(?:pbf|mvt)$/.exec(file);
  if (named === null) return malformed("y", "must end in .pbf or .mvt");
  const [, y = ""] = named;
  for (const [field, text] of Object.entries({ z, x, y })) {
    if (!/^(?:0|-?[1-9]\d*)$/.test(text)) return malformed(field, "must be a whole decimal number");
  }
  const address = { z: Number(z), x: Number(x), y: Number(y) };
  if (isTile(address)) return { value: address };
  const zooms = `zooms are 0 to ${MAX_ZOOM}, x and y 0 to 2^z - 1`;
  return absent(`There is no tile ${address.z}/${address.x}/${address.y}: ${zooms}.`);
}

/** The `window` parameter. */
export function parseWindow(text: string | undefined): Parsed<TimeWindow> {
  if (text === undefined) return { value: DEFAULT_WINDOW };
  if (!isTimeWindow(text)) return malformed("window", `must be one of ${TIME_WINDOWS.join(", ")}`);
  return { value: text };
}

/** The `buffer` parameter. @returns pixels, 512 of which are a tile's width: what MapLibre and Mapbox GL mean by a source's buffer */
export function parseBuffer(text: string | undefined): Parsed<number> {
  if (text === undefined) return { value: 0 };
  if (/^(?:0|[1-9]\d{0,2})$/.test(text) && Number(text) <= MAX_BUFFER_PX) return { value: Number(text) };
  return malformed("buffer", `must be a whole number of pixels from 0 to ${MAX_BUFFER_PX}`, MAX_BUFFER_PX);
}

/** A tile's address as it is written. */
export interface TilePath {
  readonly layers: string;
  readonly z: string;
  readonly x: string;
  readonly file: string;
  readonly window: string | undefined;
  readonly buffer: string | undefined;
}

/** The tile that path segments and parameters name, or the first thing that is wrong with them. */
export function parseTilePath(path: TilePath): Parsed<TileRequest> {
  const layers = parseLayers(path.layers);
  if ("fault" in layers) return layers;
  const tile = parseTileAddress(path.z, path.x, path.file);
  if ("fault" in tile) return tile;
  const window = parseWindow(path.window);
  if ("fault" in window) return window;
  const buffer = parseBuffer(path.buffer);
  if ("fault" in buffer) return buffer;
  return { value: { layers: layers.value, tile: withBuffer(tile.value, buffer.value), window: window.value } };
}

/** The one address that caches know a tile by: layers in order and each once, nothing that goes without saying. */
export function tilePath({ layers, tile: { z, x, y, bufferPx = 0 }, window }: TileRequest): string {
  return `/tiles/${layers.join(",")}/${z}/${x}/${y}.pbf${tileQuery(window, bufferPx)}`;
}

/** The query of a tile's address, with its question mark; empty when all goes without saying. */
export function tileQuery(window: TimeWindow, bufferPx: number): string {
  const parts = [
    ...(window === DEFAULT_WINDOW ? [] : [`window=${window}`]),
    ...(bufferPx === 0 ? [] : [`buffer=${bufferPx}`]),
  ];
  return parts.length === 0 ? "" : `?${parts.join("&")}`;
}

function malformed(field: string, message: string, limit?: number): { readonly fault: PathFault } {
  return { fault: { kind: "malformed", field, message, ...(limit !== undefined && { limit }) } };
}

const absent = (detail: string): { readonly fault: PathFault } => ({ fault: { kind: "absent", detail } });
