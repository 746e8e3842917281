import { describe, expect, it } from "vitest";
import type { LogCell } from "../../../server/ports/report-store.ts";
import { createPendingChanges, missingRows } from "../../../server/pyramid/pending-changes.ts";
import { createUnmergedRows } from "../../../server/pyramid/unmerged-rows.ts";
import { encodeGeohash } from "../../../tiles/geo/geohash.ts";
import { columnsOfReports } from "../../../tiles/report-columns.ts";
import { idTimePrefix } from "../../../tiles/report-id.ts";
import { seededRandom } from "../../kit/random.ts";
import { makeReport } from "../../kit/sample-reports.ts";

const PLACE = { lonDeg: -119.92, latDeg: -30 };
const CELL: LogCell = { layer: "safety", geohash5: encodeGeohash(PLACE.lonDeg, PLACE.latDeg, 5) };
const NOW_MS = Date.UTC(2026, 5, 1, 12);

/** What a cell's log segments may lack, with a fresh row of now and a change that begins so much later, when there is one. */
function missingBeside(laterMs: number | undefined) {
  const pending = createPendingChanges();
  const fresh = createUnmergedRows();
  const report = makeReport({ ...PLACE, createdAtMs: NOW_MS }, seededRandom(3));
  const rows = columnsOfReports([report]);
  fresh.add(CELL, rows);
  if (laterMs !== undefined) pending.add(CELL, idTimePrefix(NOW_MS + laterMs), NOW_MS);
  return { report, rows, missing: missingRows(pending, fresh, CELL) };
}

describe("what a cell's log segments may lack", () => {
  it("is its unmerged rows, and the log need not be read, when nothing else changed", () => {
    const { rows, missing } = missingBeside(undefined);
    expect(missing).toEqual({ from: undefined, rows });
  });

  it.each([
    ["after", 5000],
    ["before", -5000],
  ])(
    "is its unmerged rows, and the log from the first of them at the latest, when a change begins %s them",
    (_, laterMs) => {
      const { report, rows, missing } = missingBeside(laterMs);
      expect(missing.rows).toEqual(rows);
      expect(missing.from).toBe(idTimePrefix(NOW_MS + Math.min(0, laterMs)));
      expect(missing.from && missing.from <= report.id).toBe(true);
    },
  );
});
