import { expect, it } from "vitest";
import { createUnmergedRows } from "../../../server/pyramid/unmerged-rows.ts";
import { weighUnmerged } from "../../../server/pyramid/weigh-unmerged.ts";
import { createMemoryStore } from "../../../server/store/memory/memory.ts";
import { encodeGeohash } from "../../../tiles/geo/geohash.ts";
import type { Report } from "../../../tiles/report.ts";
import { columnsOfReports } from "../../../tiles/report-columns.ts";
import { createTestClock } from "../../kit/clock.ts";
import { seededRandom } from "../../kit/random.ts";
import { makeReport } from "../../kit/sample-reports.ts";

const PLACE = { lonDeg: -95.37, latDeg: 29.76 };
const CELL = { layer: "safety", geohash5: encodeGeohash(PLACE.lonDeg, PLACE.latDeg, 5) } as const;
const MINUTE = 60_000;

it("weighs what comes after unmerged rows among its reporter's merged ones, too", async () => {
  const clock = createTestClock();
  const store = createMemoryStore({ clock });
  const random = seededRandom(3);
  const post = (ageMs: number) => makeReport({ ...PLACE, reporter: 7, createdAtMs: clock.now() - ageMs }, random);
  const [merged, first, second] = [post(60 * MINUTE), post(40 * MINUTE), post(20 * MINUTE)];
  await store.putMany([merged, first, second]);
  const unmergedOf = (...reports: Report[]) => {
    const unmerged = createUnmergedRows();
    unmerged.add(CELL, columnsOfReports(reports));
    return unmerged;
  };
  const quarters = (rows = createUnmergedRows()) => [...(rows.of(CELL)?.quarters ?? [])];

  const weighed = await weighUnmerged(store, unmergedOf(first));
  expect(quarters(weighed)).toEqual([2]);
  // Among the unmerged alone the second one weighs a half.
  weighed.add(CELL, columnsOfReports([second]));
  expect(quarters(weighed)).toEqual([2, 2]);
  const again = await weighUnmerged(store, weighed, (await weighUnmerged(store, unmergedOf(first))).all());
  expect(quarters(again)).toEqual([2, 1]);
});
