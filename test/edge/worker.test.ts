import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { silentLog } from "../../server/console/log.ts";
import { createOwnAreaTable } from "../../server/own-areas/own-area-table.ts";
import { createPool } from "../../server/postgres/pool.ts";
import { createSql } from "../../server/postgres/questions.ts";
import { sqlOfPool } from "../../server/postgres/sql.ts";
import { createCompactionState } from "../../server/pyramid/compaction-state.ts";
import { buildEdgeAssets } from "../../server/runtime/local-worker/assets.ts";
import { type LocalWorker, startLocalWorker } from "../../server/runtime/local-worker/local-worker.ts";
import { type RunningServer, startServer } from "../../server/runtime/node/serve.ts";
import { createDynamoDerivedStore } from "../../server/store/dynamo/derived-dynamo.ts";
import { createDynamoStore } from "../../server/store/dynamo/dynamo.ts";
import { EMULATOR_CREDENTIALS } from "../../server/store/dynamo/dynamo-client.ts";
import { encodeGeohash } from "../../tiles/geo/geohash.ts";
import { testBarePrefix, testPrefix } from "../http/prefix-suite.ts";
import { describeHttp } from "../http/suite.ts";
import { addAccount, bearer } from "../kit/accounts-fixture.ts";
import { MADE_UP_CITY, openAreas } from "../kit/area-world.ts";
import { startDynalite } from "../kit/dynamo/dynalite-server.ts";
import { AUSTIN, makeReports } from "../kit/make-report.ts";
import { draftOf } from "../kit/own-areas-fixture.ts";
import { type PrefixProxy, startPrefixProxy } from "../kit/prefix-proxy.ts";
import { drop, METRICS_TOKEN, postReport, readMetrics, requestRaw, tilePath } from "../kit/request.ts";
import { startSmtpServer } from "../kit/smtp-server.ts";
import { openSharedStores, type SharedStores } from "../kit/stores.ts";
import { startFakeStripe } from "../kit/stripe/fake-stripe.ts";
import { countOf, decodeLayer } from "../kit/tile-features.ts";
import { connect } from "../server/store/emulators.ts";

const LOCAL = { host: "127.0.0.1", port: 0 } as const;
const PLACE = { lat: AUSTIN.latDeg, lon: AUSTIN.lonDeg };
/** Every process looks for reports of others within this time. */
const FRESH_MS = 2000;
/** For what never comes: machines may be busy with other things. */
const GIVE_UP_MS = 20_000;

let stores: SharedStores;
let logged: string[] = [];

function bootWorker(vars: Record<string, string> = {}, dynamo = stores.dynamo): Promise<LocalWorker> {
  const onLog = ({ message }: { message: string }) => void logged.push(message);
  return startLocalWorker({
    dynamo,
    database: stores.database,
    ...LOCAL,
    vars: { REPORTS_PER_MINUTE: "100000", READ_UNITS_PER_MINUTE: "100000000", METRICS_TOKEN, ...vars },
    onLog,
  });
}

beforeAll(async () => {
  [stores] = await Promise.all([openSharedStores(), buildEdgeAssets(silentLog)]);
  const store = createDynamoStore(options());
  await store.migrate();
  await store.putMany(makeReports(2000, Date.now()));
});
afterAll(() => stores?.close());

function options() {
  const { endpoint = "", tableName } = stores.dynamo;
  return { client: connect(endpoint), table: tableName, clock: { now: Date.now } };
}

/** An account with a key, and an area of its own. */
async function addOwnArea(area: Parameters<typeof draftOf>[0]): Promise<{ id: string; key: string }> {
  const pool = createPool(stores.database, silentLog);
  try {
    const { userId, key } = await addAccount(pool, "agent@example.com");
    const table = createOwnAreaTable(createSql(sqlOfPool(pool), silentLog));
    const [id = ""] = await table.add(userId, [await draftOf(area)], Date.now());
    return { id, key };
  } finally {
    await pool.end();
  }
}

describeHttp("HTTP in workerd", async () => {
  const [stripe, smtp] = await Promise.all([startFakeStripe(), startSmtpServer()]);
  const accounts = {
    AUTH_SECRET: "a-secret-of-tests-of-32-characters",
    SMTP_URL: smtp.url,
    MAIL_FROM: "a@example.org",
  };
  const worker = await bootWorker({ ...stripe.env, ...accounts });
  return {
    url: worker.url,
    database: stores.database,
    stripe,
    smtp,
    tellsTiles: false,
    async close() {
      await worker.close();
      await stripe.close();
      await smtp.close();
    },
  };
});

