import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { VectorTile } from "@mapbox/vector-tile";
import { PbfReader } from "pbf";
import type { Pool } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { liveLimits } from "../../../server/accounts/limits.ts";
import { createBasemapTiles } from "../../../server/basemap/tiles.ts";
import { createLog, silentLog } from "../../../server/console/log.ts";
import { importFile } from "../../../server/import/import-file.ts";
import { createLiveHub } from "../../../server/live/hub.ts";
import { streamsOfHub } from "../../../server/live/live-streams.ts";
import { createTileWatch } from "../../../server/live/tile-watch.ts";
import type { DerivedStore } from "../../../server/ports/derived-store.ts";
import type { ReportStore } from "../../../server/ports/report-store.ts";
import { migrateDatabase } from "../../../server/postgres/migrate.ts";
import { createPool } from "../../../server/postgres/pool.ts";
import { sqlOfPool } from "../../../server/postgres/sql.ts";
import { createReport } from "../../../server/reports/create-report.ts";
import { flagReport } from "../../../server/reports/flag-report.ts";
import { wireDomain, wireHttp } from "../../../server/runtime/app-wiring.ts";
import { readConfig } from "../../../server/runtime/config.ts";
import { nodeCompressor } from "../../../server/runtime/node/node-compressor.ts";
import { createMemoryDerivedStore } from "../../../server/store/memory/derived-memory.ts";
import { createMemoryStore } from "../../../server/store/memory/memory.ts";
import { openSqliteStores } from "../../../server/store/sqlite/sqlite.ts";
import { encodeGeohash } from "../../../tiles/geo/geohash.ts";
import { tileAt, worldX, worldY } from "../../../tiles/geo/tile-address.ts";
import { keptPlace, keptTime } from "../../../tiles/kept.ts";
import type { ReportLayer } from "../../../tiles/layers.ts";
import { idTimePrefix } from "../../../tiles/report-id.ts";
import { createTestClock, type TestClock } from "../../kit/clock.ts";
import { startDynalite } from "../../kit/dynamo/dynalite-server.ts";
import { type Running, startEmbedded } from "../../kit/postgres/each-postgres.ts";
import { finerRows, isCoarse } from "../../kit/stored-finer.ts";
import { createTestModeration } from "../../kit/test-moderation.ts";
import { connect, derivedBackend, reportBackend } from "./emulators.ts";

/** Everything that is stored, logged and answered on a report's way is searched for what was sent more finely than it is kept, and for whom it came from. */

const MINUTE = 60_000;
/** The hub gathers changes for less. */
const SOON_MS = 300;
const DAY = 24 * 60 * MINUTE;
/** 12:07:23.457, in the middle of a quarter of an hour. */
const START_MS = Date.UTC(2026, 5, 1, 12, 7, 23, 457);
const CLIENT = {
  address: "203.0.113.77",
  agent: "NosyAgent/7.31",
  key: "d1f0b6a2-5c1e-4d55-9a90-6d1c6c3f7e11",
};
const CONFIG = readConfig({ DATA_DIR: "memory", PROOF_OF_WORK: "off", REPORTS_PER_MINUTE: "10000" });

interface Sent {
  readonly layer: ReportLayer;
  readonly category: string;
  readonly lon: number;
  readonly lat: number;
  readonly atMs: number;
}

interface Stores {
  readonly store: ReportStore;
  readonly derived: DerivedStore;
  /** Every row of every table, as JSON, and every item of derived data. */
  dump?(): Promise<{ rows: string[]; items: [group: string, name: string, body: Uint8Array][] }>;
  close(): Promise<void>;
}

async function openMemory(clock: TestClock): Promise<Stores> {
  const store = createMemoryStore({ clock });
  return { store, derived: createMemoryDerivedStore({ clock }), close: () => store.close() };
}

