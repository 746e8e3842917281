import { expect, test } from "vitest";
import { parseSource } from "../../../../server/import/fields/mapping.ts";
import type { ImportOptions } from "../../../../server/import/import-options.ts";
import { undoRun } from "../../../../server/import/keeping/undo.ts";
import { reportsOf } from "../../../kit/make-report.ts";
import { useImport } from "../import-fixture.ts";

const world = useImport();
// Sensitive in one layer only, which keeps another place and time of it.
const ROW = "-95.41234,29.71234,2026-02-28T10:07:00Z,theft,3\n";
const FILE = `lon,lat,time,category,severity\n${ROW}${ROW}-95.5,29.8,2026-02-28T11:00:00Z,pothole,2\n`;

const importInto = (layer: string, options: Partial<ImportOptions> = {}) => {
  const mapping = { sources: { layer: parseSource(`=${layer}`) }, values: {} };
  return world.run(world.write("potholes.csv", FILE), { mapping, ...options });
};

test("another constant layer makes no new reports of rows", async () => {
  expect(await importInto("safety")).toMatchObject({ written: 3, existing: 0 });
  expect(await importInto("infrastructure")).toMatchObject({ written: 0, existing: 3 });
  expect(await importInto("safety")).toMatchObject({ written: 0, existing: 3 });
  expect(await reportsOf(world.store)).toHaveLength(3);
});

test("rows go into another layer once their run is taken back", async () => {
  const { runId = "" } = await importInto("safety");
  await undoRun({ ...world, runId });
  const second = await importInto("infrastructure");
  expect(second).toMatchObject({ written: 3, existing: 0 });
  await undoRun({ ...world, runId: second.runId ?? "" });
  // A run that stands makes the ids of undone ones be asked for.
  await importInto("vibe", { limit: 1 });
  expect(await importInto("opportunity")).toMatchObject({ written: 2, existing: 1 });
});

test("tells of a run that knew the rows of the file otherwise, as long as it stands", async () => {
  const path = world.write(
    "numbered.csv",
    "nr,lon,lat,time,category,severity\n7,-95.5,29.8,2026-02-28T11:00:00Z,pothole,2\n",
  );
  const layer = parseSource("=infrastructure");
  const byIds = { path, mapping: { sources: { layer }, values: {}, id: { column: "nr" } } };
  const { runId = "", notes } = await importInto("infrastructure", { path });
  expect(notes.join()).not.toMatch(/twice/);
  const twice = await importInto("infrastructure", byIds);
  expect(twice.notes).toContainEqual(
    expect.stringMatching(`without --id before \\(run ${runId}\\).* twice: --undo ${runId}`),
  );
  await undoRun({ ...world, runId: twice.runId ?? "" });
  await undoRun({ ...world, runId });
  const { notes: after } = await importInto("infrastructure", byIds);
  expect(after.join()).not.toMatch(/twice/);
});
