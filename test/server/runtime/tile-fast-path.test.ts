import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type Accounts, createAccounts } from "../../../server/accounts/accounts.ts";
import { hashKey, makeKey } from "../../../server/accounts/key.ts";
import { createUsageLog } from "../../../server/accounts/usage-log.ts";
import { silentLog } from "../../../server/console/log.ts";
import { createRequestMetrics } from "../../../server/http/core/metrics.ts";
import type { RunSql } from "../../../server/ports/sql.ts";
import { createPyramid } from "../../../server/pyramid/pyramid.ts";
import { type Listener, openListener } from "../../../server/runtime/node/listener.ts";
import { nodeCompressor } from "../../../server/runtime/node/node-compressor.ts";
import { MAX_TEXT_BYTES } from "../../../server/runtime/node/ready-answers.ts";
import { createTileFastPath, type TileFastPath } from "../../../server/runtime/node/tile-fast-path.ts";
import { createTileSource } from "../../../server/serving/tile-source.ts";
import { createMemoryDerivedStore } from "../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../server/store/memory/memory.ts";
import { REPORT_LAYERS } from "../../../tiles/layers.ts";
import { createTestApp } from "../../kit/app-fixture.ts";
import { createTestClock } from "../../kit/clock.ts";
import { seededRandom } from "../../kit/random.ts";
import { requestRaw, tilePath } from "../../kit/request.ts";
import { makeReport } from "../../kit/sample-reports.ts";

const random = seededRandom(5);
const PLACE = { lonDeg: -122.42, latDeg: 37.77 };
/** Where tiles of every layer are full. */
const CROWD = { lonDeg: -122.27, latDeg: 37.8 };
const DAY_MS = 86_400_000;

const clock = createTestClock();
const metrics = createRequestMetrics();
let epoch = 1;
let noteReport: (ageMs: number) => void;
let warm: TileFastPath;
let told = 0;
let listener: Listener;
let accounts: Accounts;

/** Keys of one account, the second for pages of one origin. `tile-keys.test.ts` has a real PostgreSQL. */
const KEY = makeKey();
const RESTRICTED_KEY = makeKey({ isRestricted: true });
const sql: RunSql = async <Row extends object>(text: string, values: readonly unknown[] = []) => {
  if (text.includes("lease_quota")) return [{ calls: 1_000, reserve: 0, used: 0, held: 0 }] as unknown as Row[];
  const keyId = [KEY, RESTRICTED_KEY].findIndex((key) => hashKey(key) === values[0]);
  if (keyId < 0) return [];
  const ofKey = {
    keyId,
    origins: keyId === 1 ? ["https://a.example"] : null,
    layers: null,
    kinds: null,
    expiresAt: null,
  };
  const account = { userId: "u", plan: "agent", status: "active", endsAt: null, monthlyCallsLimit: null };
  return [{ ...ofKey, ...account }] as unknown as Row[];
};

beforeAll(async () => {
  const store = createMemoryStore({ clock });
  const ages = Array.from({ length: 40 }, (_, i) => i * DAY_MS);
  await store.putMany(ages.map((age) => makeReport({ ...PLACE, createdAtMs: clock.now() - age }, random)));
  await store.putMany(Array.from({ length: 4000 }, (_, i) => crowdReport(i)));
  const derived = createMemoryDerivedStore({ clock });
  const pyramid = createPyramid({ store, derived, clock, log: silentLog });
  const scores = { epoch: () => epoch, find: () => undefined, cells: () => [] };
  const tiles = createTileSource({ pyramid, scores, compressor: nodeCompressor });
  const { codings } = nodeCompressor;
  const usage = createUsageLog({ sql, log: silentLog });
  accounts = createAccounts({ sql: { query: sql }, usage, clock, log: silentLog });
  for (const key of [KEY, RESTRICTED_KEY]) await accounts.lookup.read(key);
  const { tileKeys } = accounts;
  warm = createTileFastPath({ tiles, codings, metrics, log: silentLog, onAnswer: () => told++, tileKeys });
  const { app } = createTestApp({ store, clock, tiles, codings, metrics, sql, usage, accounts });
  noteReport = (ageMs) => pyramid.noteReport(makeReport({ ...PLACE, createdAtMs: clock.now() - ageMs }, random));
  listener = await openListener("127.0.0.1", 0, app.fetch, warm.answer);
});
afterAll(() => listener.close(0));

function crowdReport(i: number) {
  const lonDeg = CROWD.lonDeg + (random() - 0.5) * 0.1;
  const latDeg = CROWD.latDeg + (random() - 0.5) * 0.1;
  const layer = REPORT_LAYERS[i % REPORT_LAYERS.length] ?? "safety";
  return makeReport({ lonDeg, latDeg, layer, createdAtMs: clock.now() - i }, random);
}

