/** @module-tag random */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { silentLog } from "../../../server/console/log.ts";
import { createCompactionJournal } from "../../../server/pyramid/compaction-journal.ts";
import {
  type CompactionPoint,
  createCompactionState,
  decodePoint,
  encodePoint,
} from "../../../server/pyramid/compaction-state.ts";
import { createUnmergedRows, type UnmergedRows } from "../../../server/pyramid/unmerged-rows.ts";
import { createYoungParts } from "../../../server/pyramid/young-parts.ts";
import { createMemoryDerivedStore } from "../../../server/store/memory/derived-memory.ts";
import { encodeGeohash } from "../../../tiles/geo/geohash.ts";
import { keptTime } from "../../../tiles/kept.ts";
import { columnsOfReports, rowsWhere } from "../../../tiles/report-columns.ts";
import { createTestClock } from "../../kit/clock.ts";
import { seededRandom } from "../../kit/random.ts";
import { runs } from "../../kit/runs.ts";
import { makeReport } from "../../kit/sample-reports.ts";

const MINUTE = 60_000;
const NOW = Date.UTC(2026, 5, 1, 12, 1);

const texts = (rows: UnmergedRows): string[] =>
  rows
    .all()
    .flatMap(({ cell, rows: { length, createdAtMs, idRest, quarters } }) =>
      Array.from({ length }, (_, i) => `${cell.layer} ${cell.geohash5} ${createdAtMs[i]} ${idRest[i]} ${quarters[i]}`),
    )
    .sort();

function open() {
  const clock = createTestClock(NOW);
  const derived = createMemoryDerivedStore({ clock });
  const random = seededRandom(3);
  /** So many reports of now, each layer's times cut as they are. */
  function add(rows: UnmergedRows, count: number): void {
    for (let i = 0; i < count; i++) {
      const layer = random() < 0.7 ? "safety" : "vibe";
      const category = layer === "safety" && random() < 0.8 ? "theft" : "vandalism";
      const place = { lonDeg: -95.37 + random() * 0.2, latDeg: 29.76 + random() * 0.1 };
      const createdAtMs = keptTime(layer, category, clock.now());
      const reporter = 1 + Math.floor(random() * 200);
      const report = makeReport({ ...place, layer, category, reporter, createdAtMs }, random);
      rows.add({ layer, geohash5: encodeGeohash(report.lonDeg, report.latDeg, 5) }, columnsOfReports([report]));
    }
  }
  const point = (number: number, rows: UnmergedRows): CompactionPoint => ({
    number,
    cursor: "1",
    atMs: clock.now(),
    beforeMs: clock.now() - 15_000,
    rows,
    open: [],
  });
  return { clock, derived, random, add, point };
}

describe("young rows beside a state", () => {
  it("read as they were, whoever reads, while rows come, are hidden and grow old; and the state stays small", async () => {
    const steps = fc.array(fc.record({ come: fc.nat(400), hide: fc.nat(30), passMs: fc.nat(3 * MINUTE) }), {
      minLength: 1,
      maxLength: 12,
    });
    await fc.assert(
      fc.asyncProperty(steps, async (some) => {
        const { clock, derived, random, add, point } = open();
        const writer = createYoungParts({ derived, clock });
        let last = point(1, createUnmergedRows());
        for (const [i, { come, hide, passMs }] of some.entries()) {
          clock.advance(passMs);
          let hidden = hide;
          const rows = createUnmergedRows();
          for (const { cell, rows: ofCell } of last.rows.all())
            rows.add(
              cell,
              rowsWhere(ofCell, () => random() > 0.5 || hidden-- <= 0),
            );
          add(rows, come);
          const { parts } = last;
          const next = await writer.extend({ ...point(i + 2, rows), ...(parts && { parts }) });
          const body = encodePoint(writer.stored(next));
          await writer.sweep(next);
          const read = await createYoungParts({ derived, clock }).join(decodePoint(body));
          if (read === undefined) throw new Error("missing");
          expect(texts(read.rows)).toEqual(texts(rows));
          last = read;
        }
      }),
      runs(60),
    );
  });

  it("are each written once, and removed when the aggregates have them", async () => {
    const { clock, derived, add, point } = open();
    const parts = createYoungParts({ derived, clock });
    const rows = createUnmergedRows();
    let last = point(1, rows);
    let bytes = 0;
    for (let number = 2; number < 32; number++) {
      clock.advance(10_000);
      add(rows, 100);
      last = await parts.extend({ ...point(number, rows), ...(last.parts && { parts: last.parts }) });
      bytes = Math.max(bytes, encodePoint(parts.stored(last)).length);
    }
    const stored = await derived.list("compaction-young");
    expect(stored.length).toBeGreaterThan(5);
    // Twenty bytes for each of 3 000 rows, and not for each state.
    expect(stored.reduce((sum, { body }) => sum + body.length, 0)).toBeLessThan(75_000);
    expect(bytes).toBeLessThan(40_000);
    clock.advance(16 * MINUTE);
    const old = await parts.extend({ ...point(60, createUnmergedRows()), ...(last.parts && { parts: last.parts }) });
    expect(old.parts).toBeUndefined();
    await parts.sweep(old);
    expect(await derived.list("compaction-young")).toEqual([]);
  });

  it("are missed by nobody who reads a state that a later one took the place of, and lost, are read from the feed", async () => {
    const { clock, derived, add, point } = open();
    const journal = createCompactionJournal({ derived, clock, log: silentLog });
    const parts = createYoungParts({ derived, clock });
    const rows = createUnmergedRows();
    add(rows, 300);
    await journal.read();
    const first = await parts.extend(point(1, rows));
    expect(first.parts?.names).toHaveLength(1);
    // The journal knows the parts that it has read.
    const writing = createCompactionJournal({ derived, clock, log: silentLog, parts });
    await writing.read();
    await writing.finish(first);
    const state = createCompactionState(derived, silentLog, clock);
    expect((await state.read())?.rows.count()).toBe(300);
    await derived.remove("compaction-young", await derived.list("compaction-young"));
    expect((await state.read())?.rows.count()).toBe(300);
    expect(await createCompactionState(derived, silentLog, clock).read()).toBeUndefined();
    expect((await createCompactionJournal({ derived, clock, log: silentLog }).read()).point).toBeUndefined();
  });
});