async function openSqlite(clock: TestClock): Promise<Stores> {
  const dir = mkdtempSync(join(tmpdir(), "dump-"));
  const path = join(dir, "reports.sqlite");
  const { store, derived, sweep } = openSqliteStores({ path, clock });
  return {
    store,
    derived,
    async dump() {
      for (let i = 0; i < 5; i++) await sweep();
      const db = new DatabaseSync(path, { readOnly: true });
      const rowsOf = (table: string) => db.prepare(`SELECT * FROM ${table}`).all();
      const rows = ["reports", "edits", "changes", "flags", "kept"].flatMap((table) =>
        rowsOf(table).map((row) => `${table} ${JSON.stringify(row)}`),
      );
      const items = rowsOf("derived").map(({ grp, name, body }): [string, string, Uint8Array] => [
        String(grp),
        String(name),
        body as Uint8Array,
      ]);
      db.close();
      return { rows, items };
    },
    async close() {
      await store.close();
      rmSync(dir, { recursive: true });
    },
  };
}

async function openDynalite(clock: TestClock): Promise<Stores> {
  const emulator = await startDynalite();
  const store = reportBackend(emulator).open("reports", clock);
  await store.migrate();
  const derived = await derivedBackend(emulator).open("reports", clock);
  return {
    store,
    derived,
    async dump() {
      const rows: string[] = [];
      const client = connect(emulator.endpoint);
      let ExclusiveStartKey: Record<string, unknown> | undefined;
      do {
        const page = await client.send("Scan", {
          TableName: "reports",
          ...(ExclusiveStartKey && { ExclusiveStartKey }),
        } as never);
        const { Items = [], LastEvaluatedKey } = page as {
          Items?: Record<string, unknown>[];
          LastEvaluatedKey?: Record<string, unknown>;
        };
        // What has expired DynamoDB deletes, and an emulator does not.
        const live = Items.filter(
          ({ expires_at }) => typeof expires_at !== "number" || expires_at * 1000 > clock.now(),
        );
        rows.push(...live.map((item) => JSON.stringify(item)));
        ExclusiveStartKey = LastEvaluatedKey;
      } while (ExclusiveStartKey !== undefined);
      client.destroy();
      return { rows, items: [] };
    },
    async close() {
      await store.close();
      await emulator.stop();
    },
  };
}

/** Texts in which what was sent would show itself. */
function needlesOf({ layer, category, lon, lat, atMs }: Sent): string[] {
  const place = keptPlace(layer, category, lon, lat);
  const finer = [
    [lon, place.lonDeg],
    [lat, place.latDeg],
  ].flatMap(([sent = 0, told = 0]) => {
    const digits = Math.abs(sent).toFixed(7);
    const texts = [digits.slice(0, -1), String(Math.abs(Math.round(sent * 1e6)))];
    // Of what is snapped, five decimals are too many as well.
    if (told.toFixed(5) !== sent.toFixed(5)) texts.push(digits.slice(0, -2));
    return texts;
  });
  const fineHash = encodeGeohash(lon, lat, 10);
  const toldHash = encodeGeohash(place.lonDeg, place.latDeg, 10);
  const hash = fineHash.slice(0, 10);
  const time = new Date(atMs).toISOString();
  return [
    ...finer,
    ...(hash === toldHash ? [] : [hash]),
    ...(fineHash.slice(0, 8) === toldHash.slice(0, 8) ? [] : [fineHash.slice(0, 8)]),
    String(atMs),
    time.slice(11, 19),
    idTimePrefix(atMs),
    ...(keptTime(layer, category, atMs) % (15 * MINUTE) === 0 && layer === "safety" ? [time.slice(0, 16)] : []),
  ];
}

