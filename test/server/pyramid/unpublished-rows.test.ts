import { expect, it } from "vitest";
import { silentLog } from "../../../server/console/log.ts";
import type { DerivedStore } from "../../../server/ports/derived-store.ts";
import { StoreUnavailableError } from "../../../server/ports/report-store.ts";
import { createCompactor } from "../../../server/pyramid/compactor.ts";
import { createPyramid, type PyramidOptions } from "../../../server/pyramid/pyramid.ts";
import { createTileSource } from "../../../server/serving/tile-source.ts";
import { createDynamoStore } from "../../../server/store/dynamo/dynamo.ts";
import { createDocumentClient, EMULATOR_CREDENTIALS } from "../../../server/store/dynamo/dynamo-client.ts";
import { createMemoryDerivedStore } from "../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../server/store/memory/memory.ts";
import { tileAt, worldX, worldY } from "../../../tiles/geo/tile-address.ts";
import type { Report } from "../../../tiles/report.ts";
import { createTestClock } from "../../kit/clock.ts";
import { startDynalite } from "../../kit/dynamo/dynalite-server.ts";
import { intercept } from "../../kit/intercept.ts";
import { seededRandom } from "../../kit/random.ts";
import { makeReport } from "../../kit/sample-reports.ts";

const PLACE = { lonDeg: -119.92, latDeg: -30 };
/** In the same cell of the log, but in another tile. */
const NEXT = { ...PLACE, lonDeg: PLACE.lonDeg + 0.02 };

/** A process on a store whose reads of cells wait for `gate`. */
function openProcess(gate: () => Promise<void>, options: Pick<PyramidOptions, "shareBuilds"> = {}) {
  const clock = createTestClock();
  const store = createMemoryStore({ clock });
  const derived = createMemoryDerivedStore({ clock });
  const pyramid = createPyramid({
    store: {
      ...store,
      async readCell(...args) {
        await gate();
        return store.readCell(...args);
      },
    },
    derived,
    clock,
    log: silentLog,
    ...options,
  });
  const tiles = createTileSource({ pyramid });
  return {
    pyramid,
    /** In a batch, whose rows the feed does not bring. */
    putElsewhere: () => store.putMany([makeReport({ ...PLACE, createdAtMs: clock.now() }, seededRandom(3))]),
    look: ({ lonDeg, latDeg }: typeof PLACE, z = 19) =>
      tiles.read({ layers: ["safety"], tile: tileAt(worldX(lonDeg), worldY(latDeg), z), window: "90d" }),
    store,
    clock,
    compact: () => createCompactor({ store, derived, clock, log: silentLog }).run(),
  };
}

it("shows what a poll was told that then could not read it", async () => {
  let isAway = false;
  const { pyramid, putElsewhere, look } = openProcess(async () => {
    if (isAway) throw new StoreUnavailableError("away");
  });
  expect(await look(PLACE)).toBeUndefined();
  await putElsewhere();
  isAway = true;
  await expect(pyramid.poll()).rejects.toThrow("away");
  isAway = false;
  // Another tile of the same cell brings the report before the next poll can.
  await look(NEXT);
  await pyramid.poll();
  expect(await look(PLACE)).toBeDefined();
});

it("shows at every zoom what a poll was told that then never ended, as in a Worker", async () => {
  let gate = Promise.resolve();
  const { pyramid, putElsewhere, look } = openProcess(() => gate, { shareBuilds: false });
  await pyramid.poll();
  for (const z of [4, 19]) expect(await look(PLACE, z)).toBeUndefined();
  await putElsewhere();
  gate = new Promise(() => {});
  void pyramid.poll();
  // Its request is cut off while it reads the cell; another one brings the report.
  await new Promise((resolve) => setTimeout(resolve));
  gate = Promise.resolve();
  await look(NEXT);
  await pyramid.poll();
  for (const z of [4, 19]) expect(await look(PLACE, z), `z${z}`).toBeDefined();
});

it("shows what one of two first reads of a cell had, and the other had not", async () => {
  const slow = Promise.withResolvers<void>();
  let reads = 0;
  const { pyramid, putElsewhere, look } = openProcess(() => (++reads === 1 ? Promise.resolve() : slow.promise));
  await pyramid.poll();
  const first = look(PLACE);
  const second = look(NEXT);
  expect(await first).toBeUndefined();
  await putElsewhere();
  slow.resolve();
  await second;
  await pyramid.poll();
  expect(await look(PLACE)).toBeDefined();
});

it("shows at every zoom what it was told of, also where a closer tile had read it before that", async () => {
  const { pyramid, putElsewhere, look } = openProcess(async () => {});
  await pyramid.poll();
  await putElsewhere();
  // The closer tile is made of the cell's rows, the wide one of what is stored above them.
  expect(await look(PLACE)).toBeDefined();
  expect(await look(PLACE, 4)).toBeUndefined();
  await pyramid.poll();
  expect(await look(PLACE, 4)).toBeDefined();
});

