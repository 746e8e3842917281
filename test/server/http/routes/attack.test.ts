import { expect, it } from "vitest";
import { silentLog } from "../../../../server/console/log.ts";
import { createCompactionSchedule } from "../../../../server/pyramid/compaction-schedule.ts";
import { createCompactor } from "../../../../server/pyramid/compactor.ts";
import { createHurriedChanges } from "../../../../server/pyramid/hurried-changes.ts";
import { createPyramid } from "../../../../server/pyramid/pyramid.ts";
import { IN_MEMORY } from "../../../../server/store/sqlite/schema.ts";
import { openSqliteStores } from "../../../../server/store/sqlite/sqlite.ts";
import { encodeGeohash } from "../../../../tiles/geo/geohash.ts";
import { createTestApp, post, readJson } from "../../../kit/app-fixture.ts";
import { createTestClock } from "../../../kit/clock.ts";

const SECOND = 1000;
const DAY = 86_400_000;
const PLACE = { lat: 29.76, lon: -95.37 };
const GEOHASH = encodeGeohash(PLACE.lon, PLACE.lat, 6);
/** Of one client, in whole reports. */
const MOST = 1.75;

/** A server on the embedded store, and another process that follows it. */
function openServer() {
  const clock = createTestClock(Date.UTC(2026, 5, 1, 9));
  const { store, derived } = openSqliteStores({ path: IN_MEMORY, clock });
  const options = { store, derived, clock, log: silentLog };
  const schedule = createCompactionSchedule({
    compactor: createCompactor(options),
    hurried: createHurriedChanges(options),
    clock,
    everyMs: 300 * SECOND,
  });
  const [own, other] = [createPyramid(options), createPyramid(options)];
  const parts = { store, clock, onReport: own.noteReport };
  const apps = [
    createTestApp({ ...parts, pyramid: own }).app,
    createTestApp({ ...parts, pyramid: other }).app,
  ] as const;
  return {
    clock,
    store,
    async report(address: string, severity = 5) {
      const body = { layer: "safety", category: "theft", severity, ...PLACE };
      expect((await post(apps[0], body, { "X-Test-Address": address })).status).toBe(201);
      clock.advance(1);
    },
    async pass(ms: number) {
      for (const untilMs = clock.nowMs + ms; clock.nowMs < untilMs; clock.advance(5 * SECOND)) {
        await schedule.run();
        await own.poll();
        await other.poll();
      }
    },
    /** The safety of the neighbourhood, as both processes tell it. */
    async safety(): Promise<number> {
      const told = await Promise.all(
        apps.map(async (app) => {
          const card = await readJson<{ scores: { safety: number } }>(app.request(`/api/neighborhood/${GEOHASH}`));
          return card.scores.safety;
        }),
      );
      expect(new Set(told).size).toBe(1);
      return told[0] as number;
    },
  };
}

const tenth = (score: number): number => Math.round(score * 10) / 10;

const asOneClient = async (count: number) => {
  const { report, pass, safety } = openServer();
  await pass(20 * SECOND);
  for (let i = 0; i < count; i++) await report("192.0.2.1");
  await pass(60 * SECOND);
  expect(await safety()).toBe(tenth(100 - MOST * 5 * 3));
};

it.each([5, 50])("%i reports of one client count as one and three quarters do, within a minute", asOneClient);
it("500 do not count more", { tags: "slow" }, () => asOneClient(500));

it("does not forget within the day what a client sent before it was compacted", async () => {
  const { report, pass, safety } = openServer();
  await pass(20 * SECOND);
  for (const [i, expected] of [100 - 15, 100 - 22.5, 100 - 26.25, 100 - 26.25].entries()) {
    await report("192.0.2.1");
    await pass(60 * SECOND);
    expect(await safety(), `report ${i}`).toBe(tenth(expected));
    await pass(600 * SECOND);
  }
});

it("counts fifty clients of five reports each as the formula says", async () => {
  const { clock, store, report, pass, safety } = openServer();
  for (let times = 0; times < 5; times++)
    for (let client = 1; client <= 50; client++) await report(`198.18.${client}.1`, 1);
  await pass(60 * SECOND);
  // Two clients share a bucket now and then.
  const { reports } = await store.readCell({ layer: "safety", geohash5: GEOHASH.slice(0, 5) });
  const buckets = new Set(reports.map(({ reporter }) => reporter)).size;
  expect(buckets).toBeGreaterThan(35);
  // At full weight the score would be at its least.
  expect(await safety()).toBe(0);
  clock.advance(20 * DAY);
  await pass(400 * SECOND);
  expect(await safety()).toBe(tenth(100 - buckets * MOST * 0.2 * 3));
});

it("takes IPv6 addresses of one /56 for one client, and those of others for others", async () => {
  const { report, pass, safety } = openServer();
  for (const address of ["2001:db8:1:200::1", "2001:db8:1:2ff::2", "2001:db8:1:2ab:1:2:3:4"]) await report(address, 2);
  await pass(60 * SECOND);
  expect(await safety()).toBe(tenth(100 - MOST * 2 * 3));
});
