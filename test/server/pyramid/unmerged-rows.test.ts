/** @module-tag random */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { silentLog } from "../../../server/console/log.ts";
import type { DerivedStore } from "../../../server/ports/derived-store.ts";
import type { ReportEdit, ReportStore } from "../../../server/ports/report-store.ts";
import { MOST_UNMERGED } from "../../../server/pyramid/compaction-work.ts";
import { createCompactor } from "../../../server/pyramid/compactor.ts";
import { createPyramid, type Pyramid } from "../../../server/pyramid/pyramid.ts";
import { createMemoryDerivedStore } from "../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../server/store/memory/memory.ts";
import type { MicroCells } from "../../../tiles/cells/micro-cells.ts";
import { encodeGeohash } from "../../../tiles/geo/geohash.ts";
import { BAND_COUNT } from "../../../tiles/layers.ts";
import type { Report } from "../../../tiles/report.ts";
import { createTestClock } from "../../kit/clock.ts";
import { seededRandom } from "../../kit/random.ts";
import { runs } from "../../kit/runs.ts";
import { makeReport } from "../../kit/sample-reports.ts";
import { allow, cutOff } from "./cut-off.ts";
import { correctedReport, editReport } from "./edit-report.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** Cells that share a cluster cell of each level, or none. */
const PLACES = [
  [-95.37, 29.76],
  [-95.36, 29.77],
  [-95.1, 29.76],
  [-94.2, 30.3],
  [-80.2, 25.8],
  [8.54, 47.37],
] as const;

function setUp() {
  const clock = createTestClock();
  const store = createMemoryStore({ clock });
  const derived = createMemoryDerivedStore({ clock });
  const random = seededRandom(9);
  const report = (place: number, ageMs = 0): Report => {
    const [lonDeg, latDeg] = PLACES[place % PLACES.length] ?? PLACES[0];
    return makeReport({ lonDeg, latDeg, createdAtMs: clock.now() - ageMs }, random);
  };
  const process = (on: { store?: ReportStore } = {}) => createPyramid({ store, derived, clock, log: silentLog, ...on });
  const compactor = (on: { store?: ReportStore; derived?: DerivedStore } = {}) =>
    createCompactor({ store, derived, clock, log: silentLog, ...on });
  return { clock, store, derived, report, process, compactor };
}

/** What every level of the pyramid has of each place: reports by age band, severities, and the reports themselves. */
async function view(pyramid: Pyramid): Promise<unknown[]> {
  const seen: unknown[] = [];
  for (const [lonDeg, latDeg] of PLACES) {
    const geohash5 = encodeGeohash(lonDeg, latDeg, 5);
    for (let length = 0; length <= 5; length++) {
      seen.push(contents(await pyramid.cells("safety", geohash5.slice(0, length))));
    }
    seen.push((await pyramid.reports({ layer: "safety", geohash5 })).length);
  }
  return seen;
}

const contents = ({ length, key, bandCount, bandSeverity, sumX, sumY }: MicroCells) => ({
  key: [...key.subarray(0, length)],
  bandCount: [...bandCount.subarray(0, length * BAND_COUNT)],
  bandSeverity: [...bandSeverity.subarray(0, length * BAND_COUNT)],
  sums: [...sumX.subarray(0, length), ...sumY.subarray(0, length)],
});

type Step =
  | { readonly do: "put" | "putOld"; readonly place: number; readonly count: number }
  | { readonly do: "wait"; readonly ms: number }
  | { readonly do: "compact" | "rebuild" | "poll" | "restart" }
  | { readonly do: "cutOff"; readonly calls: number; readonly isLastDone: boolean }
  | { readonly do: "edit"; readonly kind: ReportEdit["kind"]; readonly which: number };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({
      do: fc.constantFrom("put" as const, "putOld" as const),
      place: fc.nat(PLACES.length - 1),
      count: fc.constantFrom(1, 1, 2, 30, 90),
    }),
    fc.record({ do: fc.constant("wait" as const), ms: fc.constantFrom(900, 5000, 16_000, 31_000, 5 * MINUTE) }),
    fc.record({ do: fc.constantFrom("compact" as const, "compact" as const, "poll" as const, "restart" as const) }),
    fc.record({ do: fc.constant("rebuild" as const) }),
    fc.record({ do: fc.constant("cutOff" as const), calls: fc.integer({ min: 1, max: 70 }), isLastDone: fc.boolean() }),
    fc.record({
      do: fc.constant("edit" as const),
      kind: fc.constantFrom("hide", "restore", "replace", "remove" as const),
      which: fc.nat(),
    }),
  ),
  { minLength: 3, maxLength: 16 },
);

