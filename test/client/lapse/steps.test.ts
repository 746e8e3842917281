import fc from "fast-check";
import { expect, test } from "vitest";
import { countSteps, stepsOf, stepWords } from "../../../client/lapse/steps.ts";
import { REPORT_LAYERS, TIME_WINDOWS, type TimeWindow } from "../../../tiles/layers.ts";

const DAYS: Readonly<Record<TimeWindow, number>> = { "24h": 1, "7d": 7, "30d": 30, "90d": 90 };
const DAY_MS = 86_400_000;
const NOW_MS = Date.UTC(2026, 2, 10, 14, 20);

test("counts every report of the window once, in the step of its time", () => {
  const window = fc.constantFrom(...TIME_WINDOWS);
  const report = fc.record({
    layer: fc.constantFrom(...REPORT_LAYERS),
    age: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(window, fc.integer({ min: -720, max: 840 }), fc.array(report), (of, offsetMinutes, given) => {
      const steps = stepsOf(of, NOW_MS, offsetMinutes);
      const reports = given.map(({ layer, age }) => ({ layer, atMs: NOW_MS - age * DAYS[of] * DAY_MS }));
      const counts = countSteps(steps, reports);
      for (const layer of REPORT_LAYERS) {
        const inLayer = reports.filter((each) => each.layer === layer);
        expect(counts[layer].reduce((sum, count) => sum + count, 0)).toBe(inLayer.length);
        for (const { atMs } of inLayer) {
          const step = Math.floor((atMs - steps.startMs) / steps.stepMs);
          expect(counts[layer][step]).toBeGreaterThan(0);
        }
      }
    }),
  );
});

test("cuts at the local clock's hours and midnights", () => {
  const inTokyo = stepsOf("30d", NOW_MS, 540);
  expect(new Date(inTokyo.startMs + 9 * 3_600_000).toISOString()).toMatch(/T00:00:00/);
  expect(inTokyo.count).toBe(31);
  const inNepal = stepsOf("24h", NOW_MS, 345);
  expect(new Date(inNepal.startMs).getUTCMinutes()).toBe(15);
  expect(inNepal.startMs + inNepal.count * inNepal.stepMs).toBeGreaterThanOrEqual(NOW_MS);
});

test("names days and hours", () => {
  const offsetMinutes = -new Date(NOW_MS).getTimezoneOffset();
  const days = stepsOf("7d", NOW_MS, offsetMinutes);
  expect(stepWords(days, 0)).toMatch(/^[A-Z][a-z]{2} \d\d:00$/);
  expect(stepWords(stepsOf("90d", NOW_MS, offsetMinutes), 90)).toMatch(/^[A-Z][a-z]{2}, Mar (10|11)$/);
});
