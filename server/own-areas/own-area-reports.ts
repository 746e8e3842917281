import { boxOfBounds } from "../../tiles/areas/area.ts";
import { createAreaLocator } from "../../tiles/areas/area-locator.ts";
import { eachArea, NO_SINGLES, type PartRange, partsOfRows } from "../../tiles/areas/area-parts.ts";
import type { NumberedArea } from "../../tiles/codec/area-codec.ts";
import { cellBounds } from "../../tiles/geo/geohash.ts";
import { REPORT_LAYERS, type ReportLayer } from "../../tiles/layers.ts";
import type { ReportColumns } from "../../tiles/report-columns.ts";
import { cellsMeeting } from "../areas/cells-of-area.ts";
import { mapLimited } from "../kit/map-limited.ts";
import { sleep } from "../kit/wait.ts";
import type { AreaReports } from "../pyramid/area-cells.ts";
import { areasOfRows, nextBandMs } from "../pyramid/area-tally.ts";
import type { Pyramid } from "../pyramid/pyramid.ts";
import { LOG_PRECISION, OWN_AREA_LIMITS } from "./own-area.ts";

/** The reports in an own area, and when the first of them moves to another age band: Unix milliseconds, Infinity without any. */
export interface OwnAreaReports {
  readonly reports: AreaReports;
  readonly untilMs: number;
}

const PARALLEL = 8;
/** Rows times corners, of which some millions are looked at in a millisecond or two. */
const MUCH_WORK = 1_000_000;

/**
 * An own area's reports by neighbourhood and age band, exactly as they are at a time, from the rows of the log cells that it meets: by the locator, the weights and
 * the parts that tallies of public areas are made with. Nobody keeps tallies of own areas, which every report there would have to pay for.
 */
export async function readOwnAreaReports(
  pyramid: Pick<Pyramid, "reports">,
  area: NumberedArea,
  atMs: number,
): Promise<OwnAreaReports> {
  const cells = (cellsMeeting(area, LOG_PRECISION, OWN_AREA_LIMITS.boxCells) ?? []).flatMap((geohash5) => {
    const near = { areas: [area], ...createAreaLocator([area], boxOfBounds(cellBounds(geohash5))) };
    return REPORT_LAYERS.map((layer) => ({ layer, geohash5, near }));
  });
  const corners = area.polygons.flat().reduce((sum, ring) => sum + ring.length / 2, 0);
  const reports: Partial<Record<ReportLayer, PartRange[]>> = {};
  let untilMs = Infinity;
  const read = await mapLimited(cells, PARALLEL, async ({ layer, geohash5, near }) => {
    const rows = await pyramid.reports({ layer, geohash5 });
    // In memory they follow one another at once, and other requests would wait for all of them.
    if (rows.length * corners > MUCH_WORK) await sleep(0);
    const areaOfRow = areasOfRows(rows, near);
    untilMs = Math.min(untilMs, firstChangeMs(rows, areaOfRow, atMs));
    return { layer, parts: partsOfRows(rows, areaOfRow, atMs) };
  });
  for (const { layer, parts } of read) {
    eachArea({ parts, singles: NO_SINGLES, atMs }, (_, range) => {
      const ofLayer = reports[layer] ?? [];
      reports[layer] = ofLayer;
      ofLayer.push(range);
    });
  }
  return { reports, untilMs };
}

function firstChangeMs({ createdAtMs }: ReportColumns, areaOfRow: Int32Array, atMs: number): number {
  let first = Infinity;
  areaOfRow.forEach((area, row) => {
    const nextMs = area < 0 ? -Infinity : nextBandMs(createdAtMs[row] as number, atMs);
    if (nextMs > atMs) first = Math.min(first, nextMs);
  });
  return first;
}

/** The same as cards and lists ask for the reports of public areas. */
export const ownAreaReportsOf =
  (pyramid: Pick<Pyramid, "reports">): Pyramid["areaReports"] =>
  async (_, areas, atMs) => {
    const read = await Promise.all(
      (areas as readonly NumberedArea[]).map(
        async (area) => [area.number, (await readOwnAreaReports(pyramid, area, atMs)).reports] as const,
      ),
    );
    return new Map(read);
  };
