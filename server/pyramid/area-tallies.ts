import { type BoxE6, boundsOfBox } from "../../tiles/areas/area.ts";
import type { Arena } from "../../tiles/cells/arena.ts";
import { type AreaTally, arenaOfTallies, decodeAreaTally } from "../../tiles/codec/area-tally-codec.ts";
import { StoredItemError } from "../../tiles/codec/stored-item.ts";
import { coverBounds } from "../../tiles/geo/geohash.ts";
import { isReportLayer, type ReportLayer } from "../../tiles/layers.ts";
import { type AreaSetVersion, keyOfVersion } from "../areas/area-sets.ts";
import type { Log } from "../console/log.ts";
import type { DerivedItem, DerivedStore } from "../ports/derived-store.ts";
import type { LogCell } from "../ports/report-store.ts";

/**
 * Where areas' tallies are stored: in groups by geohashes of three characters, each by the log cell and layer that it is of, so that one
 * request reads those of all layers around a place.
 */
const GROUP_LENGTH = 3;

/** Log cells, as geohashes: the first and the last. */
export interface CellRange {
  readonly from: string;
  readonly to: string;
}

export const tallyGroup = (of: AreaSetVersion, geohash: string): string =>
  `area-tallies/${keyOfVersion(of)}/${geohash.slice(0, GROUP_LENGTH)}`;

export const tallyName = ({ layer, geohash5 }: LogCell): string => `${geohash5}/${layer}`;

/**
 * Tallies of log cells from one on up to another, both of one geohash of three characters, by name; undefined in place of a damaged
 * one.
 */
export async function readTallies(
  { derived, log }: { readonly derived: DerivedStore; readonly log: Log },
  of: AreaSetVersion,
  { from, to }: CellRange,
): Promise<Map<string, AreaTally | undefined>> {
  const group = tallyGroup(of, from);
  const items = await derived.list(group, { from, to: `${to}~` });
  const arena = arenaOfTallies(items.reduce((sum, { body }) => sum + body.length, 0));
  return new Map(
    items.flatMap((item): [string, AreaTally | undefined][] => {
      const cell = cellOfName(item.name);
      return cell === undefined ? [] : [[item.name, decodeOrWarn(item, cell, { group, log, arena })]];
    }),
  );
}

interface DecodeOptions {
  readonly group: string;
  readonly log: Log;
  readonly arena: Arena;
}

function decodeOrWarn(item: DerivedItem, cell: LogCell, { group, log, arena }: DecodeOptions) {
  try {
    return decodeTally(item, cell, group, arena);
  } catch (error) {
    if (!(error instanceof StoredItemError)) throw error;
    log.warn("damaged tally of areas: counting the cell's reports instead", { item: error.message });
    return undefined;
  }
}

/** @throws StoredItemError */
export const decodeTally = ({ name, body }: DerivedItem, cell: LogCell, group: string, arena?: Arena): AreaTally =>
  decodeAreaTally(body, cell.geohash5, `${group} ${name}`, arena);

function cellOfName(name: string): { layer: ReportLayer; geohash5: string } | undefined {
  const [geohash5 = "", layer = ""] = name.split("/");
  return isReportLayer(layer) ? { layer, geohash5 } : undefined;
}

/** Removes all tallies of a version whose areas lie in a box. */
export async function removeTallies(derived: DerivedStore, of: AreaSetVersion, box: BoxE6): Promise<void> {
  for (const geohash3 of coverBounds(boundsOfBox(box), GROUP_LENGTH, Infinity)) {
    const group = tallyGroup(of, geohash3);
    const left = await derived.list(group, { consistent: true });
    if (left.length > 0) await derived.remove(group, left);
  }
}
