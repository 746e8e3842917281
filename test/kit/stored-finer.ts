import { decodePlan } from "../../server/pyramid/compaction-plan.ts";
import { decodeProgress } from "../../server/pyramid/compaction-progress.ts";
import { decodePoint } from "../../server/pyramid/compaction-state.ts";
import type { UnmergedRows } from "../../server/pyramid/unmerged-rows.ts";
import { decodePart } from "../../server/pyramid/young-parts.ts";
import { decodeMicroCells } from "../../tiles/codec/micro-cell-codec.ts";
import { decodeEdited, decodeReports } from "../../tiles/codec/report-codec.ts";
import { ITEM_KINDS, type ItemKind } from "../../tiles/codec/stored-item.ts";
import { decodeStreetHead } from "../../tiles/codec/street-codec.ts";
import { kept } from "../../tiles/kept.ts";
import { REPORT_LAYERS, type ReportLayer } from "../../tiles/layers.ts";
import type { ReportDetails } from "../../tiles/report-columns.ts";

/** Whether a place and time are as coarse as those of a report of a layer and category may be. */
export function isCoarse(layer: ReportLayer, category: string, place: Parameters<typeof kept>[2]): boolean {
  const { lonDeg, latDeg, createdAtMs } = kept(layer, category, place);
  return lonDeg === place.lonDeg && latDeg === place.latDeg && createdAtMs === place.createdAtMs;
}

type LayerRows = readonly [ReportLayer, ReportDetails];

const ofUnmerged = (rows: UnmergedRows): LayerRows[] => rows.all().map(({ cell, rows: some }) => [cell.layer, some]);

/** The rows in a stored item, by layer; undefined of a kind without any. */
function rowsOfItem(group: string, name: string, body: Uint8Array): LayerRows[] | undefined {
  const kind = (Object.keys(ITEM_KINDS) as ItemKind[]).find((each) => ITEM_KINDS[each] === body[0]);
  const [, layerName = "", cell = ""] = group.split("/");
  const layer = REPORT_LAYERS.find((each) => each === layerName) ?? "safety";
  switch (kind) {
    case "reports":
      return [[layer, decodeReports(body, cell, name)]];
    case "edited-reports":
      return [[layer, decodeEdited(body, cell, name).rows]];
    case "street-head":
      return [[layer, decodeStreetHead(body, cell, name).rows]];
    case "micro-cells":
      return [[layer, decodeMicroCells(body, name).newest]];
    case "young-rows":
      return [...decodePart(body, name)];
    case "compaction":
      return ofUnmerged(decodePoint(body).rows);
    case "compaction-plan":
      return ofUnmerged(decodePlan(body, () => undefined, name).end.rows);
    case "compaction-progress":
      return ofUnmerged(decodeProgress(body, name).young);
    default:
      return undefined;
  }
}

/** Rows of a stored item that tell a place or a time more finely than it may be, as texts; and how many rows were looked at. */
export function finerRows(group: string, name: string, body: Uint8Array): { finer: string[]; rows: number } {
  const finer: string[] = [];
  let count = 0;
  for (const [layer, rows] of rowsOfItem(group, name, body) ?? []) {
    for (let row = 0; row < rows.createdAtMs.length; row++) {
      const category = rows.category[row] as string;
      // Of a micro cell's newest that does not stand alone only the minute is stored.
      if (category === "") continue;
      count++;
      const place = {
        lonDeg: (rows.lonE6[row] as number) / 1e6,
        latDeg: (rows.latE6[row] as number) / 1e6,
        createdAtMs: rows.createdAtMs[row] as number,
      };
      if (!isCoarse(layer, category, place)) finer.push(`${group} ${name}: ${category} ${JSON.stringify(place)}`);
    }
  }
  return { finer, rows: count };
}