describe("beside Node on the same stores", () => {
  let node: RunningServer;
  let worker: LocalWorker;
  let proxy: PrefixProxy;
  beforeAll(async () => {
    node = await startServer(stores.config);
    worker = await bootWorker({ TRUSTED_PROXIES: "1" });
    proxy = await startPrefixProxy(() => worker.url, { prefix: "/stratum" });
  });
  afterAll(async () => {
    await proxy?.close();
    await worker?.close();
    await node?.close();
  });

  describe("below a path, told by X-Forwarded-Prefix of a trusted proxy", () => testPrefix(() => proxy.url));

  it.each([
    ["Node", "workerd"],
    ["workerd", "Node"],
  ])("shows what %s took in %s's tiles", async (writer) => {
    const [from, to] = writer === "Node" ? [node.url, worker.url] : [worker.url, node.url];
    const path = `${to}${tilePath("safety", 18, PLACE)}.pbf`;
    const count = async () => countOf(decodeLayer((await requestRaw(path)).body, "safety"));
    for (let round = 0; round < 3; round++) {
      const before = await count();
      await drop(from, PLACE);
      await expect.poll(count, { timeout: GIVE_UP_MS, interval: 200 }).toBe(before + 1);
    }
  });

  it.each([
    ["Node", "workerd"],
    ["workerd", "Node"],
  ])("lists what %s took in %s, though nobody asks for tiles", async (writer) => {
    const [from, to] = writer === "Node" ? [node.url, worker.url] : [worker.url, node.url];
    const place = { lat: PLACE.lat, lon: PLACE.lon + 0.02 };
    const bbox = [place.lon - 1e-3, place.lat - 1e-3, place.lon + 1e-3, place.lat + 1e-3].join();
    for (const list of [`/api/reports?bbox=${bbox}&limit=100`, "/api/cities/austin/reports?limit=100"]) {
      const listed = async () => {
        const page = (await (await fetch(to + list)).json()) as { features: { id: string }[] };
        return page.features.map(({ id }) => id);
      };
      await listed();
      const id = await drop(from, place);
      // Of one minute they are in no order.
      await expect.poll(listed, { timeout: GIVE_UP_MS, interval: 200 }).toContain(id);
    }
  });

  it("serves the same bytes and entity tags, before and after the cron trigger compacts", async () => {
    const paths = [0, 3, 6, 8, 9, 10, 11, 12, 13, 14, 15, 16, 20].flatMap((z) => [
      `${tilePath("safety", z, PLACE)}.pbf`,
      `${tilePath("safety,vibe,infrastructure", z, PLACE)}.pbf?window=7d`,
    ]);
    const startMs = Date.now();
    for (const when of ["before", "after"]) {
      if (when === "after") await worker.scheduled();
      await untilBothKnowScores();
      for (const path of paths) {
        const differs = async () => {
          const [ours, theirs] = await Promise.all([requestRaw(worker.url + path), requestRaw(node.url + path)]);
          const isSame = ours.status === theirs.status && ours.headers.etag === theirs.headers.etag;
          return isSame && Buffer.compare(ours.body, theirs.body) === 0 ? undefined : `${when} ${path}`;
        };
        await expect.poll(differs, { timeout: GIVE_UP_MS, interval: 200 }).toBeUndefined();
      }
    }
    const card = await Promise.all(
      [worker, node].map(async ({ url }) => (await fetch(`${url}/api/neighborhood/9v6k`)).json()),
    );
    expect(card[0]).toEqual(card[1]);
    const point = await createCompactionState(createDynamoDerivedStore(options()), silentLog, { now: Date.now }).read();
    expect(logged.join("\n")).toContain('"event":"compacted"');
    expect(point?.atMs).toBeGreaterThan(startMs);
  });

  it("hides what three clients flagged on either, compacted or not, and leaves it hidden", async () => {
    const counts = (url: string) =>
      Promise.all(
        [3, 12, 18].map(async (z) =>
          countOf(decodeLayer((await requestRaw(`${url}${tilePath("safety", z, PLACE)}.pbf`)).body, "safety")),
        ),
      );
    const before = await counts(node.url);
    const compacted = await drop(node.url, PLACE);
    await worker.scheduled();
    for (const id of [compacted, await drop(worker.url, PLACE)]) {
      for (const [url, address] of [
        [worker.url, "198.51.100.1"],
        [node.url, "203.0.113.1"],
        [worker.url, "192.0.2.1"],
      ] as const) {
        const headers = { "X-Forwarded-For": address, "CF-Connecting-IP": address };
        expect((await fetch(`${url}/api/reports/${id}/flag`, { method: "POST", headers })).ok).toBe(true);
      }
    }
    for (const when of ["hidden", "compacted"]) {
      if (when === "compacted") await worker.scheduled();
      for (const url of [worker.url, node.url]) {
        await expect.poll(() => counts(url), { timeout: GIVE_UP_MS, interval: 200, message: when }).toEqual(before);
      }
    }
  });

  /** Each reads the scores by itself, every two seconds. */
  async function untilBothKnowScores(): Promise<void> {
    const path = `${tilePath("scores", 12, PLACE)}.pbf`;
    const areKnown = async () => {
      const [ours, theirs] = await Promise.all([requestRaw(worker.url + path), requestRaw(node.url + path)]);
      return ours.status === 200 && ours.headers.etag === theirs.headers.etag;
    };
    await expect.poll(areKnown, { timeout: GIVE_UP_MS, interval: 500 }).toBe(true);
  }

  it("tells areas that were imported: lists, cards, tiles, ranks, counts, and live changes", async () => {
    const clock = { now: Date.now };
    const [store, derived] = [createDynamoStore(options()), createDynamoDerivedStore(options())];
    const [west, south] = [Math.round((PLACE.lon - 0.01) * 1e6), Math.round((PLACE.lat - 0.01) * 1e6)];
    const box = { west, south, east: west + 20_000, north: south + 20_000 };
    const ring = Int32Array.from([box.west, south, box.east, south, box.east, box.north, box.west, box.north]);
    const area = { id: "austin-n-around", name: "Around", box, polygons: [[ring]] };
    const [, x = "", y = ""] = /(\d+)\/(\d+)$/.exec(tilePath("areas", 14, PLACE)) ?? [];
    const read = async (url: string, path: string) => {
      const response = await fetch(url + path);
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    };
    await openAreas({ store, derived, clock }).bring([area], {
      city: { ...MADE_UP_CITY, id: "austin", name: "Austin" },
    });
    const own = await addOwnArea(area);
    await worker.scheduled();

    const told = { id: area.id, name: "Around", kind: "neighborhood" };
    const list = async () => (await read(worker.url, "/api/areas?city=austin&format=list")).body;
    await expect.poll(list, { timeout: GIVE_UP_MS, interval: 500 }).toMatchObject({ areas: [told] });
    const card = (await read(worker.url, `/api/areas/${area.id}`)).body as { report_count_30d: Record<string, number> };
    expect(card).toMatchObject(told);
    expect(card.report_count_30d).toEqual(
      ((await read(node.url, `/api/areas/${area.id}`)).body as typeof card).report_count_30d,
    );
    expect(Object.values(card.report_count_30d).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(100);
    const tile = await requestRaw(`${worker.url}/tiles/areas/14/${x}/${y}.pbf`);
    expect(tile.status).toBe(200);
    expect(decodeLayer(tile.body, "areas")[0]).toMatchObject({ id: area.id, name: "Around" });

    const asked = async (path: string) => (await read(worker.url, path)).body;
    const ranked = async () => {
      await worker.scheduled();
      return asked("/api/trends/areas?city=austin");
    };
    await expect.poll(ranked, { timeout: GIVE_UP_MS, interval: 500 }).toMatchObject({ areas: [told] });
    const { days } = (await asked(`/api/trends/daily?area=${area.id}`)) as { days: { reports: number }[] };
    expect(days.reduce((sum, { reports }) => sum + reports, 0)).toBeGreaterThan(100);
    expect(await asked(`/api/trends/rising?area=${area.id}&min_change=0`)).toMatchObject({ area: { id: area.id } });
    expect((await read(worker.url, "/api/trends/daily?area=austin-n-none")).status).toBe(400);

    // The cron trigger counts the same for an account that has the same area; the last reports may be an hour's.
    const ofAccount = async (path: string) => (await fetch(worker.url + path, bearer(own.key))).json();
    const ownDays = async () => {
      await worker.scheduled();
      const { days: counted } = (await ofAccount(`/api/trends/daily?area=${own.id}`)) as { days: unknown[] };
      return counted.slice(0, -1);
    };
    await expect.poll(ownDays, { timeout: GIVE_UP_MS, interval: 500 }).toEqual(days.slice(0, -1));
    expect(await ofAccount(`/api/areas/${own.id}`)).toMatchObject({ name: "Around", report_count: expect.any(Number) });
    expect((await read(worker.url, `/api/areas/${own.id}`)).status).toBe(404);

    const live = await fetch(`${worker.url}/api/live?area=${area.id}`);
    const reader = live.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    // Of a layer in which nothing else came in this minute: of much, the cell is told.
    await drop(node.url, { lat: PLACE.lat + 0.012, lon: PLACE.lon + 0.012, layer: "opportunity" });
    await drop(node.url, { ...PLACE, layer: "opportunity" });
    while (!text.includes("event: change")) text += (await reader?.read())?.value ?? "event: change of nothing";
    await reader?.cancel();
    const geohashes = [...text.matchAll(/"geohash":"(\w+)"/g)].map(([, geohash]) => geohash);
    // Of a row that cannot be read yet its cell is told.
    const places = [5, 8].map((precision) => encodeGeohash(PLACE.lon, PLACE.lat, precision));
    expect(geohashes.length).toBeGreaterThan(0);
    for (const geohash of geohashes) expect(places).toContain(geohash);
  });

  it("serves the same basemap, out of packs", async () => {
    const addresses = [
      "0/0/0",
      "3/1/3",
      "4/3/6",
      "5/7/12",
      "8/58/105",
      "8/41/98",
      "9/150/192",
      "11/603/770",
      "13/1309/3166",
    ];
    for (const address of [...addresses, "2/0/3", "7/0/60", "12/0/0"]) {
      const path = `/basemap/${address}.pbf`;
      const [ours, theirs] = await Promise.all([requestRaw(worker.url + path), requestRaw(node.url + path)]);
      expect([ours.status, ours.body], address).toEqual([theirs.status, theirs.body]);
    }
  });

  it("serves the client with the same headers", async () => {
    const page = await fetch(node.url);
    const html = await page.text();
    const script = /src="\.(\/assets\/[^"]+\.js)"/.exec(html)?.[1] ?? "";
    for (const path of ["/", script]) {
      const [ours, theirs] = await Promise.all([fetch(worker.url + path), fetch(node.url + path)]);
      expect(ours.status).toBe(200);
      expect(await ours.text()).toBe(await theirs.text());
      for (const name of [
        "Cache-Control",
        "Content-Security-Policy",
        "Cross-Origin-Opener-Policy",
        "Cross-Origin-Resource-Policy",
        "Permissions-Policy",
        "Referrer-Policy",
        "X-Content-Type-Options",
        "Access-Control-Allow-Origin",
      ]) {
        expect(ours.headers.get(name), `${path} ${name}`).toBe(theirs.headers.get(name));
      }
    }
  });

  it("leads from a page's address with a slash to the page, in the same way", async () => {
    for (const { url } of [node, worker]) {
      const answer = await fetch(`${url}/docs/embedding/?layers=vibe`, { redirect: "manual" });
      const location = new URL(answer.headers.get("Location") ?? "", answer.url);
      expect([answer.status, location.href]).toEqual([308, `${url}/docs/embedding?layers=vibe`]);
      expect((await fetch(location)).headers.get("Content-Type")).toMatch(/^text\/html/);
    }
  });
});

