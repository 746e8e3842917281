import { beforeEach, expect, test } from "vitest";
import type { ReportStore } from "../../../server/ports/report-store.ts";
import { createSeedRecogniser } from "../../../server/seed/recognise-seed.ts";
import { seedIfEmpty } from "../../../server/seed/seed-if-empty.ts";
import { SEED_REPORT_COUNT, seedReports } from "../../../server/seed/seed-reports.ts";
import { unseed } from "../../../server/seed/unseed.ts";
import { createMemoryStore } from "../../../server/store/memory/memory.ts";
import { encodeGeohash } from "../../../tiles/geo/geohash.ts";
import type { Report } from "../../../tiles/report.ts";
import { formatReportId, parseReportId } from "../../../tiles/report-id.ts";
import { DAY_MS, idsOf, makeReport, reportsOf } from "../../kit/make-report.ts";
import { seededRandom } from "../../kit/random.ts";
import { scaled } from "../../kit/runs.ts";

const NOW_MS = Date.parse("2026-04-15T20:30:00Z");
const clock = { now: () => NOW_MS };
const seeds = seedReports({ nowMs: NOW_MS });
let store: ReportStore;
beforeEach(async () => {
  store = createMemoryStore({ clock });
  await seedIfEmpty({ store, clock });
});

/** Somebody's report of the same kind, time and place. */
const besides = (report: Report, seed: number): Report => makeReport({ ...report, seed });

/** Somebody's report whose id, by chance, ends as a seed's does. */
function withTailOf(report: Report, lonDeg: number): Report {
  const geohash5 = encodeGeohash(lonDeg, report.latDeg, 5);
  const tail = parseReportId(report.id)?.tail ?? "";
  return { ...report, lonDeg, id: formatReportId({ ...report, geohash5, shard: 0, tail }) };
}

test("every seed is recognised, whenever the store was seeded, and nobody else's report", { tags: "random" }, () => {
  const isSeed = createSeedRecogniser();
  const random = seededRandom(17);
  for (let run = 0; run < scaled(40, 3); run++) {
    const some = seedReports({ nowMs: Math.floor(NOW_MS + random() * 400 * DAY_MS) });
    expect(some.filter((report) => !isSeed(report.id, report))).toEqual([]);
    expect(some.filter(({ id }) => !isSeed(id))).toEqual([]);
    const others = some.flatMap((report, i) =>
      i % 20 === 0 ? [besides(report, i), withTailOf(report, report.lonDeg + 0.00002)] : [],
    );
    expect(others.filter((report) => isSeed(report.id, report))).toEqual([]);
  }
});

test("takes out the seeds and leaves what people reported, telling how far it is", async () => {
  const others = seeds.flatMap((report, i) => (i % 7 === 0 ? [besides(report, i)] : []));
  await store.putMany(others);
  const told: number[] = [];
  expect(await unseed({ store, clock, onProgress: ({ removed }) => told.push(removed) })).toBe(SEED_REPORT_COUNT);
  expect(idsOf(await reportsOf(store))).toEqual(idsOf(others).sort());
  expect(told.at(-1)).toBe(SEED_REPORT_COUNT);
  expect(await unseed({ store, clock })).toBe(0);
  expect(idsOf(await reportsOf(store))).toEqual(idsOf(others).sort());
});

test("takes out a seed that was hidden, but not somebody's hidden report", async () => {
  const [seed, near] = seeds as [Report, Report];
  const other = besides(near, 1);
  await store.put(other);
  for (const { id } of [seed, other]) await store.edit(id, { kind: "hide" });
  expect(await unseed({ store, clock })).toBe(SEED_REPORT_COUNT);
  for (const { id } of [seed, other]) await store.edit(id, { kind: "restore" });
  expect(idsOf(await reportsOf(store))).toEqual([other.id]);
});

test("goes on where it was cut off", async () => {
  let left = 1_000;
  const dying: ReportStore = {
    ...store,
    edit: (id, edit) => (left-- > 0 ? store.edit(id, edit) : Promise.reject(new Error("killed"))),
  };
  await expect(unseed({ store: dying, clock })).rejects.toThrow("killed");
  expect(await unseed({ store, clock })).toBe(SEED_REPORT_COUNT - 1_000);
  expect(await reportsOf(store)).toEqual([]);
});

test("no start seeds the store again, nor completes a seed that was cut off before", async () => {
  await unseed({ store, clock });
  expect(await seedIfEmpty({ store, clock })).toBe(0);

  store = createMemoryStore({ clock });
  let left = 3;
  const putMany: ReportStore["putMany"] = (reports) =>
    left-- > 0 ? store.putMany(reports) : Promise.reject(new Error("killed"));
  await expect(seedIfEmpty({ store: { ...store, putMany }, clock })).rejects.toThrow("killed");
  await unseed({ store, clock });
  expect(await seedIfEmpty({ store, clock })).toBe(0);
  expect(await reportsOf(store)).toEqual([]);
});
