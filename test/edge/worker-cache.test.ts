import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { makeKey } from "../../server/accounts/key.ts";
import { silentLog } from "../../server/console/log.ts";
import { migrateDatabase } from "../../server/postgres/migrate.ts";
import { createPool } from "../../server/postgres/pool.ts";
import { buildEdgeAssets } from "../../server/runtime/local-worker/assets.ts";
import {
  type LocalWorker,
  type LocalWorkerOptions,
  startLocalWorker,
} from "../../server/runtime/local-worker/local-worker.ts";
import { createDynamoDerivedStore } from "../../server/store/dynamo/derived-dynamo.ts";
import { createDynamoStore } from "../../server/store/dynamo/dynamo.ts";
import type { Area } from "../../tiles/areas/area.ts";
import { addAccount, callsOf } from "../kit/accounts-fixture.ts";
import { openAreas } from "../kit/area-world.ts";
import { createTestClock } from "../kit/clock.ts";
import { openWorkerOrigin } from "../kit/edge/edge-origin.ts";
import { replayEdge } from "../kit/edge/edge-replay.ts";
import { drop, METRICS_TOKEN, postReport, readMetrics, requestRaw, tilePath } from "../kit/request.ts";
import { openSharedStores, type SharedStores } from "../kit/stores.ts";
import { countOf, decodeLayer } from "../kit/tile-features.ts";
import { connect } from "../server/store/emulators.ts";

const CACHED_WORKER = fileURLToPath(new URL("../kit/edge/cached-worker.ts", import.meta.url));
const PLACE = { lat: 30.27, lon: -97.74 };

let stores: SharedStores;
beforeAll(async () => {
  [stores] = await Promise.all([openSharedStores(), buildEdgeAssets(silentLog)]);
  const { endpoint = "", tableName } = stores.dynamo;
  const options = { client: connect(endpoint), table: tableName, clock: { now: Date.now } };
  const store = createDynamoStore(options);
  await store.migrate();
  await openAreas({ ...options, store, derived: createDynamoDerivedStore(options) }).bring(AREAS);
});
afterAll(() => stores?.close());

function boot(vars: Record<string, string>, options: Partial<LocalWorkerOptions> = {}): Promise<LocalWorker> {
  const all = { REPORTS_PER_MINUTE: "100000", LOG_LEVEL: "error", METRICS_TOKEN, ...vars };
  return startLocalWorker({ ...stores, host: "127.0.0.1", port: 0, vars: all, ...options });
}

const readCount = async (url: string): Promise<number> => {
  const { status, body } = await requestRaw(url);
  return status === 204 ? 0 : countOf(decodeLayer(body, "safety"));
};

/** Flags a report as often as it takes. */
async function hide(url: string, id: string): Promise<void> {
  for (const address of ["192.0.2.1", "198.51.100.1", "203.0.113.1"]) {
    const headers = { "CF-Connecting-IP": address, "Content-Type": "application/json" };
    const flagged = await fetch(`${url}/api/reports/${id}/flag`, { method: "POST", headers, body: "{}" });
    expect(flagged.ok, await flagged.text()).toBe(true);
  }
}

/** Two areas side by side, each wider than a tile, and than a log cell. */
const AREA_PLACE = { lat: 31.012, lon: -97 };
const boxArea = (id: string, west: number, east: number): Area => {
  const box = { west, south: 31_000_000, east, north: 31_020_000 };
  const outer = Int32Array.from([west, box.south, east, box.south, east, box.north, west, box.north]);
  return { id, name: id, box, polygons: [[outer]] };
};
const AREAS = [boxArea("made-up-n-a", -97_100_000, -97_040_000), boxArea("made-up-n-b", -97_040_000, -96_940_000)];