describe("a Worker on a route below a path", { tags: "slow" }, () => {
  let worker: LocalWorker;
  let proxy: PrefixProxy;
  beforeAll(async () => {
    proxy = await startPrefixProxy(() => worker.url, { prefix: "/stratum", tells: false, strips: false });
    worker = await bootWorker({ PUBLIC_URL: proxy.url, EDGE_CACHE: "on" });
  });
  afterAll(async () => {
    await proxy?.close();
    await worker?.close();
  });
  testPrefix(() => proxy.url);
  describe("without a slash", () => testBarePrefix(() => proxy.url));
});

describe("a cold isolate", () => {
  it("answers its first tile with few requests to DynamoDB", { tags: "slow" }, async () => {
    const compacting = await bootWorker();
    await compacting.scheduled();
    await compacting.close();
    const counts: Record<string, number> = {};
    for (const z of [4, 12, 18]) {
      const worker = await bootWorker();
      expect((await requestRaw(`${worker.url}${tilePath("safety", z, PLACE)}.pbf`)).status).toBe(200);
      const metrics = await readMetrics(worker.url);
      counts[`z${z}`] = Number(/^dynamodb_requests_total (\d+)$/m.exec(metrics)?.[1]);
      await worker.close();
    }
    console.log("requests to DynamoDB for a cold isolate's first tile", counts);
    // A bucket of the feed may end meanwhile, which is one request more.
    for (const [zoom, count] of Object.entries(counts)) expect(count, zoom).toBeLessThanOrEqual(9 + 1);
  });

  it("shares no I/O between requests, also when clients hang up half way", async () => {
    logged = [];
    const worker = await bootWorker();
    const paths = [0, 6, 9, 12, 14, 16].map((z) => `${worker.url}${tilePath("safety", z, PLACE)}.pbf`);
    const hungUp = Array.from({ length: 30 }, async (_, i) => {
      const signal = AbortSignal.timeout(2 + (i % 15));
      await fetch(paths[i % paths.length] ?? "", { signal }).catch(() => {});
    });
    const answers = Array.from({ length: 8 }, () => paths)
      .flat()
      .map((path) => requestRaw(path));
    const statuses = (await Promise.all(answers)).map(({ status }) => status);
    await Promise.all(hungUp);
    expect(new Set(statuses)).toEqual(new Set([200]));
    const writes = Array.from({ length: 20 }, (_, i) =>
      drop(worker.url, { lat: PLACE.lat + i * 1e-5, lon: PLACE.lon }),
    );
    const mixed = await Promise.all([...paths, ...paths].map((path) => requestRaw(path)));
    await Promise.all(writes);
    expect(new Set(mixed.map(({ status }) => status))).toEqual(new Set([200]));
    expect(logged.join("\n")).not.toMatch(/different request|would never|hung|Uncaught/i);
    await worker.close();
  });
});

