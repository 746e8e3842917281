import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { Log } from "../../../server/console/log.ts";
import { readConfig } from "../../../server/runtime/config.ts";
import { type RunningServer, startServer } from "../../../server/runtime/node/serve.ts";
import { createDynamoStore } from "../../../server/store/dynamo/dynamo.ts";
import { startRefusingPostgres } from "../../kit/postgres/refusing-postgres.ts";
import { drop, requestRaw, tilePath } from "../../kit/request.ts";
import { makeCity } from "../../kit/sample-reports.ts";
import { openSharedStores, type SharedStores } from "../../kit/stores.ts";
import { startTcpProxy, type TcpProxy } from "../../kit/tcp-proxy.ts";
import { keepLog } from "../console/kept-log.ts";
import { connect } from "../store/emulators.ts";

const PLACE = { lat: 37.77, lon: -122.43 };
/** A connection is given up after ten seconds: whoever waits for PostgreSQL takes that long at least. */
const CONNECT_TIMEOUT_MS = 10_000;

let stores: SharedStores;
/** Before PostgreSQL, and before DynamoDB. */
let postgres: TcpProxy;
let dynamo: TcpProxy;

beforeAll(async () => {
  stores = await openSharedStores();
  postgres = await startTcpProxy(Number(new URL(stores.database.url).port));
  dynamo = await startTcpProxy(Number(new URL(stores.dynamo.endpoint ?? "").port), { slowMs: 100 });
});
afterEach(() => {
  postgres.set("pass");
  dynamo.set("pass");
});
afterAll(async () => {
  await postgres.close();
  await dynamo.close();
  await stores.close();
});

async function start(env: Record<string, string>, log?: Log): Promise<RunningServer> {
  const { dynamo: direct, database } = stores;
  const all = { PORT: "0", SEED: "off", DYNAMODB_ENDPOINT: direct.endpoint, DATABASE_URL: database.url, ...env };
  const server = await startServer(readConfig(all), { client: false, ...(log && { log }) });
  onTestFinished(() => server.close());
  return server;
}

function through(proxy: TcpProxy, url: string): string {
  const proxied = new URL(url);
  proxied.port = String(proxy.port);
  return proxied.href;
}

const readJson = async (url: string): Promise<unknown> => (await fetch(url)).json();

describe("a start while PostgreSQL says nothing", () => {
  it("serves tiles, reports and lists at once, says what is missing, and has it all when PostgreSQL is there", async () => {
    const { log, lines } = keepLog();
    postgres.set("swallow");
    const startMs = performance.now();
    const { url } = await start({ DATABASE_URL: through(postgres, stores.database.url) }, log);
    expect(performance.now() - startMs).toBeLessThan(CONNECT_TIMEOUT_MS);
    const id = await drop(url, PLACE);
    expect((await requestRaw(`${url}${tilePath("safety", 14, PLACE)}.pbf`)).status).toBe(200);
    expect(await readJson(`${url}/api/cities/san-francisco/reports`)).toMatchObject({ features: [{ id }] });
    expect(await readJson(`${url}/api/neighborhood/9q8yyk`)).toMatchObject({ history: "unavailable" });
    expect(await readJson(`${url}/api/trends/changes`)).toMatchObject({
      status: 503,
      type: "urn:stratum:problem:database-unavailable",
      detail: expect.stringMatching(/^PostgreSQL is still being opened; .* Tiles and reports go on; try again\.$/),
    });
    expect(await readJson(`${url}/readyz`)).toMatchObject({
      status: 503,
      store: "ok",
      database: "down",
      detail: "down: database (PostgreSQL is still being opened)",
    });
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect(performance.now() - startMs).toBeLessThan(CONNECT_TIMEOUT_MS);
    postgres.set("pass");
    await expect.poll(() => readJson(`${url}/readyz`), { timeout: 30_000 }).toMatchObject({ status: "ok" });
    expect((await fetch(`${url}/api/trends/changes`)).status).toBe(200);
    const scoresAge = async () =>
      Number(/^stratum_scores_age_seconds (\S+)$/m.exec(await (await fetch(`${url}/metrics`)).text())?.[1]);
    await expect.poll(scoresAge).toBeGreaterThanOrEqual(0);
    // Nothing else, of scoring least of all.
    expect(lines()).toEqual([
      "warn PostgreSQL does not answer: serving without it until it does",
      "info PostgreSQL is there now",
    ]);
  });

  it("closes soon, and as quietly", async () => {
    const { log, lines } = keepLog();
    postgres.set("swallow");
    const server = await start({ DATABASE_URL: through(postgres, stores.database.url) }, log);
    const startMs = performance.now();
    await server.close();
    expect(performance.now() - startMs).toBeLessThan(5_000);
    expect(await server.refusal).toBeUndefined();
    expect(lines()).toEqual([]);
  });

  it("gives up an embedded one that is still being made when it closes", async () => {
    const { log, lines } = keepLog();
    const server = await start({ DATA_DIR: "memory", DATABASE_URL: "" }, log);
    await server.close();
    expect(await server.refusal).toBeUndefined();
    expect(lines()).toEqual([]);
  });
});

