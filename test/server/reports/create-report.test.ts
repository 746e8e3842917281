/** @module-tag random */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LogCell, ReportStore } from "../../../server/ports/report-store.ts";
import { StoreUnavailableError } from "../../../server/ports/report-store.ts";
import { createReport, type ReportDraft } from "../../../server/reports/create-report.ts";
import { createMemoryStore } from "../../../server/store/memory/memory.ts";
import { encodeGeohash } from "../../../tiles/geo/geohash.ts";
import type { Report } from "../../../tiles/report.ts";
import { parseReportId } from "../../../tiles/report-id.ts";
import { createTestClock } from "../../kit/clock.ts";
import { runs } from "../../kit/runs.ts";

const DRAFT: ReportDraft = {
  layer: "vibe",
  category: "noise",
  severity: 2,
  lonDeg: 0.0431,
  latDeg: 0.01,
  text: "loud",
};

function createParts(change: (store: ReportStore) => Partial<ReportStore> = () => ({})) {
  const clock = createTestClock();
  const memory = createMemoryStore({ clock });
  const told: Report[] = [];
  const store: ReportStore = { ...memory, ...change(memory) };
  const stored = async () => (await memory.readCell({ layer: "vibe", geohash5: "s0000" })).reports.map(({ id }) => id);
  return { clock, memory, store, told, stored, onReport: (report: Report) => void told.push(report) };
}

const idsOf = (outcomes: readonly Awaited<ReturnType<typeof createReport>>[]) =>
  new Set(outcomes.map((created) => (created.outcome === "key-taken" ? "" : created.report.id)));

describe("createReport", () => {
  it("lies in the cell of what is stored, not of what was sent, when rounding crosses a border", async () => {
    const parts = createParts();
    const border = (2 * 360) / 2 ** 13;
    const created = await createReport(parts, { ...DRAFT, lonDeg: border + 2e-8 });
    if (created.outcome === "key-taken") throw new Error("no key was given");
    expect(created.report.lonDeg).toBeLessThan(border);
    expect(parseReportId(created.report.id)?.geohash5).toBe(
      encodeGeohash(created.report.lonDeg, created.report.latDeg, 5),
    );
    expect(await parts.store.get(created.report.id)).toEqual(created.report);
  });

  it("names the shard that the store chooses for the report's cell", async () => {
    const cells: LogCell[] = [];
    const shardFor = (cell: LogCell) => cells.push(cell) + 2;
    const parts = createParts(() => ({ shardFor }));
    const [id = ""] = idsOf([await createReport(parts, DRAFT)]);
    expect(parseReportId(id)?.shard).toBe(3);
    expect(cells).toEqual([{ layer: parseReportId(id)?.layer, geohash5: parseReportId(id)?.geohash5 }]);
  });

  it("stores once what many send at once with one key, and all of them learn the same report", async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.integer({ min: 2, max: 5 }), async (scheduler, requests) => {
        const parts = createParts((memory) => ({
          put: scheduler.scheduleFunction(memory.put),
          get: scheduler.scheduleFunction(memory.get),
          claimKey: scheduler.scheduleFunction(memory.claimKey),
        }));
        const pending = Promise.all(Array.from({ length: requests }, () => createReport(parts, DRAFT, "key")));
        // The hashes of keys are awaited too, outside the scheduler.
        const outcomes = await scheduler.waitFor(pending);
        expect(idsOf(outcomes).size).toBe(1);
        expect(await parts.stored()).toEqual([...idsOf(outcomes)]);
        expect(new Set(parts.told.map(({ id }) => id))).toEqual(idsOf(outcomes));
      }),
      runs(100),
    );
  });

  it("finishes under the same id what died between the claim and the write", async () => {
    const parts = createParts(() => ({
      append: async () => {
        throw new StoreUnavailableError("died");
      },
    }));
    await expect(createReport(parts, DRAFT, "key")).rejects.toThrow(StoreUnavailableError);
    expect(await parts.stored()).toEqual([]);
    expect(parts.told).toEqual([]);
    const claimedAtMs = parts.clock.nowMs;
    parts.clock.nowMs += 60_000;
    const outcomes = [await createReport(parts, DRAFT, "key"), await createReport(parts, DRAFT, "key")];
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(["created", "replayed"]);
    expect(await parts.stored()).toEqual([...idsOf(outcomes)]);
    // A replay tells again, for this may be another process than the one that stored it.
    expect(parts.told).toMatchObject([{ createdAtMs: claimedAtMs }, { createdAtMs: claimedAtMs }]);
  });

  it("answers with the report when only the write's answer was lost", async () => {
    const parts = createParts((memory) => ({
      append: async (report) => {
        await memory.append(report);
        throw new StoreUnavailableError("timed out");
      },
    }));
    await expect(createReport(parts, DRAFT, "key")).rejects.toThrow(StoreUnavailableError);
    const { cursor } = await parts.store.readChanges();
    const again = await createReport(parts, DRAFT, "key");
    expect(again.outcome).toBe("replayed");
    expect(await parts.stored()).toEqual([...idsOf([again])]);
    expect(parts.told.map(({ id }) => id)).toEqual([...idsOf([again])]);
    expect((await parts.store.readChanges(cursor)).changes).toHaveLength(1);
  });

  it("answers a replay of a report that was hidden since as it was sent, and shows it to nobody", async () => {
    const parts = createParts();
    const [id = ""] = idsOf([await createReport(parts, DRAFT, "key")]);
    await parts.store.edit(id, { kind: "hide" });
    parts.told.length = 0;
    expect(await createReport(parts, DRAFT, "key")).toMatchObject({ outcome: "replayed", report: { id } });
    expect(parts.told).toEqual([]);
    expect(await parts.store.get(id)).toBeUndefined();
  });

  it("tells this process when the store's own retry finds its first attempt written", async () => {
    const parts = createParts((memory) => ({
      append: async (report) => {
        await memory.append(report);
        return memory.append(report);
      },
    }));
    expect((await createReport(parts, DRAFT, "key")).outcome).toBe("created");
    expect(parts.told).toHaveLength(1);
  });

  it("tells drafts apart by every field, and only by what is kept of them", async () => {
    const parts = createParts();
    await createReport(parts, DRAFT, "key");
    const { text: _, ...silent } = DRAFT;
    const others: ReportDraft[] = [
      { ...DRAFT, layer: "safety" },
      { ...DRAFT, category: "noises" },
      { ...DRAFT, severity: 3 },
      { ...DRAFT, lonDeg: DRAFT.lonDeg + 1e-5 },
      { ...DRAFT, latDeg: -DRAFT.latDeg },
      { ...DRAFT, text: "louder" },
      silent,
    ];
    for (const draft of others) expect((await createReport(parts, draft, "key")).outcome).toBe("key-taken");
    const same = { ...DRAFT, lonDeg: DRAFT.lonDeg + 1e-6 };
    expect((await createReport(parts, same, "key")).outcome).toBe("replayed");
    expect((await createReport(parts, { ...DRAFT, severity: 3 }, "another key")).outcome).toBe("created");
  });

  it("forgets a key after a day", async () => {
    const parts = createParts();
    await createReport(parts, DRAFT, "key");
    parts.clock.nowMs += 86_400_001;
    expect((await createReport(parts, { ...DRAFT, severity: 5 }, "key")).outcome).toBe("created");
  });
});
