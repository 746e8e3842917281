import { beforeEach, expect, test } from "vitest";
import type { ReportStore } from "../../../server/ports/report-store.ts";
import { seedIfEmpty } from "../../../server/seed/seed-if-empty.ts";
import { SEED_REPORT_COUNT, seedReports } from "../../../server/seed/seed-reports.ts";
import { createMemoryStore } from "../../../server/store/memory/memory.ts";
import { idsOf, reportsOf } from "../../kit/make-report.ts";

let nowMs = 0;
const clock = { now: () => nowMs };
let store: ReportStore;
beforeEach(() => {
  nowMs = Date.parse("2026-04-15T20:30:00Z");
  store = createMemoryStore({ clock });
});

const idsInStore = async (): Promise<string[]> => idsOf(await reportsOf(store));

test("fills an empty store once, telling how far it is", async () => {
  const seen: number[] = [];
  const expected = seedReports({ nowMs }).map(({ id }) => id);
  expect(await seedIfEmpty({ store, clock, onProgress: ({ written }) => seen.push(written) })).toBe(SEED_REPORT_COUNT);
  expect(seen.at(-1)).toBe(SEED_REPORT_COUNT);
  expect(await idsInStore()).toEqual(expected);
  nowMs += 60_000;
  expect(await seedIfEmpty({ store, clock })).toBe(0);
  nowMs += 2 * 86_400_000;
  expect(await seedIfEmpty({ store, clock })).toBe(0);
  expect(await idsInStore()).toEqual(expected);
});

test("leaves a store alone that has a report, on every call", async () => {
  const [report] = seedReports({ nowMs });
  if (report) await store.put(report);
  expect(await seedIfEmpty({ store, clock })).toBe(0);
  expect(await seedIfEmpty({ store, clock })).toBe(0);
  expect(await idsInStore()).toEqual([report?.id]);
});

test("completes a seed that was cut off", async () => {
  const expected = seedReports({ nowMs }).map(({ id }) => id);
  let left = 3;
  const dying: ReportStore = {
    ...store,
    putMany: (reports) => (left-- > 0 ? store.putMany(reports) : Promise.reject(new Error("killed"))),
  };
  await expect(seedIfEmpty({ store: dying, clock })).rejects.toThrow("killed");
  nowMs += 3_600_000;
  const written = await seedIfEmpty({ store, clock });
  expect(written).toBeGreaterThan(0);
  expect(written).toBeLessThan(SEED_REPORT_COUNT);
  expect(await idsInStore()).toEqual(expected);
});
