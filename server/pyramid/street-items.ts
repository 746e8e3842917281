import { addMicroCells, type MicroCells } from "../../tiles/cells/micro-cells.ts";
import { StoredItemError } from "../../tiles/codec/stored-item.ts";
import { decodeStreetUnits, type StreetHead, type StreetPiece, sumOfItem } from "../../tiles/codec/street-codec.ts";
import { BASE32 } from "../../tiles/geo/geohash.ts";
import { mergeAllColumns, type ReportColumns } from "../../tiles/report-columns.ts";
import { mapLimited } from "../kit/map-limited.ts";
import type { DerivedStore } from "../ports/derived-store.ts";
import type { LogCell } from "../ports/report-store.ts";

/** A unit of a street base, whole. */
export type StreetUnit = { readonly rows: ReportColumns } | { readonly cells: MicroCells };

/** The items of units of a side lie together, named by their order. */
export const streetGroup = ({ layer, geohash5 }: LogCell, side: 0 | 1): string => `street/${layer}/${geohash5}/${side}`;

const NAME_LENGTH = 3;

export function itemName(index: number): string {
  let name = "";
  for (let i = 0, left = index; i < NAME_LENGTH; i++, left = Math.floor(left / 32))
    name = BASE32.charAt(left % 32) + name;
  return name;
}

const PARALLEL_READS = 8;

/**
 * Some units of a base, by name; items that lie one after the other are one request. Undefined when an item is not the one that the head
 * names: the base was made anew twice meanwhile, or the read is behind.
 */
export async function readUnits(
  derived: DerivedStore,
  cell: LogCell,
  head: StreetHead,
  names: readonly string[],
): Promise<Map<string, StreetUnit> | undefined> {
  const group = streetGroup(cell, head.side);
  const runs = await mapLimited(runsOf(head, names), PARALLEL_READS, async ({ first, last }) => {
    const items = await derived.list(group, { from: itemName(first), to: itemName(last) });
    const isWhole =
      items.length === last - first + 1 && items.every(({ body }, i) => sumOfItem(body) === head.items[first + i]);
    return isWhole ? items : undefined;
  });
  const items = runs.flatMap((run) => run ?? []);
  if (runs.includes(undefined)) return undefined;
  try {
    const pieces = items.flatMap(({ name, body }) => decodeStreetUnits(body, cell.geohash5, `${group} ${name}`));
    const byUnit = Map.groupBy(pieces, ({ unit }) => unit);
    return new Map(names.map((name) => [name, unitOfPieces(byUnit.get(name) ?? [])]));
  } catch (error) {
    if (error instanceof StoredItemError) return undefined;
    throw error;
  }
}

/** Spans of items that have some units, the fewest that have nothing else between. */
function runsOf({ units }: StreetHead, names: readonly string[]): { first: number; last: number }[] {
  const spans = names.flatMap((name) => {
    const { first = 0, count = 0 } = units.get(name) ?? {};
    return count === 0 ? [] : { first, last: first + count - 1 };
  });
  spans.sort((a, b) => a.first - b.first);
  const runs: { first: number; last: number }[] = [];
  for (const { first, last } of spans) {
    const run = runs.at(-1);
    if (run !== undefined && first <= run.last + 1) run.last = Math.max(run.last, last);
    else runs.push({ first, last });
  }
  return runs;
}

/** All pieces of a unit are of one kind; micro cells ascend from piece to piece. */
function unitOfPieces(pieces: readonly StreetPiece[]): StreetUnit {
  const cells = pieces.flatMap(({ content }) => ("cells" in content ? content.cells : []));
  const [first] = cells;
  if (first !== undefined) return { cells: addMicroCells(cells, first.precision) };
  return { rows: mergeAllColumns(pieces.flatMap(({ content }) => ("rows" in content ? content.rows : []))) };
}