describe("rows that cell aggregates lack", () => {
  it("are counted exactly once, whatever was compacted, half or whole, and whoever looks", async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (list) => {
        const { clock, store, derived, report, process, compactor } = setUp();
        const reports: Report[] = [];
        const made = (place: number, ageMs: number): Report => {
          const each = report(place, ageMs);
          reports.push(each);
          return each;
        };
        let running = process();
        for (const step of list) {
          if (step.do === "put") for (let i = 0; i < step.count; i++) await store.put(made(step.place, 0));
          else if (step.do === "putOld") {
            await store.putMany(Array.from({ length: step.count }, () => made(step.place, 40 * DAY)));
          } else if (step.do === "wait") clock.nowMs += step.ms;
          else if (step.do === "poll") await running.poll();
          else if (step.do === "restart") running = process();
          else if (step.do === "compact") await compactor().run();
          else if (step.do === "rebuild") await compactor().rebuild();
          else if (step.do === "edit") {
            const { kind } = step;
            const edited = reports[reports.length - 1 - (step.which % Math.max(1, Math.min(5, reports.length)))];
            if (edited === undefined) continue;
            const random = seededRandom(step.which);
            const edit = kind === "replace" ? { kind, report: correctedReport(edited, random) } : { kind };
            await editReport(store, edited, edit, step.which % 2 === 0 ? running : undefined);
          } else if (step.do === "cutOff") {
            const allowance = allow(step.calls, step.isLastDone);
            const ports = { store: cutOff(store, allowance), derived: cutOff(derived, allowance) };
            await Promise.allSettled([compactor(ports).run()]);
          }
        }
        await running.poll();
        // Without anything stored, all is made from the rows.
        const truth = await view(
          createPyramid({ store, derived: createMemoryDerivedStore({ clock }), clock, log: silentLog }),
        );
        expect(await view(running)).toEqual(truth);
        expect(await view(process())).toEqual(truth);
      }),
      runs(60),
    );
  });

  it("are left unmerged while they are few: a lone report makes no cell aggregate, and no process reads a row for it", async () => {
    const { clock, store, derived, report, process, compactor } = setUp();
    await store.put(report(0));
    clock.nowMs += 5 * MINUTE;
    await compactor().run();
    expect(await derived.list("slices/safety/")).toEqual([]);
    clock.nowMs += DAY;
    await compactor().run();
    const noReads = process({
      store: { ...store, readCell: () => Promise.reject(new Error("read")) },
    });
    const [, world] = [await noReads.poll(), await noReads.cells("safety", "")];
    expect([...world.bandCount].reduce((a, b) => a + b, 0)).toBe(1);
    for (let i = 0; i < MOST_UNMERGED; i++) {
      await store.put(report(0));
      clock.nowMs += 1000;
    }
    clock.nowMs += 16 * MINUTE;
    await compactor().run();
    expect(await derived.list("slices/safety/")).toHaveLength(1);
  });

  it("are taken in once they are many, also where a cell has log segments already", async () => {
    const { clock, store, derived, report, compactor } = setUp();
    for (let times = 1; times <= 3; times++) {
      for (let i = 0; i < MOST_UNMERGED + 20; i++) await store.put(report(0));
      clock.nowMs += MINUTE;
      await compactor().run();
      // It knows of no change, and believes the stored items alone.
      const blind = { ...store, readChanges: async () => ({ changes: [], cursor: "0" }) };
      const pyramid = createPyramid({ store: blind, derived, clock, log: silentLog });
      const world = await pyramid.cells("safety", "");
      expect([...world.bandCount].reduce((a, b) => a + b, 0)).toBe(times * (MOST_UNMERGED + 20));
    }
  });

  it("are added to the cell aggregates that a process reads, without a request for their cells", async () => {
    const { clock, store, report, process, compactor } = setUp();
    await store.putMany(Array.from({ length: 200 }, (_, i) => report(i, DAY)));
    clock.nowMs += MINUTE;
    await compactor().run();
    for (let i = 0; i < 40; i++) {
      await store.put(report(i));
      clock.nowMs += 500;
    }
    const counted = { cells: 0 };
    const pyramid = process({
      store: {
        ...store,
        readCell(...args) {
          counted.cells++;
          return store.readCell(...args);
        },
      },
    });
    const world = await pyramid.cells("safety", "");
    expect([...world.bandCount].reduce((a, b) => a + b, 0)).toBe(240);
    expect(counted.cells).toBe(0);
  });
});