function passDay(): void {
  clock.nowMs += DAY_MS;
}

/** Whoever listens is told of the same. */
function answered(): number {
  const counted = warm.samples()[0]?.value ?? 0;
  expect(told).toBe(counted);
  return counted;
}

const get = (path: string, headers: Record<string, string> = {}) => requestRaw(`${listener.url}${path}`, headers);

/** An answer of the app itself: it alone judges request ids. */
const getFromApp = (path: string, headers: Record<string, string> = {}) =>
  get(path, { ...headers, "X-Request-Id": "from-the-app" });

/** An answer of the short way; fails when it was the app's. */
async function getWarm(path: string, headers: Record<string, string> = {}) {
  const before = answered();
  const answer = await get(path, headers);
  expect(answered(), `${path} was the app's`).toBe(before + 1);
  return answer;
}

const tileAt = (layers: string, z: number, { lonDeg: lon, latDeg: lat } = PLACE): string =>
  tilePath(layers, z, { lon, lat });
const FULL_TILE = `${tileAt(REPORT_LAYERS.join(","), 13, CROWD)}.pbf`;
const TILE = `${tileAt("safety", 13)}.pbf`;

describe("warm tiles", () => {
  it.each([
    ["a tile", TILE, {}],
    ["a coded tile", TILE, { "Accept-Encoding": "gzip, deflate, br, zstd" }],
    ["another coding", TILE, { "Accept-Encoding": "gzip" }],
    ["several layers and a window", `${tileAt("vibe,safety,scores", 16)}.mvt?window=7d`, {}],
    ["a tile that is too long for text", FULL_TILE, {}],
    ["a tile with a buffer", `${tileAt("safety", 13)}.pbf?buffer=64`, { "Accept-Encoding": "br" }],
    ["a tile with a window and a buffer", `${tileAt("vibe,safety", 12)}.pbf?window=7d&buffer=128`, {}],
    ["a tile with a buffer of nothing", `${TILE}?buffer=0`, {}],
    ["an empty tile", "/tiles/safety/13/0/3166.pbf", { "If-None-Match": "*" }],
    ["an unchanged tile", TILE, { "If-None-Match": 'W/"x", *', "Accept-Encoding": "br" }],
    ["a tile with a key", `${TILE}?key=${KEY}`, { "Accept-Encoding": "br" }],
    ["a tile with a key and a window", `${TILE}?key=${KEY}&window=7d`, {}],
    ["a tile with a buffer and a key", `${TILE}?buffer=64&key=${KEY}`, { "If-None-Match": "*" }],
    ["a tile with a key of its page", `${TILE}?key=${RESTRICTED_KEY}`, { Referer: "https://a.example/map" }],
    ["a wide tile", `${tileAt("safety", 2)}.pbf`, { "If-None-Match": "*", "Accept-Encoding": "zstd" }],
  ])("have the headers and bytes that the app gives %s", async (_, path, headers) => {
    const { headers: expected, ...app } = await getFromApp(path, headers as Record<string, string>);
    // For a 304 the app compressed nothing.
    await get(path, { ...headers, "If-None-Match": '"other"' });
    const { headers: found, ...short } = await getWarm(path, headers as Record<string, string>);
    expect(short).toEqual(app);
    expect(found["x-request-id"]).toMatch(/^[0-9a-f-]{36}$/);
    const same = { date: "", "x-request-id": "" };
    expect({ ...found, ...same }).toEqual({ ...expected, ...same });
  });

  it("are counted for a key, each once, whoever answers", async () => {
    const path = `${TILE}?key=${KEY}`;
    await vi.waitFor(async () => expect((await get(path)) && accounts.lookup.known(KEY)).toBeTruthy());
    const counted = () => accounts.usage.samples()[0]?.value ?? 0;
    const before = counted();
    for (let i = 0; i < 3; i++) await getWarm(path);
    await getWarm(path, { "If-None-Match": "*" });
    await getFromApp(path);
    await getWarm(TILE);
    expect(counted()).toBe(before + 5);
  });

  it("leave what a key is refused to the app, and count nothing for it", async () => {
    const path = `${TILE}?key=${RESTRICTED_KEY}`;
    await vi.waitFor(async () => expect((await get(path)) && accounts.lookup.known(RESTRICTED_KEY)).toBeTruthy());
    const before = [answered(), accounts.usage.samples()[0]?.value];
    for (const headers of [{}, { Origin: "https://thief.example" }] as Record<string, string>[]) {
      const refused = await get(path, headers);
      expect([refused.status, refused.headers["access-control-allow-origin"]]).toEqual([403, "*"]);
    }
    expect((await get(`${TILE}?key=${makeKey()}x`)).status).toBe(401);
    expect([answered(), accounts.usage.samples()[0]?.value]).toEqual(before);
  });

  it("are long and short", async () => {
    expect((await getFromApp(TILE)).body.length).toBeLessThan(MAX_TEXT_BYTES);
    expect((await getFromApp(FULL_TILE)).body.length).toBeGreaterThan(MAX_TEXT_BYTES);
  });

  it("are unchanged for the tag that they had in this coding", async () => {
    const { etag = "" } = (await getFromApp(TILE, { "Accept-Encoding": "br" })).headers;
    const answer = await getWarm(TILE, { "If-None-Match": `"other", ${etag}`, "Accept-Encoding": "br" });
    expect([answer.status, answer.body.length]).toEqual([304, 0]);
    expect((await getWarm(TILE, { "If-None-Match": '"other"' })).status).toBe(200);
    const plain = await getWarm(TILE, { "If-None-Match": etag });
    expect([plain.status, plain.body.length]).toEqual([200, Number(plain.headers["content-length"])]);
  });

  it("end with a report below them, with time, and with new scores", async () => {
    const etagOf = async (path: string) => (await get(path)).headers.etag;
    for (const path of [TILE, `${tileAt("safety", 16)}.pbf`, `${tileAt("safety", 16)}.pbf?buffer=64`]) {
      await get(path);
      for (const change of [() => noteReport(0), passDay]) {
        const before = (await getWarm(path)).headers.etag;
        change();
        const count = answered();
        const after = await etagOf(path);
        expect(answered(), "the app makes it anew").toBe(count);
        expect(after).not.toBe(before);
        expect((await getWarm(path)).headers.etag).toBe(after);
      }
    }
    const count = answered();
    epoch++;
    await get(TILE);
    expect(answered()).toBe(count);
    await getWarm(TILE);
  });

  it("outlive a report elsewhere", async () => {
    const elsewhere = `${tileAt("vibe", 13)}.pbf`;
    await get(elsewhere);
    noteReport(0);
    await getWarm(elsewhere);
  });

  it.each([
    "/tiles/safety/13/1310/03166.pbf",
    "/tiles/safety/13/1310/9999.pbf",
    "/tiles/nonsense/13/1310/3166.pbf",
    "/tiles/safety/13/1310/3166.pbf?window=1y",
    "/tiles/safety/13/1310/3166.pbf?buffer=129",
    "/tiles/safety/13/1310/3166.pbf?buffer=064",
    "/tiles/safety/13/1310/3166.pbf?window=7dbuffer=3",
    "/tiles/safety/13/1310/3166.pbf?window=7d?buffer=3",
    "/tiles/safety/13/1310/3166.pbf?&buffer=3",
    "/tiles/safety.json",
  ])("leave %s to the app", async (path) => {
    const count = answered();
    await get(path);
    expect(answered()).toBe(count);
  });

  it.each([
    ["a request id, however written", ["x-REQUEST-id", "mine"]],
    ["codings named twice", ["Accept-Encoding", "gzip", "accept-encoding", "br"]],
    ["tags named twice", ["If-None-Match", '"a"', "if-none-match", '"b"']],
    ["very many codings", ["Accept-Encoding", Array(20).fill("gzip").join(",")]],
  ])("leave %s to the app", async (_, headers) => {
    await get(TILE, { "Accept-Encoding": "gzip" });
    const count = answered();
    const answer = await requestRaw(`${listener.url}${TILE}`, ["Host", "h", ...headers]);
    expect([answer.status, answered()]).toEqual([200, count]);
  });

  it("find what was asked in headers written any way", async () => {
    await get(TILE, { "Accept-Encoding": "br" });
    const count = answered();
    const headers = ["Host", "h", "ACCEPT-encoding", "br", "iF-nOnE-mAtCh", "*", "Accept-Language", "en"];
    const answer = await requestRaw(`${listener.url}${TILE}`, headers);
    expect([answer.status, answered()]).toEqual([304, count + 1]);
    expect(answer.headers.etag).toContain("-br");
  });

  it("are counted with the others", async () => {
    const total = () =>
      [...metrics.render([]).matchAll(/_count\{method="GET",route="\/tiles\/:layers\/:z\/:x\/:file"[^}]*\} (\d+)/g)]
        .map(([, count]) => Number(count))
        .reduce((sum, count) => sum + count, 0);
    await get(TILE);
    const before = total();
    await getWarm(TILE);
    await getFromApp(TILE);
    expect(total()).toBe(before + 2);
  });
});
