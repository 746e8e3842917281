import { cellBounds } from "../../../tiles/geo/geohash.ts";
import { OperatorError } from "../../console/operator-error.ts";
import type { RowOfId } from "./id-plan.ts";
import type { RowIndex } from "./row-index.ts";

const FAR_KM = 100;
const FAR_SHARE = 0.05;
/** Of fewer rows that are known nothing is concluded. */
const LEAST_KNOWN = 20;

export interface SameSourceOptions {
  readonly index: RowIndex;
  readonly source: string;
  /** Of the run, when something was stored before it was found out. */
  runId(): string | undefined;
}

/**
 * Sees whether rows are those that their ids were of before: two cities number their reports from 1 on, and one must not replace the
 * other's.
 */
export function createSourceWatch({ index, source, runId }: SameSourceOptions): (rows: readonly RowOfId[]) => void {
  let [known, far] = [0, 0];
  /** @throws OperatorError before the rows are stored */
  return (rows) => {
    for (const { key, report } of rows) {
      const row = index.find(key);
      if (row?.isThere !== true) continue;
      known++;
      if (distanceKm(row.id, report) > FAR_KM) far++;
    }
    if (known < LEAST_KNOWN || far <= FAR_SHARE * known) return;
    const stored = runId();
    const undo = stored === undefined ? "Nothing was stored." : `--undo ${stored} takes back what was stored.`;
    throw new OperatorError(
      `${far} of ${known} rows that are known by their ids lie more than ${FAR_KM} km from where they were: these are ids of another ` +
        `source than ${source}. Say --source NAME, another name for each publisher of ids. ${undo}`,
    );
  };
}

function distanceKm(id: string, { lonDeg, latDeg }: RowOfId["report"]): number {
  const { west, south, east, north } = cellBounds(id.slice(10, 15));
  const [lon, lat] = [(west + east) / 2, (south + north) / 2];
  const dLon = Math.abs(((((lonDeg - lon) % 360) + 540) % 360) - 180);
  const eastKm = dLon * 111.2 * Math.cos((latDeg * Math.PI) / 180);
  return Math.hypot(eastKm, (latDeg - lat) * 111.2);
}