/** Sends what residents send, lets everything run, and gathers what came of it. */
async function live(stores: Stores, pool: Pool, clock: TestClock) {
  const items: [group: string, name: string, body: Uint8Array][] = [];
  const texts: string[] = [];
  const derived: DerivedStore = {
    ...stores.derived,
    put(group, name, body, condition) {
      items.push([group, name, body]);
      return stores.derived.put(group, name, body, condition);
    },
  };
  const log = createLog({ level: "debug", pretty: false, write: (line) => texts.push(line), now: () => 0 });
  const adapters = {
    store: stores.store,
    derived,
    sql: sqlOfPool(pool),
    pingDatabase: async () => {},
    compressor: nodeCompressor,
    clock,
    log,
  };
  const domain = wireDomain(adapters);
  const tiles = domain.openTiles();
  const hub = createLiveHub({ clock, tileWatch: createTileWatch({ tiles: tiles.source, log }), maxSubscribers: 10 });
  domain.changes.listen(hub.publish);
  const app = wireHttp(adapters, domain, {
    config: CONFIG,
    tiles,
    basemap: createBasemapTiles(),
    live: streamsOfHub(hub, liveLimits(10)),
    clientAddress: () => CLIENT.address,
    isLocal: () => true,
  });
  const reports: { readonly sent: Sent; readonly told: Record<string, unknown> }[] = [];

  async function ask(path: string, init: RequestInit = {}): Promise<string> {
    const response = await app.request(path, {
      ...init,
      headers: { "User-Agent": CLIENT.agent, "X-Forwarded-For": CLIENT.address, ...init.headers },
    });
    const body = new Uint8Array(await response.arrayBuffer());
    const isTile = path.includes(".pbf") && response.status === 200;
    const text = isTile ? textOfTile(body) : new TextDecoder().decode(body);
    texts.push(`${path} ${response.status} ${JSON.stringify([...response.headers])} ${text}`);
    return text;
  }

  async function send(sent: Sent, key?: string): Promise<string> {
    const { atMs: _, ...body } = sent;
    const text = await ask("/api/reports", {
      method: "POST",
      headers: { "Content-Type": "application/json", ...(key && { "Idempotency-Key": key }) },
      body: JSON.stringify({ ...body, severity: 3, text: "as it was" }),
    });
    const told = JSON.parse(text) as Record<string, unknown>;
    reports.push({ sent, told });
    return String(told.id);
  }

  return { app, clock, derived, domain, hub, tiles, items, texts, reports, ask, send };
}

const textOfTile = (body: Uint8Array): string => {
  const { layers } = new VectorTile(new PbfReader(body));
  return JSON.stringify(
    Object.values(layers).flatMap((layer) =>
      Array.from({ length: layer.length }, (_, i) => layer.feature(i).properties),
    ),
  );
};

const PLACES: readonly Omit<Sent, "atMs">[] = [
  { layer: "safety", category: "theft", lon: -122.4148137, lat: 37.7599371 },
  { layer: "safety", category: "assault", lon: -122.4163719, lat: 37.7612483 },
  { layer: "safety", category: "vandalism", lon: -122.4171234, lat: 37.7623456 },
  { layer: "infrastructure", category: "pothole", lon: -122.4181234, lat: 37.7633456 },
  { layer: "vibe", category: "noise", lon: -122.4191234, lat: 37.7643456 },
];