describe("the Cache API, where there is no Workers Cache", () => {
  let worker: LocalWorker;
  let url: string;
  beforeAll(async () => {
    worker = await boot({ EDGE_CACHE: "on", LIVE_STREAMS: "1", LIVE_SHARDS: "1" });
    await drop(worker.url, PLACE);
    url = `${worker.url}${tilePath("safety,vibe", 14, PLACE)}.pbf`;
    await requestRaw(url);
  });
  afterAll(() => worker?.close());

  it("answers a tile's other addresses, HEAD and Range out of the first answer", async () => {
    const first = await requestRaw(url);
    expect([first.status, first.headers["cf-cache-status"]]).toEqual([200, "HIT"]);
    const same = `${worker.url}${tilePath("vibe,safety,vibe", 14, PLACE)}.mvt?utm_source=x&window=90d`;
    for (const asked of [
      await requestRaw(same),
      await requestRaw(same.replaceAll(",", "%2C")),
      await requestRaw(url, { Range: "bytes=0-9", "X-Forwarded-Host": "elsewhere.example" }),
    ]) {
      expect([asked.status, asked.headers["cf-cache-status"]]).toEqual([200, "HIT"]);
      expect(asked.body).toEqual(first.body);
      expect(asked.headers["x-request-id"]).not.toBe(first.headers["x-request-id"]);
    }
    const head = await requestRaw(url, {}, "HEAD");
    expect([head.status, head.body.length, head.headers.etag]).toEqual([200, 0, first.headers.etag]);
    expect(Number(first.headers.age)).toBeLessThanOrEqual(70);
  });

  it("keeps a coding apart, however it is asked for, and answers 304 to the tag of that alone", async () => {
    const plain = await requestRaw(url);
    const coded = await requestRaw(url, { "Accept-Encoding": "br" });
    expect([coded.headers["cf-cache-status"], coded.headers["content-encoding"]]).toEqual(["MISS", "br"]);
    const again = await requestRaw(url, { "Accept-Encoding": "gzip;q=0.5, zstd, br" });
    expect([again.headers["cf-cache-status"], again.headers["content-encoding"]]).toEqual(["HIT", "br"]);
    expect(again.body).toEqual(coded.body);
    for (const tag of [coded.headers.etag, `"x", W/${coded.headers.etag}`, "*"]) {
      const asked = await requestRaw(url, { "Accept-Encoding": "br", "If-None-Match": `${tag}` });
      expect([asked.status, asked.body.length, asked.headers.etag]).toEqual([304, 0, coded.headers.etag]);
    }
    const ofPlain = { "Accept-Encoding": "br", "If-None-Match": `${plain.headers.etag}` };
    expect((await requestRaw(url, ofPlain)).status).toBe(200);
    expect((await requestRaw(url, { "If-None-Match": '"other"' })).status).toBe(200);
  });

  it("keeps no error and nothing but tiles", async () => {
    for (const path of ["/tiles/nonsense/14/1/1.pbf", "/tiles/safety/3/8/0.pbf", "/tiles/safety.json", "/healthz"]) {
      for (let i = 0; i < 2; i++) {
        expect((await requestRaw(worker.url + path)).headers["cf-cache-status"], path).toBeUndefined();
      }
    }
    const metrics = await readMetrics(worker.url);
    expect(metrics).toMatch(/^stratum_edge_tiles_total\{cache="hit"\} [1-9]\d*$/m);
  });

  it("counts a tile that it keeps for the key that asks, tells no shared cache of it, and refuses a key that there is not", async () => {
    const pool = createPool(stores.database, silentLog);
    onTestFinished(() => pool.end());
    await migrateDatabase(pool);
    const account = await addAccount(pool, "edge@example.org");
    const withKey = `${url}?key=${account.key}`;
    await requestRaw(url);
    let [asked, kept] = [0, 0];
    const ask = async () => {
      const answer = await requestRaw(withKey);
      asked++;
      // It is kept for some seconds.
      if (answer.headers["cf-cache-status"] === "HIT") kept++;
      expect([answer.status, answer.headers["cache-control"]]).toEqual([200, "private, no-cache"]);
      for (const name of ["cdn-cache-control", "cache-tag"]) expect(answer.headers[name], name).toBeUndefined();
    };
    for (let i = 0; i < 5; i++) await ask();
    const counted = async () => {
      await ask();
      return callsOf(pool, account);
    };
    await expect.poll(counted, { interval: 500 }).toBeGreaterThanOrEqual(5);
    expect(await callsOf(pool, account)).toBeLessThanOrEqual(asked);
    expect(kept).toBeGreaterThan(0);
    const none = `${url}?key=${makeKey()}`;
    await expect.poll(async () => (await requestRaw(none)).status, { interval: 200 }).toBe(401);
    const { rows } = await pool.query("SELECT DISTINCT capability FROM usage_log WHERE user_id = $1", [account.userId]);
    expect(rows).toEqual([{ capability: "tiles" }]);
  });

  it("has as many live streams as it is told, and refuses one more with Retry-After", async () => {
    const first = await fetch(`${worker.url}/api/live`);
    const second = await fetch(`${worker.url}/api/live`);
    expect([first.status, second.status]).toEqual([200, 503]);
    expect(Number(second.headers.get("Retry-After"))).toBeGreaterThan(0);
    expect(await second.json()).toMatchObject({ type: "urn:stratum:problem:too-many-streams" });
    await first.body?.cancel();
  });
});

