import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { silentLog } from "../../server/console/log.ts";
import { findFormerEpoch } from "../../server/import/keeping/former-epoch.ts";
import type { DerivedStore } from "../../server/ports/derived-store.ts";
import type { ReportStore } from "../../server/ports/report-store.ts";
import type { RunSql } from "../../server/ports/sql.ts";
import { decodePoint, encodePoint } from "../../server/pyramid/compaction-state.ts";
import { createCompactor } from "../../server/pyramid/compactor.ts";
import { createPyramid } from "../../server/pyramid/pyramid.ts";
import { STREET_LIMITS } from "../../server/pyramid/street-base.ts";
import { listReports } from "../../server/reports/list-reports.ts";
import { createReportCounter } from "../../server/scores/report-counter.ts";
import { createTileSource } from "../../server/serving/tile-source.ts";
import { createMemoryDerivedStore } from "../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../server/store/memory/memory.ts";
import { decodeStreetHead } from "../../tiles/codec/street-codec.ts";
import { tileAt, worldX, worldY } from "../../tiles/geo/tile-address.ts";
import { AGE_BANDS } from "../../tiles/layers.ts";
import type { Report } from "../../tiles/report.ts";
import { createTestClock } from "../kit/clock.ts";
import { cellsOf } from "../kit/make-report.ts";
import { makeCity } from "../kit/sample-reports.ts";
import { goldenItems, withVersion } from "./golden.ts";
import { CORNERS } from "./sample.ts";

/** What readers and compactions do with items that a program of another version has left: they answer as if these were not there. */

const MINUTE_MS = 60_000;
const ZOOMS = [0, 5, 9, 12, 15, 17];
const BOX = { west: -96, south: 29, east: -95, north: 30 };
const KINDS = [
  "micro-cells-v5",
  "reports-v2",
  "edited-reports-v2",
  "compaction-v4",
  "compaction-plan-v3",
  "compaction-progress-v2",
  "street-head-v1",
  "street-units-v1",
];
/** So early in the work that progress is noted, and work is left. */
const CALLS_OF_CUT_RUN = 60;
/** Stored ages may be wrong for so long, and answers with them. */
const INEXACT_MS = 2 * 3_600_000;

const clock = createTestClock();
const store = createMemoryStore({ clock });
const reports: Report[] = [];
/** As the runs before the tests have left it. */
let snapshot: Item[];
/** What is answered without any of it. */
let truth: unknown;
let derived: DerivedStore;

const emptyStore = () => createMemoryDerivedStore({ clock });
/** Cells with log segments are dense. */
const streetLimits = { ...STREET_LIMITS, denseRows: 6 };
const compactor = (of: DerivedStore) => createCompactor({ store, derived: of, clock, log: silentLog, streetLimits });

async function put(more: readonly Report[]): Promise<void> {
  const isNearEdge = ({ createdAtMs }: Report) =>
    AGE_BANDS.some(({ untilMs }) => Math.abs(clock.now() - createdAtMs - untilMs) < INEXACT_MS);
  const some = more.filter((report) => !isNearEdge(report));
  reports.push(...some);
  await store.putMany(some);
}

/** A compacted city with edited reports, and a second compaction that stopped half way. */
beforeAll(async () => {
  const first = emptyStore();
  await put([...makeCity(80, clock.now()), ...CORNERS]);
  const [hidden, replaced] = reports as [Report, Report];
  await store.edit(hidden.id, { kind: "hide" });
  await store.edit(replaced.id, { kind: "replace", report: { ...replaced, severity: 5, category: "assault" } });
  await compactor(first).run();
  clock.nowMs += MINUTE_MS;
  await put(makeCity(60, clock.now(), 3));
  expect((await compactor(first).run({ maxCalls: CALLS_OF_CUT_RUN })).done).toBe(false);
  snapshot = await allItems(first);
  truth = await answers(emptyStore());
});

beforeEach(async () => {
  derived = emptyStore();
  for (const { group, name, body } of snapshot) await derived.put(group, name, body, { expected: undefined });
});

/** Everything that a process answers which starts now. */
async function answers(from: DerivedStore): Promise<unknown> {
  const pyramid = createPyramid({ store, derived: from, clock, log: silentLog });
  const tiles = createTileSource({ pyramid });
  const tags = new Map<string, string | undefined>();
  for (const z of ZOOMS) {
    for (const { lonDeg, latDeg } of reports) {
      const tile = tileAt(worldX(lonDeg), worldY(latDeg), z);
      const place = `${z}/${tile.x}/${tile.y}`;
      if (tags.has(place)) continue;
      const window = z % 2 === 0 ? "90d" : "7d";
      tags.set(place, (await tiles.read({ layers: ["safety"], tile, window }))?.etag);
    }
  }
  const page = await listReports({ store, pyramid, clock }, { bounds: BOX, layers: ["safety"], limit: 500 });
  return { tags, page };
}

interface Item {
  readonly group: string;
  readonly name: string;
  readonly body: Uint8Array;
}

async function allItems(from: DerivedStore): Promise<Item[]> {
  const itemsOf = async (group: string) => (await from.list(group)).map((item) => ({ ...item, group }));
  const items = await itemsOf("compaction");
  let clusterCells = [""];
  for (let length = 1; length <= 5; length++) {
    const found = (await Promise.all(clusterCells.map((cell) => itemsOf(`slices/safety/${cell}`)))).flat();
    items.push(...found);
    clusterCells = found.map(({ name }) => name);
  }
  for await (const { layer, geohash5 } of store.cells()) {
    for (const group of [
      `segments/${layer}/${geohash5}`,
      ...[0, 1].map((side) => `street/${layer}/${geohash5}/${side}`),
    ])
      items.push(...(await itemsOf(group)));
  }
  return items;
}

