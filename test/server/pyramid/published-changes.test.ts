import { expect, it } from "vitest";
import { silentLog } from "../../../server/console/log.ts";
import { createPyramid } from "../../../server/pyramid/pyramid.ts";
import { createMemoryDerivedStore } from "../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../server/store/memory/memory.ts";
import { encodeGeohash } from "../../../tiles/geo/geohash.ts";
import { tileAt, worldX, worldY } from "../../../tiles/geo/tile-address.ts";
import { createTestClock } from "../../kit/clock.ts";
import { seededRandom } from "../../kit/random.ts";
import { makeReport } from "../../kit/sample-reports.ts";

const random = seededRandom(3);
const LON = -95.37;
const LAT = 29.76;

function setUp() {
  const clock = createTestClock();
  const store = createMemoryStore({ clock });
  const derived = createMemoryDerivedStore({ clock });
  const told: string[] = [];
  const onChange = (layer: string, geohash: string) => told.push(`${layer}/${geohash}`);
  const pyramid = createPyramid({ store, derived, clock, log: silentLog, onChange });
  const report = (lonDeg = LON) => makeReport({ lonDeg, latDeg: LAT, createdAtMs: clock.now() }, random);
  const look = () => pyramid.clusterCells("safety", tileAt(worldX(LON), worldY(LAT), 15), "90d");
  return { clock, store, pyramid, told, report, look };
}

it("tells the place of a report that this process wrote, once its tiles show it", () => {
  const { pyramid, told, report } = setUp();
  pyramid.noteReport(report());
  expect(told).toEqual([`safety/${encodeGeohash(LON, LAT, 8)}`]);
});

it("tells the places of another process's reports in cells that are looked at, once each", async () => {
  const { clock, store, pyramid, told, report, look } = setUp();
  await store.put(report());
  await look();
  told.length = 0;
  clock.nowMs += 1500;
  await store.putMany([report(LON + 0.005), report(LON + 0.005), report(LON - 0.005)]);
  await pyramid.poll();
  const places = [encodeGeohash(LON + 0.005, LAT, 8), encodeGeohash(LON - 0.005, LAT, 8)];
  expect(told.sort()).toEqual(places.map((place) => `safety/${place}`).sort());
  await pyramid.poll();
  expect(told).toHaveLength(2);
});

it("tells the whole cell where nobody looks, or where very many reports came at once", async () => {
  const { clock, store, pyramid, told, report, look } = setUp();
  await pyramid.poll();
  clock.nowMs += 1500;
  await store.putMany([report()]);
  await pyramid.poll();
  const cell = `safety/${encodeGeohash(LON, LAT, 5)}`;
  expect(told).toEqual([cell]);
  await look();
  told.length = 0;
  clock.nowMs += 1500;
  await store.putMany(Array.from({ length: 20 }, (_, i) => report(LON + 0.002 * (i % 10) - 0.01)));
  await pyramid.poll();
  expect(told).toEqual([cell]);
});

it("tells the place of another process's report also where nobody looks, when the feed brings it", async () => {
  const { clock, store, pyramid, told, report } = setUp();
  await pyramid.poll();
  clock.nowMs += 1500;
  await store.put(report());
  await pyramid.poll();
  expect(told).toEqual([`safety/${encodeGeohash(LON, LAT, 8)}`]);
});

it("tells nothing anew when it reads its own reports again", async () => {
  const { clock, store, pyramid, told, report, look } = setUp();
  await pyramid.poll();
  await look();
  clock.nowMs += 1500;
  const own = report();
  await store.put(own);
  pyramid.noteReport(own);
  await look();
  expect(told).toHaveLength(1);
  await pyramid.poll();
  expect(told).toHaveLength(1);
});
