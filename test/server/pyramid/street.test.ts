import { beforeAll, describe, expect, it } from "vitest";
import { silentLog } from "../../../server/console/log.ts";
import type { DerivedStore } from "../../../server/ports/derived-store.ts";
import { createCompactor } from "../../../server/pyramid/compactor.ts";
import { createPyramid, type Pyramid } from "../../../server/pyramid/pyramid.ts";
import { STREET_LIMITS } from "../../../server/pyramid/street-base.ts";
import { createMemoryDerivedStore } from "../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../server/store/memory/memory.ts";
import { cellBounds, encodeGeohash } from "../../../tiles/geo/geohash.ts";
import { MAX_ZOOM, type TileAddress, tileAt, worldX, worldY } from "../../../tiles/geo/tile-address.ts";
import type { Report } from "../../../tiles/report.ts";
import { CITY_CENTER, cityReports } from "../../kit/cities/city.ts";
import { type CountedCity, openCountedCity } from "../../kit/cities/city-store.ts";
import { createTestClock } from "../../kit/clock.ts";
import { seededRandom } from "../../kit/random.ts";
import { makeReport } from "../../kit/sample-reports.ts";
import { allow, cutOff } from "./cut-off.ts";

const NOW = Date.UTC(2026, 5, 1);
const DAY = 86_400_000;

/** As many as a core of two million has in its densest cells, a tenth of them: limits are a tenth, too. */
const COUNT = 40_000;
const limits = { ...STREET_LIMITS, denseRows: 150, leastMoving: 10, mostMoving: 100, leastNewer: 100 };

describe.each([
  ["along its streets", {}],
  ["with a quarter of its reports in one block", { inBlock: 4 }],
])("a cold tile of a city, %s", (_, options) => {
  let world: CountedCity;
  const reports = [...cityReports({ count: COUNT, nowMs: NOW, layers: ["safety"], ...options })];
  beforeAll(async () => {
    world = await openCountedCity(reports, NOW, { streetLimits: limits });
  });

  /** The densest tiles, the one in the middle, and one at a corner of log cells. */
  function tilesOf(z: number): TileAddress[] {
    const counts = new Map<string, { tile: TileAddress; count: number }>();
    for (const { lonDeg, latDeg } of reports) {
      const tile = tileAt(worldX(lonDeg), worldY(latDeg), z);
      const key = `${tile.x}/${tile.y}`;
      counts.set(key, { tile, count: (counts.get(key)?.count ?? 0) + 1 });
    }
    const densest = [...counts.values()].sort((a, b) => b.count - a.count).slice(0, 3);
    const { west, south } = cellBounds(encodeGeohash(...CITY_CENTER, 5));
    const places = [CITY_CENTER, [west, south]] as const;
    return [...densest.map(({ tile }) => tile), ...places.map(([lon, lat]) => tileAt(worldX(lon), worldY(lat), z))];
  }

  it.each(Array.from({ length: MAX_ZOOM - 13 }, (_, i) => 14 + i))(
    "takes at z%i at most 50 units and 9 requests in 2 round trips",
    async (z) => {
      for (const tile of tilesOf(z)) {
        const pyramid = await world.city.startProcess();
        world.model.reset();
        await pyramid.clusterCells("safety", tile, "90d");
        const { read, requests, roundTrips } = world.model.used;
        expect(read, `${z}/${tile.x}/${tile.y}`).toBeLessThanOrEqual(50);
        expect(requests, `${z}/${tile.x}/${tile.y}`).toBeLessThanOrEqual(9);
        expect(roundTrips, `${z}/${tile.x}/${tile.y}`).toBeLessThanOrEqual(2);
      }
    },
  );
});

