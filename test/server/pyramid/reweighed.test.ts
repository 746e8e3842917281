import { expect, it } from "vitest";
import { silentLog } from "../../../server/console/log.ts";
import { createCompactor } from "../../../server/pyramid/compactor.ts";
import { createLogSegments } from "../../../server/pyramid/log-segments.ts";
import { createMemoryDerivedStore } from "../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../server/store/memory/memory.ts";
import { encodeGeohash } from "../../../tiles/geo/geohash.ts";
import { columnsOfReports, mergeColumns } from "../../../tiles/report-columns.ts";
import { weighRows } from "../../../tiles/weigh-rows.ts";
import { createTestClock } from "../../kit/clock.ts";
import { seededRandom } from "../../kit/random.ts";
import { makeReport } from "../../kit/sample-reports.ts";
import { hideReport } from "./edit-report.ts";

const PLACE = { lonDeg: -95.37, latDeg: 29.76 };
const CELL = { layer: "safety", geohash5: encodeGeohash(PLACE.lonDeg, PLACE.latDeg, 5) } as const;
const MINUTE = 60_000;

it("writes log segments anew with what their rows weigh, when an earlier report comes late, and when one is hidden", async () => {
  const clock = createTestClock();
  const store = createMemoryStore({ clock });
  const derived = createMemoryDerivedStore({ clock });
  const random = seededRandom(2);
  const post = (ageMs: number, reporter = 7) =>
    makeReport({ ...PLACE, reporter, createdAtMs: clock.now() - ageMs }, random);
  const compact = async () => {
    clock.advance(2 * MINUTE);
    await createCompactor({ store, derived, clock, log: silentLog }).run();
  };
  const stored = async () => {
    const { sealed, tail } = await createLogSegments(derived, silentLog).read(CELL);
    return mergeColumns(sealed, tail);
  };
  const reports = [post(30 * MINUTE), post(20 * MINUTE), post(10 * MINUTE), post(5 * MINUTE, 9)];
  const late = post(40 * MINUTE);
  // Fewer rows are not worth a log segment.
  const others = Array.from({ length: 300 }, () => post(60 * MINUTE, 0));
  await store.putMany([...others, ...reports]);
  await compact();
  expect([...(await stored()).quarters].slice(300)).toEqual([4, 2, 1, 4]);

  await store.putMany([late]);
  await compact();
  expect([...(await stored()).quarters].slice(300)).toEqual([4, 2, 1, 0, 4]);

  await hideReport(store, late);
  await compact();
  expect(await stored()).toEqual(weighRows(columnsOfReports([...others, ...reports])));
});
