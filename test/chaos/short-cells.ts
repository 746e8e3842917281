import { mapLimited } from "../../server/kit/map-limited.ts";
import { encodeGeohash } from "../../tiles/geo/geohash.ts";
import { REPORT_LAYERS } from "../../tiles/layers.ts";
import { requestRaw } from "../kit/request.ts";
import type { AcknowledgedReport } from "./shown.ts";

const WIDTH = 8;
/** What is counted for tiles up to zoom 13, and from zoom 14 on. */
const PRECISIONS = [4, 6];

interface Card {
  readonly counts: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** Where to look for what a process lacks: cells and layers of which its score card counts others than are stored. */
export async function shortCellsOf(url: string, reports: readonly AcknowledgedReport[]): Promise<string[]> {
  const cells = PRECISIONS.flatMap((precision) => [
    ...Map.groupBy(reports, ({ lon, lat }) => encodeGeohash(lon, lat, precision)),
  ]);
  const found = await mapLimited(cells, WIDTH, async ([geohash, stored]) => {
    const { status, body } = await requestRaw(`${url}/api/neighborhood/${geohash}`);
    if (status !== 200) return [`${geohash}: ${status}`];
    const { counts } = JSON.parse(Buffer.from(body).toString()) as Card;
    return REPORT_LAYERS.flatMap((layer) => {
      const expected = stored.filter((report) => report.layer === layer).length;
      const counted = counts[layer]?.["90d"] ?? 0;
      return counted === expected ? [] : [`${layer} ${geohash}: ${counted} of ${expected}`];
    });
  });
  return found.flat();
}
