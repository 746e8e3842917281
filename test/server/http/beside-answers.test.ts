import { beforeEach, describe, expect, it } from "vitest";
import { silentLog } from "../../../server/console/log.ts";
import type { BesideAnswers } from "../../../server/http/app.ts";
import { createPyramid } from "../../../server/pyramid/pyramid.ts";
import { createAreaTiles } from "../../../server/scores/areas-layer.ts";
import { createTileSource } from "../../../server/serving/tile-source.ts";
import { createMemoryDerivedStore } from "../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../server/store/memory/memory.ts";
import { formatClusterId } from "../../../tiles/cluster/cluster-id.ts";
import { createTestApp, VALID_BODY } from "../../kit/app-fixture.ts";
import { openAreas } from "../../kit/area-world.ts";
import { createTestClock } from "../../kit/clock.ts";
import { makePartition } from "../../kit/made-up-areas.ts";
import { seededRandom } from "../../kit/random.ts";

const counts = { reading: 0, tile: 0, change: 0, call: 0, keyedTile: 0 };
const count = (name: keyof typeof counts) => async () => void counts[name]++;
const besideAnswers: BesideAnswers = {
  reading: count("reading"),
  tile: count("tile"),
  change: count("change"),
  call: count("call"),
  keyedTile: count("keyedTile"),
};
const context = { waitUntil: () => {}, passThroughOnException: () => {}, props: {} };

beforeEach(() => {
  for (const name of Object.keys(counts) as (keyof typeof counts)[]) counts[name] = 0;
});

describe("a runtime without time of its own", () => {
  const { app } = createTestApp({ besideAnswers });
  const ask = (path: string, init?: RequestInit) => app.request(path, init, {}, context);

  it.each([
    "/api/neighborhood/9q8yyk",
    "/api/reports?bbox=-122.6,37.6,-122.2,37.9",
    "/api/cities/austin/reports",
    "/tiles/safety/0/0/0.pbf",
  ])("takes in what others wrote once for %s, however much is read", async (path) => {
    expect((await ask(path)).status).toBeLessThan(300);
    expect(counts.reading).toBe(1);
    expect(counts.change).toBe(0);
  });

  it("lets nobody wait who sends a report, and goes on behind the answer", async () => {
    const response = await ask("/api/reports", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(VALID_BODY),
    });
    expect(response.status).toBe(201);
    expect([counts.reading, counts.change]).toEqual([0, 1]);
    const { id } = (await response.json()) as { id: string };
    const flag = { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" };
    expect((await ask(`/api/reports/${id}/flag`, flag)).status).toBeLessThan(300);
    expect(counts.change).toBe(2);
  });
});

describe("addresses and methods that there are not", () => {
  const plain = createTestApp().app;
  const { app } = createTestApp({ besideAnswers });

  it.each([
    ["POST", "/api/reports/01n8gr94pu9v6kp00qtdwyg00"],
    ["PUT", "/api/reports/x/y/z"],
    ["DELETE", "/api/reports/01n8gr94pu9v6kp00qtdwyg00"],
    ["PUT", "/api/reports"],
    ["POST", "/tiles/safety/0/0/0.pbf"],
    ["DELETE", "/api/neighborhood/9q8yyk"],
    ["POST", "/api/cities/austin/reports"],
    ["GET", "/tiles/safety"],
  ])("are answered as without it: %s %s", async (method, path) => {
    const [expected, found] = await Promise.all([
      plain.request(path, { method }),
      app.request(path, { method }, {}, context),
    ]);
    expect([found.status, found.headers.get("Allow")]).toEqual([expected.status, expected.headers.get("Allow")]);
    expect(expected.status).toBeGreaterThanOrEqual(404);
  });
});

describe("every route that reads the pyramid", () => {
  const clusterId = formatClusterId({ layer: "safety", zoom: 11, start: "9q8yyk8", window: "90d" });
  /** By the segments of routes that have parameters, of which each must be told here. */
  const SAMPLES: Readonly<Record<string, string>> = {
    "/tiles/:layers/:z/:x/:file": "/tiles/safety,areas/10/163/395.pbf",
    "/tiles/:file": "/tiles/safety.json",
    "/api/reports": "/api/reports?bbox=-122.51,37.69,-122.4,37.8",
    "/api/reports/:id": "/api/reports/01n8gr94pu9v6kp00qtdwyg00",
    "/api/cities/:city/reports": "/api/cities/san-francisco/reports",
    "/api/neighborhood/:geohash": "/api/neighborhood/9q8yyk",
    "/api/clusters/:id": `/api/clusters/${clusterId}`,
    "/api/clusters/:id/reports": `/api/clusters/${clusterId}/reports`,
    "/api/areas": "/api/areas?city=made-up",
    "/api/areas/:id": "/api/areas/made-up-n-0000",
  };

  async function walk() {
    const clock = createTestClock();
    const store = createMemoryStore({ clock });
    const derived = createMemoryDerivedStore({ clock });
    const { bring, catalogue, shapes } = openAreas({ store, derived, clock });
    await bring(
      makePartition({
        west: -122_500_000,
        south: 37_700_000,
        size: 2,
        stepE6: 40_000,
        areas: 2,
        random: seededRandom(7),
      }),
    );
    const heard: string[] = [];
    const watched = <T extends object>(of: T): T =>
      new Proxy(of, {
        get(target, name, receiver) {
          const value = Reflect.get(target, name, receiver);
          if (typeof value !== "function") return value;
          return (...args: unknown[]) => {
            heard.push("read");
            return value.apply(target, args);
          };
        },
      });
    const pyramid = createPyramid({ store, derived, clock, log: silentLog });
    const told = watched(pyramid);
    const tiles = createTileSource({
      pyramid,
      areas: createAreaTiles({ areas: { catalogue, shapes }, pyramid, clock }),
    });
    const { app: walked } = createTestApp({
      ...{ store, clock, pyramid: told, clusters: told, tiles: watched(tiles) },
      areas: { catalogue, shapes, reports: (...args) => told.areaReports(...args) },
      besideAnswers: { ...besideAnswers, reading: async () => void heard.push("reading") },
    });
    const routes = walked.routes.filter(({ method, path }) => method === "GET" && !path.endsWith("*"));
    const found = new Map<string, string[]>();
    for (const path of new Set(routes.map((route) => route.path))) {
      heard.length = 0;
      const sample = SAMPLES[path] ?? (path.includes(":") ? undefined : path);
      if (sample === undefined) throw new Error(`no sample of ${path}: tell one, so that it is walked`);
      await walked.request(sample, {}, {}, context);
      found.set(path, [...heard]);
    }
    return found;
  }

  it("takes in what others wrote before, once, and no other waits for that", async () => {
    const found = await walk();
    const reading = [...found].filter(([, heard]) => heard.includes("read")).map(([path]) => path);
    expect(reading.sort()).toEqual(
      Object.keys(SAMPLES)
        .filter((path) => !["/tiles/:file", "/api/reports/:id"].includes(path))
        .sort(),
    );
    for (const path of reading) {
      const heard = found.get(path) ?? [];
      expect([heard[0], heard.filter((what) => what === "reading").length], path).toEqual(["reading", 1]);
    }
  });
});
