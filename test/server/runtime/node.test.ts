import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { type RefusingPostgres, startRefusingPostgres } from "../../kit/postgres/refusing-postgres.ts";
import { ENTRY, killProcesses, startProcess } from "./start-process.ts";

const MIGRATE = fileURLToPath(new URL("../../../server/cli/migrate.ts", import.meta.url));
const root = mkdtempSync(join(tmpdir(), "stratum-node-"));

const start = (env: Record<string, string>, entry?: string) =>
  startProcess(env, { home: root, ...(entry === undefined ? {} : { entry }) });

async function drop(url: string): Promise<{ id: string }> {
  const body = { layer: "safety", category: "theft", severity: 3, lat: 37.77, lon: -122.43, text: "a bike" };
  const response = await fetch(`${url}/api/reports`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(201);
  return (await response.json()) as { id: string };
}

const ready = async (url: string): Promise<unknown> => (await fetch(`${url}/readyz`)).json();

afterEach(killProcesses);
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe("npm start", () => {
  it("keeps every acknowledged report through Ctrl-C and through SIGKILL", async () => {
    const env = { DATA_DIR: join(root, "kept") };
    const ids: string[] = [];
    // PostgreSQL is still being made.
    const hasty = start(env);
    ids.push((await drop(await hasty.url)).id);
    expect(await hasty.stop("SIGINT"), hasty.output()).toBe(0);
    expect(hasty.output()).toMatch(/\(Ctrl-C stops it\)\nstopping\nstopped\n$/);
    for (const [signal, code] of [
      ["SIGINT", 0],
      ["SIGKILL", null],
      ["SIGTERM", 0],
    ] as const) {
      const server = start(env);
      const url = await server.url;
      // A report whose process was killed before its row was stored is found in the change feed a moment later.
      const statusOf = async (id: string) => (await fetch(`${url}/api/reports/${id}`)).status;
      for (const id of ids) await expect.poll(() => statusOf(id), { message: `${id} before ${signal}` }).toBe(200);
      await expect.poll(() => ready(url), { timeout: 60_000 }).toMatchObject({ store: "ok", database: "ok" });
      ids.push((await drop(url)).id);
      expect(await server.stop(signal), server.output()).toBe(code);
    }
  });

  it("serves its client and seeded cities, and says what each step took", async () => {
    const server = start({ DATA_DIR: "memory", SEED: "on" });
    const url = await server.url;
    const page = await fetch(url);
    expect(page.headers.get("Content-Security-Policy")).toContain("default-src 'self'");
    const script = /src="\.(\/assets\/[^"]+\.js)"/.exec(await page.text())?.[1];
    expect((await fetch(url + script)).headers.get("Cache-Control")).toContain("immutable");
    const austin = await (await fetch(`${url}/api/cities/austin/reports?limit=5`)).json();
    expect((austin as { features: unknown[] }).features).toHaveLength(5);
    const tenderloin = await (await fetch(`${url}/api/areas/san-francisco-n-tenderloin`)).json();
    expect(tenderloin).toMatchObject({ name: "Tenderloin", approximate: true, history: expect.any(String) });
    // Its reports count before anything was compacted.
    expect((tenderloin as { report_count: number }).report_count).toBeGreaterThan(10);
    for (const step of ["reports", "PostgreSQL", "seed", "client"]) {
      await expect.poll(server.output, { timeout: 60_000 }).toMatch(new RegExp(`^${step}: \\d+\\.\\d s`, "m"));
    }
    expect(await server.stop("SIGTERM")).toBe(0);
  });
});

describe("npm start with a PostgreSQL that refuses it", () => {
  const SENTENCE = /PostgreSQL refuses DATABASE_URL \(.*mallory.*\): correct its user, password or database name\./;
  let refusing: RefusingPostgres;
  afterEach(() => refusing.close());

  it("says what to correct and ends with code 1", async () => {
    refusing = await startRefusingPostgres();
    const server = start({ DATA_DIR: "memory", DATABASE_URL: refusing.url, AUTH_SECRET: "a-secret".repeat(4) });
    expect(await server.exitCode).toBe(1);
    // A start may be quicker than PostgreSQL's answer.
    expect(
      server
        .output()
        .split("\n")
        .filter((line) => !/^(client|reports): |^STRATUM is at /.test(line)),
    ).toEqual([expect.stringMatching(SENTENCE), ""]);
  });

  it("goes on when that comes late, and the log says what to correct", { tags: "slow" }, async () => {
    refusing = await startRefusingPostgres(5_500);
    const server = start({ DATA_DIR: "memory", DATABASE_URL: refusing.url });
    const url = await server.url;
    await expect.poll(server.output, { timeout: 30_000 }).toMatch(/"level":"error","event":"PostgreSQL cannot be used/);
    expect(server.output()).toMatch(SENTENCE);
    await drop(url);
    expect(await ready(url)).toMatchObject({ store: "ok", database: "down" });
    expect(await server.stop("SIGINT"), server.output()).toBe(0);
  });
});

describe("npm run migrate", () => {
  it("makes table and schema, finds them made, and works beside a running server", async () => {
    const env = { DATA_DIR: join(root, "migrated") };
    const first = start(env, MIGRATE);
    expect(await first.exitCode).toBe(0);
    expect(first.output()).toMatch(/^reports: .*embedded\nPostgreSQL: .*applied 1 neighborhood_scores.*\n$/);
    const server = start(env);
    await server.url;
    const second = start(env, MIGRATE);
    expect(await second.exitCode).toBe(0);
    expect(second.output()).toContain("up to date");
    expect(await server.stop("SIGTERM")).toBe(0);
  });
});

describe("npm start says what to do and ends with code 1", () => {
  let busy: Server;
  afterEach(() => busy?.close());

  it("when the port is in use, before the slow work", async () => {
    busy = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => busy.once("listening", resolve));
    const { port } = busy.address() as AddressInfo;
    const server = start({ PORT: String(port), DATA_DIR: join(root, "never") });
    expect(await server.exitCode).toBe(1);
    expect(server.output()).toMatch(new RegExp(`^Port ${port} is in use: .*PORT=${port + 1} npm start\\.\\n$`));
  });

  it.each([
    ["a bad value", { PORT: "eighty" }, /^PORT is "eighty", but must be a whole number from 0 to 65535\.\n$/],
    ["an address that is not ours", { HOST: "192.0.2.1" }, /^HOST 192\.0\.2\.1 is no address of this machine: .*\n$/],
    ["a DATA_DIR that is a file", { DATA_DIR: ENTRY }, /^DATA_DIR needs a directory, but .* is a file: .*\n$/],
    [
      "a DynamoDB that is away",
      { DATA_DIR: "memory", DYNAMODB_ENDPOINT: "http://127.0.0.1:9" },
      /does not answer.*: start it/,
    ],
  ])("for %s", async (_name, env, expected) => {
    const server = start(env);
    expect(await server.exitCode).toBe(1);
    expect(server.output()).toMatch(expected);
    expect(server.output()).not.toMatch(/^ +at /m);
  });

  it.skipIf(process.getuid?.() === undefined)("for a DATA_DIR that cannot be written", async () => {
    // Root may write anywhere but here.
    const server = start({ DATA_DIR: "/proc/stratum" });
    expect(await server.exitCode).toBe(1);
    expect(server.output()).toMatch(/^DATA_DIR \/proc\/stratum cannot be written by this user \(\w+\): .*\n$/);
  });
});
