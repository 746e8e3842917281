/** @module-tag slow */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { silentLog } from "../../../server/console/log.ts";
import type { DerivedStore } from "../../../server/ports/derived-store.ts";
import type { ReportStore } from "../../../server/ports/report-store.ts";
import { type CompactionReport, createCompactor } from "../../../server/pyramid/compactor.ts";
import { createMemoryDerivedStore } from "../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../server/store/memory/memory.ts";
import { REPORT_LAYERS } from "../../../tiles/layers.ts";
import type { Report } from "../../../tiles/report.ts";
import { createTestClock } from "../../kit/clock.ts";
import { seededRandom } from "../../kit/random.ts";
import { makeReport } from "../../kit/sample-reports.ts";
import { allow, cellAggregatesOf, cutOff } from "./cut-off.ts";

const HOUR = 3_600_000;
const SEED = 20_260_601;
/** Fewer calls than that do not bring a compaction forward: it must read where it stands, plan, make one cell aggregate and say so. */
const LEAST_CALLS = 12;
/** From so many calls a run on, being cut off costs at most a fifth more. */
const CALLS_FOR_A_FIFTH = 100;

const clock = createTestClock();

/** Reports anywhere, one to twelve in a cell, so that some cells have log segments and others none. */
function worldwide(cells: number, seed = 1): Report[] {
  const random = seededRandom(seed);
  return Array.from({ length: cells }, (_, i) => {
    const place = {
      lonDeg: random() * 359 - 180,
      latDeg: random() * 130 - 60,
      layer: REPORT_LAYERS[i % REPORT_LAYERS.length] ?? REPORT_LAYERS[0],
    };
    return Array.from({ length: i % 4 === 0 ? 12 : 1 }, () =>
      makeReport({ ...place, createdAtMs: clock.now() - HOUR - Math.floor(random() * 80 * 24 * HOUR) }, random),
    );
  }).flat();
}

async function openWorld(reports: readonly Report[]): Promise<ReportStore> {
  const store = createMemoryStore({ clock });
  await store.putMany(reports);
  return store;
}

/** One run of a process that may make so many calls; undefined when it was cut off. */
async function runFor(calls: number, on: { store: ReportStore; derived: DerivedStore }, isLastDone = false) {
  const allowance = allow(calls, isLastDone);
  const ports = { store: cutOff(on.store, allowance), derived: cutOff(on.derived, allowance) };
  const report = await createCompactor({ ...ports, clock, log: silentLog })
    .run()
    .catch((): CompactionReport | undefined => undefined);
  // What was under way when it was cut off comes to its end.
  await new Promise((resolve) => setImmediate(resolve));
  return { report, made: allowance.made };
}

/** Runs until nothing is left to do, and counts. */
async function runUntilDone(on: { store: ReportStore; derived: DerivedStore }, callsOf: (run: number) => number) {
  let made = 0;
  for (let run = 0; ; run++) {
    const { report, made: more } = await runFor(callsOf(run), on, run % 2 === 1);
    made += more;
    if (report?.done) return { made, runs: run + 1 };
    if (run > 20_000) throw new Error("it does not come to an end");
  }
}

async function undisturbed(store: ReportStore) {
  const derived = createMemoryDerivedStore({ clock });
  const { made } = await runUntilDone({ store, derived }, () => Infinity);
  return { made, cellAggregates: await cellAggregatesOf(derived) };
}

describe("a compaction that is cut off again and again", () => {
  it("ends with the cell aggregates of an undisturbed one, however few calls a run may make", async () => {
    const store = await openWorld(worldwide(150));
    const whole = await undisturbed(store);
    const anew = createMemoryDerivedStore({ clock });
    await createCompactor({ store, derived: anew, clock, log: silentLog }).rebuild();
    expect(await cellAggregatesOf(anew)).toEqual(whole.cellAggregates);
    const few = fc.integer({ min: LEAST_CALLS, max: 60 });
    const calls = fc.array(fc.oneof(few, fc.integer({ min: LEAST_CALLS, max: 1500 })), { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(calls, async (list) => {
        const derived = createMemoryDerivedStore({ clock });
        const { runs } = await runUntilDone({ store, derived }, (run) => list[run % list.length] ?? LEAST_CALLS);
        expect(await cellAggregatesOf(derived)).toEqual(whole.cellAggregates);
        expect(runs).toBeLessThan(whole.made);
      }),
      { numRuns: 25, seed: SEED },
    );
  });

  it("takes at most a fifth more calls for 5 000 changed cells of the world", async () => {
    const store = await openWorld(worldwide(5000));
    const whole = await undisturbed(store);
    const random = seededRandom(SEED);
    const between = (least: number, most: number) => Math.round(least * (most / least) ** random());
    const series: [string, (run: number) => number][] = [
      [`${CALLS_FOR_A_FIFTH}`, () => CALLS_FOR_A_FIFTH],
      ...[1, 2].map((): [string, () => number] => {
        const calls = between(CALLS_FOR_A_FIFTH, 5000);
        return [`${calls}`, () => calls];
      }),
      ["50..1000 at random", () => between(50, 1000)],
    ];
    for (const [name, callsOf] of series) {
      const derived = createMemoryDerivedStore({ clock });
      const { made, runs } = await runUntilDone({ store, derived }, callsOf);
      console.log(
        `cut off after ${name} calls: ${runs} runs, ${(made / whole.made).toFixed(3)} of ${whole.made} calls`,
      );
      expect(made / whole.made, name).toBeLessThanOrEqual(1.2);
      expect(await cellAggregatesOf(derived), name).toEqual(whole.cellAggregates);
    }
  });
});