/** A dense log cell in memory, compacted, and what was written since. */
async function openDense(count: number) {
  const random = seededRandom(5);
  const clock = createTestClock(NOW);
  const store = createMemoryStore({ clock });
  const inner = createMemoryDerivedStore({ clock });
  const written: string[] = [];
  const listed: string[] = [];
  const derived: DerivedStore = {
    ...inner,
    put(group, name, body, condition) {
      written.push(`${group} ${name}`);
      return inner.put(group, name, body, condition);
    },
    list(group, options) {
      listed.push(group);
      return inner.list(group, options);
    },
  };
  const reportAt = (createdAtMs: number): Report =>
    makeReport({ lonDeg: -95.37 + random() * 0.003, latDeg: 29.76 + random() * 0.003, createdAtMs }, random);
  const compact = async (of = derived): Promise<void> => {
    // No row is young any more.
    clock.advance(16 * 60_000);
    await createCompactor({ store, derived: of, clock, log: silentLog, streetLimits: limits }).run();
  };
  const append = async (of: number): Promise<void> => {
    for (let i = 0; i < of; i++) {
      await store.append(reportAt(clock.now()));
      clock.advance(1);
    }
    await store.confirm();
  };
  await store.putMany(Array.from({ length: count }, (_, i) => reportAt(NOW - 2 * DAY - i * 1000)));
  await compact();
  const tile = tileAt(worldX(-95.369), worldY(29.761), 17);
  return {
    clock,
    store,
    derived,
    inner,
    reportAt,
    compact,
    append,
    /** What a compaction writes of street bases. */
    async writtenBy(run = compact): Promise<string[]> {
      written.length = 0;
      await run();
      return written.filter((name) => name.startsWith("street/") || name.endsWith(" ~!"));
    },
    /** One that has no room for rows. */
    openProcess: () => createPyramid({ store, derived, clock, log: silentLog, cellBytes: 1000 }),
    /** Reports that a process shows, a new one without, and whether it read street bases for that. */
    async look(zoom = 14, process?: Pyramid): Promise<{ count: number; isOfBase: boolean }> {
      listed.length = 0;
      const pyramid = process ?? createPyramid({ store, derived, clock, log: silentLog });
      const { x, y } = tileAt(worldX(-95.3685), worldY(29.7615), zoom);
      const indexes = await pyramid.clusterCells("safety", { z: zoom, x, y }, "90d");
      let count = 0;
      for (const { zooms } of indexes) for (const each of zooms.get(zoom)?.count ?? []) count += each;
      return { count, isOfBase: listed.some((group) => group.startsWith("street/")) };
    },
    tile,
  };
}

