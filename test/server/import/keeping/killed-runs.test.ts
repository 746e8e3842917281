/** @module-tag random */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { importFile } from "../../../../server/import/import-file.ts";
import { listRuns } from "../../../../server/import/keeping/run-items.ts";
import { undoRun } from "../../../../server/import/keeping/undo.ts";
import type { DerivedStore } from "../../../../server/ports/derived-store.ts";
import type { ReportStore } from "../../../../server/ports/report-store.ts";
import { createMemoryDerivedStore } from "../../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../../server/store/memory/memory.ts";
import { reportsOf } from "../../../kit/make-report.ts";
import { runs } from "../../../kit/runs.ts";

/** Imports and undos that are killed at any write, before, in the midst of or after it, and are then said again. */

const dir = mkdtempSync(join(tmpdir(), "killed-runs-"));
afterAll(() => rmSync(dir, { recursive: true }));

interface World {
  nowMs: number;
  readonly store: ReportStore;
  readonly derived: DerivedStore;
}

function createWorld(): World {
  const world = { nowMs: Date.parse("2026-03-01T12:00:00Z") };
  const clock = { now: () => world.nowMs };
  return Object.assign(world, { store: createMemoryStore({ clock }), derived: createMemoryDerivedStore({ clock }) });
}

/** The stores of a process that is killed at its `left`th write: that one is done or not, of many a part, and nothing after it. */
function killedAt({ store, derived }: World, left: number, isDone: boolean): Pick<World, "store" | "derived"> {
  let writes = left;
  const dying =
    <Args extends unknown[], T>(act: (...args: Args) => Promise<T>, half = act) =>
    async (...args: Args): Promise<T> => {
      writes--;
      if (writes > 0) return act(...args);
      if (writes === 0 && isDone) await half(...args);
      throw new Error("killed");
    };
  const putMany: ReportStore["putMany"] = (reports, options) =>
    store.putMany(reports, options).then((outcome) => outcome);
  const putHalf: ReportStore["putMany"] = async (reports, options) => {
    await store.putMany(reports.slice(0, Math.ceil(reports.length / 2)), options);
    return { written: 0, existing: 0 };
  };
  return {
    store: { ...store, putMany: dying(putMany, putHalf), edit: dying(store.edit), put: dying(store.put) },
    derived: { ...derived, put: dying(derived.put), remove: dying(derived.remove) },
  };
}

interface FileRow {
  readonly key: number;
  readonly place: number;
  readonly severity: number;
}

function importRows(world: World, rows: readonly FileRow[], hasIds: boolean, stores: Pick<World, "store" | "derived">) {
  const path = join(dir, "rows.csv");
  const lines = rows.map(
    ({ key, place, severity }) => `${key},${-95 + place},29.7,2026-02-28T10:00:00Z,vibe,music,${severity},row ${key}`,
  );
  writeFileSync(path, ["key,lon,lat,time,layer,category,severity,text", ...lines, ""].join("\n"));
  const mapping = { sources: {}, values: {}, ...(hasIds && { id: { column: "key" } }) };
  return importFile({ path, mapping, clock: { now: () => world.nowMs }, retryMs: 1, ...stores });
}

async function stateOf({ store }: World): Promise<string[]> {
  const reports = await reportsOf(store);
  return reports.map(({ text, severity, lonDeg }) => `${text} ${severity} ${lonDeg}`).sort();
}

/** Said again after two minutes, until it comes to its end. */
async function insist(
  world: World,
  kills: readonly Kill[],
  act: (stores: Pick<World, "store" | "derived">) => Promise<unknown>,
) {
  for (const { at, isDone } of kills) {
    const killed = await act(killedAt(world, at, isDone)).then(
      () => false,
      (error: Error) => {
        if (error.message !== "killed") throw error;
        return true;
      },
    );
    world.nowMs += 121_000;
    if (!killed) return;
  }
  await act(world);
  world.nowMs += 121_000;
}

interface Kill {
  readonly at: number;
  readonly isDone: boolean;
}

const file = fc.uniqueArray(
  fc.record({ key: fc.nat(9), place: fc.constantFrom(0, 0, 0.1, 0.2), severity: fc.integer({ min: 1, max: 3 }) }),
  { selector: ({ key }) => key, minLength: 1, maxLength: 8 },
);
const kills = fc.array(fc.record({ at: fc.integer({ min: 1, max: 16 }), isDone: fc.boolean() }), { maxLength: 2 });

test.each([true, false])(
  "a run that is killed and said again, and its undo, come to what they had come to (row ids: %s)",
  async (hasIds) => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(file, kills, kills), { minLength: 1, maxLength: 4 }), async (files) => {
        const [world, calm] = [createWorld(), createWorld()];
        const states = new Map<number, string[]>([[0, []]]);
        for (const [rows, killsOfRun] of files) {
          await insist(world, killsOfRun, (stores) => importRows(world, rows, hasIds, stores));
          await importRows(calm, rows, hasIds, calm);
          calm.nowMs += 1000;
          expect(await stateOf(world)).toEqual(await stateOf(calm));
          states.set((await listRuns(world.derived)).length, await stateOf(world));
        }
        const all = await listRuns(world.derived);
        for (const [i, { run }] of [...all.entries()].reverse()) {
          const [, , killsOfUndo = []] = files[i % files.length] ?? [];
          const clock = { now: () => world.nowMs };
          await insist(world, killsOfUndo, (stores) =>
            undoRun({ ...stores, clock, runId: run.id, retryMs: 1 }).catch(endedBefore),
          );
          const expected = states.get(i);
          if (expected !== undefined) expect(await stateOf(world)).toEqual(expected);
        }
        expect(await stateOf(world)).toEqual([]);
        // And once more from nothing, with ids that were never used.
        const [[rows] = [[]]] = files;
        await importRows(world, rows, hasIds, world);
        expect(await stateOf(world)).toHaveLength(rows.length);
      }),
      runs(100, 4),
    );
  },
);

/** Its last write was done, and it was killed before it could say so. */
function endedBefore(error: Error): void {
  if (!error.message.includes("was taken back already")) throw error;
}