describe("Workers Cache, simulated inside workerd between the Worker's own entrypoints", () => {
  let worker: LocalWorker;
  const cacheCounts = async (query = "") =>
    (await (await fetch(`${worker.url}/_cache${query}`)).json()) as Record<string, number>;
  beforeAll(async () => {
    worker = await boot({ EDGE_CACHE: "on" }, { entrypoint: CACHED_WORKER });
  });
  afterAll(() => worker?.close());

  it("shows a report as soon as its tag is purged, and asks only for that tag's tiles anew", async () => {
    const path = (z: number) => `${worker.url}${tilePath("safety", z, PLACE)}.pbf`;
    const far = `${worker.url}${tilePath("safety", 16, { lat: 30.4, lon: -97.9 })}.pbf`;
    const before = await readCount(path(16));
    await Promise.all([readCount(path(12)), requestRaw(far)]);
    const { fetched = 0 } = await cacheCounts();
    await drop(worker.url, PLACE);
    await expect.poll(() => readCount(path(16)), { timeout: 10_000, interval: 20 }).toBe(before + 1);
    await Promise.all([readCount(path(12)), requestRaw(far)]);
    expect((await cacheCounts()).fetched, "the tile of the report alone").toBe(fetched + 1);
    // The coarser tile is left to the bound.
    await cacheCounts("?advance=71000");
    expect(await readCount(path(12))).toBeGreaterThanOrEqual(before + 1);
  });

  it("takes a report that is hidden out of the tile in the same way", async () => {
    const url = `${worker.url}${tilePath("safety", 16, PLACE)}.pbf`;
    const before = await readCount(url);
    const id = await drop(worker.url, PLACE);
    await expect.poll(() => readCount(url), { timeout: 10_000, interval: 20 }).toBe(before + 1);
    await hide(worker.url, id);
    await expect.poll(() => readCount(url), { timeout: 10_000, interval: 20 }).toBe(before);
  });

  it("shows a report in its area's tiles as soon as it is purged, also in those that do not hold it, and its hiding", async () => {
    const tileAt = (lon: number) => `${worker.url}${tilePath("areas", 14, { ...AREA_PLACE, lon })}.pbf`;
    const [west, east, other] = [tileAt(AREA_PLACE.lon), tileAt(AREA_PLACE.lon + 0.04), tileAt(AREA_PLACE.lon - 0.08)];
    const counts = async (url: string) =>
      decodeLayer((await requestRaw(url)).body, "areas").map((area) => Number(area.report_count_7d));
    await cacheCounts("?hold=1");
    expect(await counts(west)).toEqual([0]);
    expect(await counts(east)).toEqual([0]);
    expect(await counts(other)).toEqual([0]);
    const id = await drop(worker.url, AREA_PLACE);
    for (const url of [west, east]) {
      await expect.poll(() => counts(url), { timeout: 10_000, interval: 20 }).toEqual([1]);
    }
    const { fetched } = await cacheCounts();
    expect(await counts(other)).toEqual([0]);
    expect((await cacheCounts()).fetched, "another area's tile stays").toBe(fetched);
    await hide(worker.url, id);
    await expect.poll(() => counts(east), { timeout: 10_000, interval: 20 }).toEqual([0]);
    await cacheCounts("?hold=0");
  });

  it("purges again when all isolates know, many reports together, and survives a refusal", async () => {
    const { purges = 0 } = await cacheCounts();
    await Promise.all(Array.from({ length: 10 }, (_, i) => drop(worker.url, { ...PLACE, lat: PLACE.lat + i * 1e-5 })));
    await expect.poll(async () => (await cacheCounts()).purges, { timeout: 10_000 }).toBeGreaterThan(purges + 1);
    expect((await cacheCounts()).purges).toBeLessThanOrEqual(purges + 12);
    await cacheCounts("?refuse");
    expect((await postReport(worker.url, PLACE)).status).toBe(201);
  });
});

it("answers 503 that names what is missing, with safe headers, when its secrets are not set", async () => {
  const { tableName, region } = stores.dynamo;
  const worker = await boot({}, { dynamo: { tableName, region } });
  try {
    for (const path of ["/tiles/safety/3/1/3.pbf", "/api/reports?bbox=0,0,1,1", "/nothing"]) {
      const response = await fetch(worker.url + path);
      expect(response.status).toBe(503);
      expect(Object.fromEntries(response.headers)).toMatchObject({
        "content-type": "application/problem+json",
        "cache-control": "no-store",
        "access-control-allow-origin": "*",
        "x-content-type-options": "nosniff",
      });
      expect(await response.json()).toMatchObject({
        status: 503,
        detail: expect.stringContaining("AWS_SECRET_ACCESS_KEY"),
      });
    }
  } finally {
    await worker.close();
  }
});

it("is never served older than the bound by a shared cache in front of it, while it is written to", {
  tags: "slow",
}, async () => {
  const origin = await openWorkerOrigin(300, stores);
  try {
    const replay = { requests: 720, requestsPerSecond: 90, writesPerSecond: 10, purge: "product" } as const;
    const result = await replayEdge({ ...replay, origin, clock: createTestClock(Date.now()) });
    expect(result.beyondBound).toBe(0);
    expect(result.writes).toBeGreaterThanOrEqual(70);
    expect(result.hitRate).toBeGreaterThan(0.3);
  } finally {
    await origin.close();
  }
});
