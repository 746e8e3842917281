import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mergeNewest, type NewestRun } from "../../../server/reports/merge-newest.ts";
import type { Report } from "../../../tiles/report.ts";

const reportOf = (id: string): Report => ({
  id,
  layer: "vibe",
  category: "noise",
  severity: 1,
  lonDeg: 0,
  latDeg: 0,
  createdAtMs: 0,
  expiresAtMs: 0,
});

/** A run over ids, which counts the reports that are read of it. */
function runOf(ids: readonly string[], reads: number[] = []): NewestRun {
  const newest = ids.map(reportOf).sort((a, b) => (a.id < b.id ? 1 : -1));
  return async (limit, before) => {
    const rows = newest.filter(({ id }) => before === undefined || id < before).slice(0, limit);
    reads.push(rows.length);
    return rows;
  };
}

async function take(merged: AsyncIterable<Report>, count: number): Promise<string[]> {
  const ids: string[] = [];
  if (count === 0) return ids;
  for await (const { id } of merged) if (ids.push(id) === count) break;
  return ids;
}

describe("mergeNewest", () => {
  it("hands out what sorting everything would, for any runs and first chunk", async () => {
    const ids = fc.uniqueArray(
      fc.integer({ min: 0, max: 9_999 }).map((n) => `${n}`.padStart(4, "0")),
      { maxLength: 200 },
    );
    await fc.assert(
      fc.asyncProperty(
        ids,
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 40 }),
        async (all, count, chunk) => {
          const runs = Array.from({ length: count }, (_, run) => all.filter((id) => Number(id) % count === run));
          const merged = mergeNewest(
            runs.map((run) => runOf(run)),
            chunk,
            3,
          );
          expect(await take(merged, Number.POSITIVE_INFINITY)).toEqual(all.toSorted().reverse());
        },
      ),
      { numRuns: 200 },
    );
  });

  it("reads no further than it is asked to", async () => {
    const reads: number[] = [];
    const ids = Array.from({ length: 10_000 }, (_, n) => `${n}`.padStart(5, "0"));
    const even = runOf(
      ids.filter((id) => Number(id) % 2 === 0),
      reads,
    );
    const odd = runOf(
      ids.filter((id) => Number(id) % 2 === 1),
      reads,
    );
    expect(await take(mergeNewest([even, odd, runOf([], reads)], 16, 4), 20)).toEqual(ids.slice(-20).reverse());
    expect(reads).toEqual([16, 16, 0]);
  });

  it("keeps to its number of reads at a time", async () => {
    let underWay = 0;
    let most = 0;
    const slow: NewestRun = async () => {
      most = Math.max(most, ++underWay);
      await Promise.resolve();
      underWay--;
      return [];
    };
    await take(mergeNewest(Array<NewestRun>(20).fill(slow), 16, 4), 1);
    expect(most).toBe(4);
  });

  it("fails when a read fails", async () => {
    const away: NewestRun = async () => {
      throw new Error("away");
    };
    await expect(take(mergeNewest([runOf(["a"]), away], 16, 4), 1)).rejects.toThrow("away");
  });

  it("is empty without runs", async () => {
    expect(await take(mergeNewest([], 16, 4), 1)).toEqual([]);
  });
});