async function storeAndAsk(stores: Stores, pool: Pool, clock: TestClock) {
  const world = await live(stores, pool, clock);
  const { ask, send, domain, tiles, hub } = world;
  const stream = await world.app.request("/api/live?bbox=-122.6,37.6,-122.3,37.9&layers=safety,vibe,infrastructure");
  const streamed = stream.text();
  const all: Sent[] = [];
  const keep = (sent: Sent): Sent => {
    all.push(sent);
    return sent;
  };
  const ids: string[] = [];
  for (const [i, place] of PLACES.entries()) {
    ids.push(await send(keep({ ...place, atMs: clock.now() }), i % 2 === 0 ? `${CLIENT.key}${i}` : undefined));
    clock.advance(61_111);
  }
  // Sent again, and found.
  await send({ ...(all[0] as Sent) }, `${CLIENT.key}0`);
  const file = join(mkdtempSync(join(tmpdir(), "dump-import-")), "rows.csv");
  const imported = [
    { layer: "safety", category: "homicide", lon: -122.4201239, lat: 37.7653457, atMs: clock.now() - 1_234_567 },
    { layer: "infrastructure", category: "kerb", lon: -122.4211239, lat: 37.7663457, atMs: clock.now() - 2_345_678 },
  ] as const;
  const lines = imported.map(({ lon, lat, atMs, layer, category }) => `${lon},${lat},${atMs},${layer},${category},3,`);
  writeFileSync(file, `lon,lat,time,layer,category,severity,text\n${lines.join("\n")}\n`);
  await importFile({
    path: file,
    mapping: { sources: {}, values: {} },
    store: stores.store,
    derived: stores.derived,
    clock,
  });
  all.push(...imported);
  await stores.store.confirm();
  await tiles.pyramid.poll();
  const work = async () => {
    await domain.hurried.look();
    for (const limits of [{ hurry: domain.hurried }, {}]) await domain.compactor.run(limits);
    await domain.scoring.run();
    await tiles.pyramid.poll();
  };
  await work();
  await ask(`/api/reports/${ids[1]}/flag`, { method: "POST" });
  all.push(await moderate(world, stores, ids[3] ?? ""));
  await stores.store.edit(ids[2] ?? "", { kind: "hide" });
  await stores.store.edit(ids[2] ?? "", { kind: "restore" });
  await work();
  await askAll(ask, all, ids);
  clock.advance(16 * MINUTE);
  await work();
  await askAll(ask, all, ids);
  await sleep(SOON_MS);
  hub.close();
  world.texts.push(await streamed);
  return { ...world, all, ids };
}

/** Holds a report that three networks flagged, and one of a flood before it is stored, and lets both out. */
async function moderate(
  { derived, clock }: Pick<Awaited<ReturnType<typeof live>>, "derived" | "clock">,
  stores: Stores,
  id: string,
) {
  const { store } = stores;
  const moderation = createTestModeration({ store, derived, clock });
  const flagged = await store.get(id);
  if (flagged === undefined) throw new Error(`no report ${id}`);
  for (const address of ["203.0.113.7", "198.51.100.7", "192.0.2.77"])
    await flagReport({ store, moderation, flagsToHide: 3 }, { id, address });
  // Changes of other layers tell their minute: they are told before the one in which the next report is made.
  await sleep(SOON_MS);
  clock.advance(2 * MINUTE);
  const sent = { layer: "safety", category: "theft", lon: -122.4304567, lat: 37.7701234, atMs: clock.now() } as const;
  const draft = { layer: sent.layer, category: sent.category, severity: 3, lonDeg: sent.lon, latDeg: sent.lat };
  const held = await createReport(
    {
      store,
      clock,
      onReport: () => {},
      watch: () => ({ isCrowd: false, holdBack: (report) => moderation.holdBack(report, "place") }),
    },
    draft,
  );
  if (held.outcome !== "held") throw new Error(`the report is ${held.outcome}`);
  // A moderator's own time is logged as it was.
  clock.advance(2 * MINUTE);
  for (const each of [id, held.report.id]) await moderation.rule(each, { action: "restore", by: "ann" });
  return sent;
}

async function askAll(ask: (path: string) => Promise<string>, all: readonly Sent[], ids: readonly string[]) {
  const box = "-122.6,37.6,-122.3,37.9";
  for (const path of [
    `/api/reports?bbox=${box}&limit=100`,
    `/api/reports?bbox=${box}&limit=2`,
    "/api/cities/san-francisco/reports?limit=100",
    ...ids.map((id) => `/api/reports/${id}`),
    `/api/neighborhood/${encodeGeohash(-122.4163719, 37.7612483, 6)}`,
    "/api/exports/scores.csv?city=san-francisco",
    "/api/exports/reports-counts.csv?city=san-francisco",
    "/metrics",
    "/healthz",
    "/readyz",
  ]) {
    await ask(path);
  }
  for (const { lon, lat } of all) {
    for (const z of [6, 12, 15, 18, 22]) {
      const { x, y } = tileAt(worldX(lon), worldY(lat), z);
      const text = await ask(`/tiles/safety,infrastructure,vibe,scores/${z}/${x}/${y}.pbf`);
      for (const [, id] of text.matchAll(/"point_count":\d+[^}]*"id":"([^"]+)"/g)) {
        await ask(`/api/clusters/${id}`);
        await ask(`/api/clusters/${id}/reports`);
      }
    }
  }
}