async function replace(items: readonly Item[], by: (body: Uint8Array) => Uint8Array): Promise<void> {
  for (const { group, name, body } of items) {
    const before = await derived.get(group, name);
    expect(await derived.put(group, name, by(body), { expected: before?.version })).toBe(true);
  }
}

const versionOf = (body: Uint8Array): number => body[1] ?? 0;

const NEXT = "of the next version, with another content";
const CHANGES: Readonly<Record<string, (body: Uint8Array) => Uint8Array>> = {
  [NEXT]: (body) =>
    withVersion(
      Uint8Array.of(...body.subarray(0, 2), ...body.subarray(2, -4).toReversed(), 0, 0, 0, 0),
      versionOf(body) + 1,
    ),
  "of the next version": (body) => withVersion(body, versionOf(body) + 1),
  "of the version before": (body) => withVersion(body, versionOf(body) - 1),
  "of another kind": (body) => goldenItems(body[0] === 0x52 ? "micro-cells-v5" : "reports-v2")[0]?.body ?? body,
  "of no kind": () => new TextEncoder().encode('{"kind":"json","version":7}'),
};

it("are none that a reader needs", async () => {
  expect(await answers(derived)).toEqual(truth);
});

describe.each(KINDS)("%s", (file) => {
  const items = () => snapshot.filter(({ body }) => body[0] === goldenItems(file)[0]?.body[0]);

  async function expectMadeAnew(change: (body: Uint8Array) => Uint8Array): Promise<void> {
    expect(items().length).toBeGreaterThan(0);
    await replace(items(), change);
    expect(await answers(derived)).toEqual(truth);
    for (let runs = 0; !(await compactor(derived).run()).done; runs++) expect(runs).toBeLessThan(10);
    expect(await answers(derived)).toEqual(truth);
    // Log segments are written anew when next their cell is compacted, which all are by this.
    await compactor(derived).rebuild();
    expect(await answers(derived)).toEqual(truth);
    const changed = new Set(items().map(({ group, name, body }) => `${group} ${name} ${change(body)}`));
    const left = (await allItems(derived)).filter(({ group, name, body }) => changed.has(`${group} ${name} ${body}`));
    // What nobody reads any more, of a plan that is done or a base that was made anew, stays until the next one.
    const sides = new Map<string, number>();
    for (const { group, name, body } of await allItems(derived))
      if (name === "~!")
        sides.set(group.replace("segments", "street"), decodeStreetHead(body, group.slice(-5), name).side);
    const isRead = ({ group, name }: Item) =>
      group.startsWith("street/") ? group.endsWith(`/${sides.get(group.slice(0, -2))}`) : !/^(?:plan|step)/.test(name);
    expect(left.filter(isRead)).toEqual([]);
  }

  const { [NEXT]: next, ...others } = CHANGES;
  it(`${NEXT}: is as if it were not there, and made anew`, () => expectMadeAnew(next as (typeof others)[string]));
  it.each(Object.entries(others))("%s: likewise", { tags: "slow" }, (_, change) => expectMadeAnew(change));
});

describe("what is kept as a text that this program does not write", () => {
  it("stands for the beginning where it is the cursor of a compaction's state", async () => {
    const state = snapshot.filter(({ group, name }) => `${group} ${name}` === "compaction cursor");
    await replace(state, (body) => encodePoint({ ...decodePoint(body), cursor: "v2/feed/17" }));
    expect(await answers(derived)).toEqual(truth);
    for (let runs = 0; !(await compactor(derived).run()).done; runs++) expect(runs).toBeLessThan(10);
    expect(await answers(derived)).toEqual(truth);
    const { body } = (await derived.get("compaction", "cursor")) ?? { body: new Uint8Array() };
    expect(decodePoint(body).cursor).toBe((await store.readChanges()).cursor);
  });

  it("stands for the beginning where it is the cursor up to which reports are counted", async () => {
    const sent: (readonly unknown[])[] = [];
    const sql = (async (text: string, values: readonly unknown[] = []) => {
      if (text.startsWith("SELECT counted_until")) return [{ counted_until: "v2/feed/17" }];
      sent.push(values);
      return [];
    }) as RunSql;
    const cells = await cellsOf(store);
    await createReportCounter({ store, sql, clock }).run();
    const [added, moved] = sent;
    expect(added?.[0]).toHaveLength(cells.length);
    expect(moved).toEqual(["v2/feed/17", (await store.readChanges()).cursor]);
  });

  it("is as if it were not there where it is the time by which an import is dated", async () => {
    const options = { clock, contentHash: "ab", intoLastMs: 1, mapping: { sources: {}, values: {} } };
    const epoch = (kept: string | undefined) => {
      const remember: ReportStore["remember"] = async (_, value) => kept ?? value;
      return findFormerEpoch({ ...options, store: { remember } });
    };
    expect(await epoch("1780315200001")).toBe(1_780_315_200_001);
    for (const kept of [undefined, "2026-06-01", "", "-1", "1e3", "1780315200001.5"])
      expect(await epoch(kept)).toBeUndefined();
  });
});
