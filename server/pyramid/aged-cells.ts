import { CELL_PRECISION } from "../../tiles/domains.ts";
import type { ReportLayer } from "../../tiles/layers.ts";
import { mapLimited } from "../map-limited.ts";
import type { LogCell } from "../ports.ts";
import { REFRESH_AFTER_MS } from "./coarse-time.ts";
import type { Slices } from "./slices.ts";

const WIDTH = 8;

/**
 * Cells below slices whose reports have moved to other age bands, and all below a damaged one. The walk goes down only
 * where that is so.
 */
export async function agedCells(slices: Slices, layer: ReportLayer, nowMs: number): Promise<LogCell[]> {
  const limitMs = nowMs - REFRESH_AFTER_MS;
  let domains = [{ geohash: "", damaged: false }];
  for (let length = 1; length <= CELL_PRECISION; length++) {
    const below = await mapLimited(domains, WIDTH, async ({ geohash, damaged }) =>
      [...(await slices.read(layer, geohash))].flatMap(([name, cells]) =>
        damaged || cells === undefined || cells.staleAtMs <= limitMs
          ? [{ geohash: name, damaged: damaged || cells === undefined }]
          : [],
      ),
    );
    domains = below.flat();
  }
  return domains.map(({ geohash }) => ({ layer, geohash5: geohash }));
}