describe("when DynamoDB goes away", () => {
  it("serves known tiles as they were, and 503 for the rest", async () => {
    const dynalite = await startDynalite();
    const dynamo = { ...stores.dynamo, endpoint: dynalite.endpoint, credentials: EMULATOR_CREDENTIALS };
    const store = createDynamoStore({ ...options(), client: connect(dynalite.endpoint) });
    await store.migrate();
    const worker = await bootWorker({}, dynamo);
    await drop(worker.url, PLACE);
    const known = `${worker.url}${tilePath("safety", 12, PLACE)}.pbf`;
    const before = await requestRaw(known);
    expect(before.status).toBe(200);
    await store.close();
    await dynalite.stop();
    await sleep(FRESH_MS + 100);
    const after = await requestRaw(known);
    // Scores are PostgreSQL's, which goes on: they may have come to be known between the two.
    const reportsOf = ({ body }: typeof after) =>
      decodeLayer(new Uint8Array(body), "safety").map(({ score, ...properties }) => properties);
    expect([after.status, reportsOf(after)]).toEqual([200, reportsOf(before)]);
    for (const response of [
      await fetch(`${worker.url}${tilePath("vibe", 12, PLACE)}.pbf`),
      await postReport(worker.url, PLACE),
    ]) {
      expect(response.status).toBe(503);
      expect(response.headers.get("Retry-After")).toMatch(/^\d+$/);
      expect(response.headers.get("Content-Type")).toBe("application/problem+json");
      expect(response.headers.get("Access-Control-Allow-Origin")).toBe("*");
    }
    await expect(worker.scheduled()).rejects.toThrow();
    await worker.close();
  });
});

it("compacts what was hidden within half a minute, without the cron trigger", { tags: "slow" }, async () => {
  const worker = await bootWorker();
  logged = [];
  try {
    const derived = createDynamoDerivedStore(options());
    const state = createCompactionState(derived, silentLog, { now: Date.now });
    const place = { lat: -41.3, lon: 174.8 };
    const id = await drop(worker.url, place);
    await worker.scheduled();
    const before = (await state.read())?.number ?? 0;
    for (const address of ["192.0.2.1", "198.51.100.1", "203.0.113.1"]) {
      const headers = { "CF-Connecting-IP": address, "Content-Type": "application/json" };
      await fetch(`${worker.url}/api/reports/${id}/flag`, { method: "POST", headers, body: "{}" });
    }
    await expect
      .poll(async () => (await state.read())?.number, { timeout: 30_000, interval: 500 })
      .toBeGreaterThan(before);
  } finally {
    await worker.close();
  }
});