describe("the street base of a dense cell", () => {
  it("is made where there are enough rows, and read then", async () => {
    const few = await openDense(limits.denseRows - 1);
    expect(await few.look()).toEqual({ count: limits.denseRows - 1, isOfBase: false });
    const many = await openDense(limits.denseRows);
    expect(await many.look()).toEqual({ count: limits.denseRows, isOfBase: true });
  });

  it("is not written again for few reports, but for many", async () => {
    const { append, writtenBy, look } = await openDense(400);
    await append(limits.leastNewer);
    expect(await writtenBy()).toEqual([]);
    expect(await look()).toEqual({ count: 500, isOfBase: true });
    await append(90);
    expect(await writtenBy()).toContain("street/safety/9vk0m/1 000".replace("9vk0m", encodeGeohash(-95.37, 29.76, 5)));
    expect(await look()).toEqual({ count: 590, isOfBase: true });
  });

  it("takes in a few older reports by its head, and is made anew for many", async () => {
    const { store, reportAt, writtenBy, look } = await openDense(400);
    await store.putMany([reportAt(NOW - 30 * DAY)]);
    expect((await writtenBy()).map((name) => name.slice(-3))).toEqual([" ~!"]);
    expect(await look()).toEqual({ count: 401, isOfBase: true });
    await store.putMany(Array.from({ length: 3500 }, (_, i) => reportAt(NOW - 40 * DAY - i)));
    expect((await writtenBy()).length).toBeGreaterThan(3);
    expect(await look()).toEqual({ count: 3901, isOfBase: true });
  });

  it("is made anew when one of its reports was edited, and before its ages go wrong", async () => {
    const { store, clock, reportAt, writtenBy, look, compact } = await openDense(400);
    const report = reportAt(NOW - 30 * DAY);
    await store.putMany([report]);
    await compact();
    await store.edit(report.id, { kind: "hide" });
    expect((await look()).isOfBase).toBe(false);
    expect((await writtenBy()).length).toBeGreaterThan(1);
    expect(await look()).toEqual({ count: 400, isOfBase: true });
    clock.advance(4 * DAY);
    expect(await writtenBy()).toEqual([]);
    clock.advance(DAY);
    expect((await writtenBy()).length).toBeGreaterThan(1);
    expect(await look()).toEqual({ count: 400, isOfBase: true });
  });

  it("stays as it is when a report was edited that came since", async () => {
    const { store, clock, reportAt, compact, look, writtenBy } = await openDense(400);
    const [hidden, moved] = [reportAt(clock.now()), reportAt(clock.now() + 1)];
    clock.advance(1);
    for (const report of [hidden, moved]) await store.append(report);
    await store.confirm();
    await compact();
    await store.edit(hidden.id, { kind: "hide" });
    await store.edit(moved.id, { kind: "replace", report: { ...moved, severity: 5 } });
    expect(await writtenBy()).toEqual([]);
    expect(await look()).toEqual({ count: 401, isOfBase: true });
  });

  it("is done without when it was not made anew in time, and when an item of it is another one", async () => {
    const late = await openDense(400);
    late.clock.advance(6 * DAY);
    expect(await late.look()).toEqual({ count: 400, isOfBase: false });
    const damaged = await openDense(400);
    const group = `street/safety/${encodeGeohash(-95.37, 29.76, 5)}/0`;
    for (const { name, version } of await damaged.inner.list(group))
      await damaged.inner.put(group, name, new Uint8Array([1, 2, 3]), { expected: version });
    expect(await damaged.look()).toEqual({ count: 400, isOfBase: true });
  });

  it("is read anew by a process that learns of a compaction", async () => {
    const { store, clock, reportAt, append, compact, look, openProcess } = await openDense(400);
    const process = openProcess();
    expect(await look(14, process)).toEqual({ count: 400, isOfBase: true });
    await store.putMany([reportAt(NOW - 30 * DAY)]);
    await process.poll();
    expect(await look(14, process)).toEqual({ count: 401, isOfBase: false });
    await compact();
    for (let polls = 0; polls < 2; polls++) {
      clock.advance(31_000);
      await process.poll();
    }
    await append(1);
    await process.poll();
    expect(await look(14, process)).toEqual({ count: 402, isOfBase: true });
  });

  it("is done without by a process that knows a head, and finds the units of a later one", async () => {
    const { append, compact, look, openProcess, writtenBy } = await openDense(400);
    await append(90);
    await compact();
    const process = openProcess();
    expect(await look(14, process)).toEqual({ count: 490, isOfBase: true });
    for (let bases = 0; bases < 2; bases++) {
      await append(110);
      expect((await writtenBy()).length).toBeGreaterThan(1);
    }
    expect((await look(17, process)).count).toBe(710);
    await process.poll();
    expect((await look(14, process)).count).toBe(710);
  });

  it("comes forward, and shows each report once, wherever a compaction is cut off", async () => {
    const { append, derived, compact, look } = await openDense(400);
    let shown = 400;
    for (let calls = 4, done = 0; done < 6 && calls < 200; calls += 3) {
      await append(60);
      shown += 60;
      await compact(cutOff(derived, allow(calls, calls % 2 === 0))).then(
        () => done++,
        (error: Error) => expect(error.message).toBe("cut off"),
      );
      expect((await look()).count, `${calls} calls`).toBe(shown);
    }
    await compact();
    expect(await look()).toEqual({ count: shown, isOfBase: true });
  });
});