it("does not keep a report that it took itself before its first poll and that was hidden and compacted since", async () => {
  const { pyramid, store, clock, compact, look } = openProcess(async () => {});
  const report = makeReport({ ...PLACE, createdAtMs: clock.now() }, seededRandom(3));
  await store.put(report);
  pyramid.noteReport(report);
  await store.edit(report.id, { kind: "hide" });
  clock.nowMs += 60_000;
  await compact();
  for (const z of [4, 19]) expect(await look(PLACE, z)).toBeUndefined();
});

it.each([
  ["a report that it knew as restored and that was removed since", [{ kind: "restore" }, { kind: "remove" }], false],
  ["a report that it knew as hidden and that was restored since", [{ kind: "hide" }, { kind: "restore" }], true],
] as const)("reads %s as it was compacted", async (_, [known, since], isShown) => {
  const { pyramid, store, clock, compact, look } = openProcess(async () => {});
  const reports = Array.from({ length: 12 }, (_, i) =>
    makeReport({ ...(i === 0 ? PLACE : NEXT), createdAtMs: clock.now() - 1000 }, seededRandom(i)),
  );
  await store.putMany(reports);
  const [report] = reports as [Report];
  if (known.kind === "restore") await store.edit(report.id, { kind: "hide" });
  await pyramid.poll();
  // It tells its tiles, and holds nothing of the cell.
  const edited = await store.edit(report.id, known);
  if (edited !== undefined) pyramid.noteEdited(edited, report);
  await store.edit(report.id, since);
  await pyramid.poll();
  for (let i = 0; i < 4; i++) {
    clock.nowMs += 60_000;
    await compact();
    await pyramid.poll();
  }
  for (const z of [12, 19]) expect((await look(PLACE, z)) !== undefined, `z${z}`).toBe(isShown || z === 12);
});

it("shows what a slow first poll brings to a cell that was read behind a faster one, as in a Worker", async () => {
  const clock = createTestClock();
  const store = createMemoryStore({ clock });
  const derived = createMemoryDerivedStore({ clock });
  const gate = Promise.withResolvers<void>();
  let asked = 0;
  const slow: DerivedStore = {
    ...derived,
    async list(group, options) {
      if (group === "compaction" && asked++ === 0) await gate.promise;
      return derived.list(group, options);
    },
    async get(group, ...rest) {
      if (group === "compaction" && asked++ === 0) await gate.promise;
      return derived.get(group, ...rest);
    },
  };
  const pyramid = createPyramid({ store, derived: slow, clock, log: silentLog, shareBuilds: false });
  const tiles = createTileSource({ pyramid });
  const look = (z: number) =>
    tiles.read({ layers: ["safety"], tile: tileAt(worldX(PLACE.lonDeg), worldY(PLACE.latDeg), z), window: "90d" });
  const first = pyramid.poll();
  await pyramid.poll();
  expect(await look(19)).toBeUndefined();
  await store.append(makeReport({ ...PLACE, createdAtMs: clock.now() }, seededRandom(3)));
  clock.nowMs += 60_000;
  // It is left unmerged, so the slow poll learns of it twice.
  await createCompactor({ store, derived, clock, log: silentLog }).run();
  gate.resolve();
  await first;
  for (const z of [4, 14, 19]) expect(await look(z), `z${z}`).toBeDefined();
});

it("shows after a rebuild what lay in the feed alone, since its process died after it had thanked for it", async () => {
  const { endpoint, stop } = await startDynalite();
  const clock = createTestClock();
  const open = (client = createDocumentClient({ endpoint, credentials: EMULATOR_CREDENTIALS })) => ({
    store: createDynamoStore({ client, table: "rebuilt", clock }),
    derived: createMemoryDerivedStore({ clock }),
    clock,
    log: silentLog,
  });
  const parts = open();
  await parts.store.migrate();
  await createCompactor(parts).run();
  const mortal = createDocumentClient({ endpoint, credentials: EMULATOR_CREDENTIALS });
  intercept(mortal, async (request) => {
    const { sk = "" } = (request.input.Item ?? {}) as { sk?: string };
    if (sk.startsWith("R#")) throw Object.assign(new Error("died"), { $metadata: {} });
    return request.send();
  });
  const report = makeReport({ ...PLACE, createdAtMs: clock.now() }, seededRandom(3));
  await open(mortal).store.append(report);
  clock.nowMs += 20_000;
  await createCompactor(parts).rebuild();
  expect((await open().store.get(report.id))?.id).toBe(report.id);
  const pyramid = createPyramid(parts);
  await pyramid.poll();
  const tile = tileAt(worldX(PLACE.lonDeg), worldY(PLACE.latDeg), 4);
  expect(await createTileSource({ pyramid }).read({ layers: ["safety"], tile, window: "90d" })).toBeDefined();
  await stop();
});
