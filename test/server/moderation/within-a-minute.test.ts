import { expect, it } from "vitest";
import { silentLog } from "../../../server/console/log.ts";
import { createCompactionSchedule } from "../../../server/pyramid/compaction-schedule.ts";
import { createCompactor } from "../../../server/pyramid/compactor.ts";
import { createHurriedChanges } from "../../../server/pyramid/hurried-changes.ts";
import { createPyramid } from "../../../server/pyramid/pyramid.ts";
import { flagReport } from "../../../server/reports/flag-report.ts";
import { readScoreCard } from "../../../server/scores/score-card.ts";
import { IN_MEMORY } from "../../../server/store/sqlite/schema.ts";
import { openSqliteStores } from "../../../server/store/sqlite/sqlite.ts";
import { encodeGeohash } from "../../../tiles/geo/geohash.ts";
import { createTestClock } from "../../kit/clock.ts";
import { seededRandom } from "../../kit/random.ts";
import { makeReport } from "../../kit/sample-reports.ts";
import { createTestModeration } from "../../kit/test-moderation.ts";

const SECOND = 1000;
const PLACE = { lonDeg: -97.743, latDeg: 30.267 };
const GEOHASH = encodeGeohash(PLACE.lonDeg, PLACE.latDeg, 6);

/** A process that compacts, and one that only follows it; the moderator asks the first. */
function open() {
  const clock = createTestClock(Date.UTC(2026, 5, 1, 9));
  const { store, derived } = openSqliteStores({ path: IN_MEMORY, clock });
  const options = { store, derived, clock, log: silentLog };
  const schedule = createCompactionSchedule({
    compactor: createCompactor(options),
    hurried: createHurriedChanges(options),
    clock,
    everyMs: 300 * SECOND,
  });
  const pyramids = [createPyramid(options), createPyramid(options)] as const;
  const [own] = pyramids;
  const moderation = createTestModeration({ ...options, onReport: own.noteReport, onEdit: own.noteEdited });
  return {
    clock,
    store,
    moderation,
    flag: (id: string, address: string) => flagReport({ store, moderation, flagsToHide: 3 }, { id, address }),
    async pass(ms: number) {
      for (const untilMs = clock.nowMs + ms; clock.nowMs < untilMs; clock.advance(5 * SECOND)) {
        await schedule.run();
        for (const pyramid of pyramids) await pyramid.poll();
      }
    },
    /** Safety, the count and the latest reports of the neighbourhood, as both processes tell them. */
    async told() {
      const cards = await Promise.all(
        pyramids.map(async (pyramid) => {
          const { cell, counts, latest } = await readScoreCard({ pyramid, store, clock, log: silentLog }, GEOHASH);
          return { tenths: cell.scores.safety, count: counts.safety["24h"], latest: latest.map(({ id }) => id) };
        }),
      );
      expect(cards[0]).toEqual(cards[1]);
      return cards[0];
    },
  };
}

it("scores, counts and lists have what a moderator decided, compacted or not", async () => {
  const { clock, store, moderation, flag, pass, told } = open();
  const random = seededRandom(1);
  const reports = [1, 2].map(() =>
    makeReport({ ...PLACE, layer: "safety", severity: 4, createdAtMs: clock.now() - SECOND }, random),
  );
  await store.putMany(reports);
  await pass(400 * SECOND);
  const both = await told();
  expect(both).toMatchObject({ tenths: 1000 - 2 * 4 * 30, count: 2 });
  const [{ id } = { id: "" }, other] = reports;
  for (const address of ["192.0.2.1", "198.51.100.1", "203.0.113.1"]) await flag(id, address);
  await pass(60 * SECOND);
  const one = { tenths: 1000 - 4 * 30, count: 1, latest: [other?.id] };
  expect(await told()).toEqual(one);
  // And after everything was compacted.
  await pass(400 * SECOND);
  expect(await told()).toEqual(one);
  await moderation.rule(id, { action: "restore", by: "ann" });
  await pass(60 * SECOND);
  expect(await told()).toEqual(both);
  await moderation.rule(id, { action: "undo", by: "ann" });
  await pass(60 * SECOND);
  expect(await told()).toEqual(one);
});

it("a report that was held is scored as soon as it is let out, though all around it was compacted", async () => {
  const { clock, moderation, pass, told } = open();
  const report = makeReport({ ...PLACE, layer: "safety", severity: 4, createdAtMs: clock.now() }, seededRandom(2));
  await moderation.holdBack(report, "place");
  await pass(700 * SECOND);
  expect(await told()).toEqual({ tenths: null, count: 0, latest: [] });
  await moderation.rule(report.id, { action: "restore", by: "ann" });
  await pass(60 * SECOND);
  expect(await told()).toEqual({ tenths: 1000 - 4 * 30, count: 1, latest: [report.id] });
});
