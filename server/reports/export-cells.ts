import { CELL_PRECISION } from "../../tiles/cluster/cluster-cells.ts";
import { geohashOfKey } from "../../tiles/geo/cell-key.ts";
import { BASE32 } from "../../tiles/geo/geohash.ts";
import { REPORT_LAYERS, type ReportLayer } from "../../tiles/layers.ts";
import type { CellOutline } from "../pyramid/outlines.ts";
import type { Pyramid } from "../pyramid/pyramid.ts";

/** The part of the world whose log cells are walked through. */
export interface CellsToWalk {
  /** Geohash of up to five characters that all of them begin with. */
  readonly prefix: string;
  /** The cells; without it all below the prefix. */
  readonly cells?: readonly string[];
}

export interface WalkOptions extends CellsToWalk {
  readonly pyramid: Pick<Pyramid, "cells" | "outlines">;
  readonly layers: readonly ReportLayer[];
  /** A geohash of two characters; those before are left out. */
  readonly from?: string;
}

/** Cell aggregates are asked by geohashes so long: one request for a part of a continent, and layer. */
const GROUP_LENGTH = 2;

/**
 * The log cells in which there may be reports, ascending by geohash, then in the order of the layers, a group of those that begin alike at a
 * time. Requests: two for each layer and group, whatever lies in it; nothing is asked below where there are no reports.
 */
export async function* walkLogCells(options: WalkOptions): AsyncGenerator<readonly CellOutline[], void> {
  const { pyramid, layers, from = "" } = options;
  for (const group of (await groupsOf(options)).sort()) {
    if (group < from) continue;
    const cells = await cellsIn(options, group);
    const outlines = await Promise.all(layers.map((layer) => pyramid.outlines(layer, group, cells)));
    yield outlines.flat().sort((a, b) => compareCells(a.cell, b.cell));
  }
}

/** The order in which cells are walked through. */
export function compareCells(a: CellOutline["cell"], b: CellOutline["cell"]): number {
  if (a.geohash5 !== b.geohash5) return a.geohash5 < b.geohash5 ? -1 : 1;
  return REPORT_LAYERS.indexOf(a.layer) - REPORT_LAYERS.indexOf(b.layer);
}

async function groupsOf({ prefix, cells, pyramid, layers }: WalkOptions): Promise<string[]> {
  if (cells !== undefined) return [...new Set(cells.map((cell) => cell.slice(0, GROUP_LENGTH)))];
  if (prefix.length >= GROUP_LENGTH) return [prefix.slice(0, GROUP_LENGTH)];
  return (await filledBelow(pyramid, layers, "")).filter((group) => group.startsWith(prefix));
}

async function cellsIn({ prefix, cells, pyramid, layers }: WalkOptions, group: string): Promise<readonly string[]> {
  if (cells !== undefined) return cells.filter((cell) => cell.startsWith(group));
  if (prefix.length === CELL_PRECISION) return [prefix];
  const parents = (await filledBelow(pyramid, layers, group)).filter((name) => name.startsWith(prefix));
  return parents.flatMap((parent) => Array.from(BASE32, (last) => parent + last));
}

/** Geohashes, two characters longer than one, in which there are reports of some layers; each once. */
async function filledBelow(
  pyramid: WalkOptions["pyramid"],
  layers: readonly ReportLayer[],
  geohash: string,
): Promise<string[]> {
  const found = await Promise.all(
    layers.map(async (layer) => {
      const { key, precision } = await pyramid.cells(layer, geohash);
      return Array.from(key, (each) => geohashOfKey(each, precision));
    }),
  );
  return [...new Set(found.flat())].sort();
}