function suite(open: (clock: TestClock) => Promise<Stores>): void {
  let running: Running;
  let pool: Pool;
  let stores: Stores;
  let world: Awaited<ReturnType<typeof storeAndAsk>>;
  const clock = createTestClock(START_MS);
  beforeAll(async () => {
    running = await startEmbedded();
    pool = createPool(running.address, silentLog);
    await migrateDatabase(pool);
    stores = await open(clock);
    world = await storeAndAsk(stores, pool, clock);
  });
  afterAll(async () => {
    await stores.close();
    await pool.end();
    await running.close();
  });

  const found = (texts: readonly string[]): string[] => {
    const needles = [...world.all.flatMap(needlesOf), ...Object.values(CLIENT)];
    return texts.flatMap((text) =>
      needles.filter((needle) => text.includes(needle)).map((needle) => `${needle} in ${text.slice(0, 300)}`),
    );
  };

  it("answers what is kept", () => {
    expect(world.reports).toHaveLength(PLACES.length + 1);
    for (const { sent, told } of world.reports) {
      const { layer, category, atMs } = sent;
      expect({ lonDeg: told.lon, latDeg: told.lat }).toEqual(keptPlace(layer, category, sent.lon, sent.lat));
      expect(told.created_at).toBe(new Date(keptTime(layer, category, atMs)).toISOString());
    }
  });

  it("tells nothing finer, and nobody, in any answer, live event or log line", () => {
    expect(world.texts.some((text) => text.includes("event: change"))).toBe(true);
    expect(world.texts.some((text) => text.includes("cluster"))).toBe(true);
    expect(found(world.texts)).toEqual([]);
  });

  it("stores nothing finer in derived data", () => {
    const looked = world.items.map((item) => finerRows(...item));
    expect(looked.reduce((sum, { rows }) => sum + rows, 0)).toBeGreaterThan(40);
    expect(looked.flatMap(({ finer }) => finer)).toEqual([]);
    expect(
      found(world.items.map(([group, name, body]) => `${group} ${name} ${Buffer.from(body).toString("latin1")}`)),
    ).toEqual([]);
  });

  it("stores nothing finer in rows, and after a day nothing that tells their order", async () => {
    for await (const cell of stores.store.cells()) {
      const { reports } = await stores.store.readCell(cell);
      for (const report of reports) expect(isCoarse(report.layer, report.category, report)).toBe(true);
    }
    clock.advance(DAY + 2 * MINUTE);
    const { rows, items } = (await stores.dump?.()) ?? { rows: [], items: [] };
    if (stores.dump !== undefined) expect(rows.length).toBeGreaterThanOrEqual(world.all.length);
    expect(found(rows)).toEqual([]);
    expect(
      found(items.map(([group, name, body]) => `${group} ${name} ${Buffer.from(body).toString("latin1")}`)),
    ).toEqual([]);
    expect(rows.filter((row) => /^changes |feed#|^kept .*idem#/.test(row))).toEqual([]);
  });

  it("has nothing finer in PostgreSQL", async () => {
    const { rows: tables } = await pool.query<{ name: string }>(
      "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'",
    );
    const texts: string[] = [];
    for (const { name } of tables) {
      const { rows } = await pool.query<{ text: string }>(`SELECT to_jsonb(t)::text AS text FROM "${name}" t`);
      texts.push(...rows.map(({ text }) => `${name} ${text}`));
    }
    expect(texts.some((text) => text.startsWith("neighborhood_scores"))).toBe(true);
    expect(found(texts)).toEqual([]);
  });
}

describe("what is left of a report, in memory", { tags: "slow" }, () => suite(openMemory));
describe("what is left of a report, in the embedded store", () => suite(openSqlite));
describe("what is left of a report, in DynamoDB", { tags: "slow" }, () => suite(openDynalite));