describe("a start that PostgreSQL refuses", () => {
  it("fails with what to correct when that is known by then", async () => {
    const refusing = await startRefusingPostgres();
    onTestFinished(refusing.close);
    dynamo.set("slow");
    const starting = start({
      DATABASE_URL: refusing.url,
      DYNAMODB_ENDPOINT: through(dynamo, stores.dynamo.endpoint ?? ""),
    });
    await expect(starting).rejects.toThrow(
      /^PostgreSQL refuses DATABASE_URL \(password .* "mallory"\): correct its user/,
    );
  });

  it("is told when it comes later, and tiles go on", async () => {
    const refusing = await startRefusingPostgres(5_000);
    onTestFinished(refusing.close);
    const server = await start({ DATABASE_URL: refusing.url });
    const refusal = await server.refusal;
    expect(refusal).toMatchObject({ name: "OperatorError", message: expect.stringMatching(/^PostgreSQL refuses/) });
    const ready = JSON.stringify(await readJson(`${server.url}/readyz`));
    expect(ready).toMatch(/down: database \(PostgreSQL cannot be used until what the log says is put right/);
    expect(ready, "nobody is told names").not.toContain("mallory");
    expect((await requestRaw(`${server.url}${tilePath("safety", 3, PLACE)}.pbf`)).status).toBeLessThan(300);
  });
});

describe("a start on a DynamoDB", () => {
  it("leaves it empty unless the environment asks for the three cities", { tags: "slow" }, async () => {
    const table = "unasked";
    const store = createDynamoStore({ client: connect(stores.dynamo.endpoint ?? ""), table, clock: { now: Date.now } });
    // As if SEED were not set.
    const server = await start({ DYNAMODB_TABLE: table, SEED: "" });
    expect(await store.isEmpty()).toBe(true);
    await server.close();
    await start({ DYNAMODB_TABLE: table, SEED: "on" });
    expect(await store.isEmpty()).toBe(false);
    await store.close();
  });
});

describe("a first start", () => {
  it("makes PostgreSQL's files once it serves, not before", async () => {
    const dir = mkdtempSync(join(tmpdir(), "stratum-serve-"));
    onTestFinished(() => rmSync(dir, { recursive: true }));
    // Long enough for the files to have been begun.
    dynamo.set("slow");
    const endpoint = through(dynamo, stores.dynamo.endpoint ?? "");
    const server = await start({
      DATA_DIR: dir,
      DYNAMODB_ENDPOINT: endpoint,
      DYNAMODB_TABLE: "first",
      DATABASE_URL: "",
    });
    expect(readdirSync(dir).filter((name) => name.startsWith("postgres"))).toEqual([]);
    expect((await requestRaw(`${server.url}${tilePath("safety", 3, PLACE)}.pbf`)).status).toBeLessThan(300);
    expect(await server.refusal).toBeUndefined();
    expect(await readJson(`${server.url}/readyz`)).toMatchObject({ store: "ok", database: "ok" });
    expect(readdirSync(dir)).toContain("postgres");
  });
});

describe("a stop while a compaction is under way", () => {
  it("waits for it no longer than for other work, closes the stores, and hears no more of it", async () => {
    const table = "stopped";
    const store = createDynamoStore({ client: connect(stores.dynamo.endpoint ?? ""), table, clock: { now: Date.now } });
    await store.migrate();
    await store.putMany(makeCity(2_000, Date.now()));
    const { log, lines } = keepLog();
    const debugged: string[] = [];
    const env = { DYNAMODB_ENDPOINT: through(dynamo, stores.dynamo.endpoint ?? ""), DYNAMODB_TABLE: table };
    const server = await start(env, { ...log, debug: (event) => debugged.push(event) });
    await server.refusal;
    dynamo.set("swallow");
    expect(debugged, "it is under way").not.toContain("compacted");
    const startMs = performance.now();
    await server.close();
    // Each of its requests takes four attempts of three seconds to fail.
    expect(performance.now() - startMs).toBeLessThan(8_000);
    const told = lines().length;
    dynamo.set("refuse");
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(lines().slice(told)).toEqual([]);
    await store.close();
  });
});
