import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { killProcesses, startProcess } from "./start-process.ts";

const root = mkdtempSync(join(tmpdir(), "stratum-workers-"));
afterEach(killProcesses);
afterAll(() => rmSync(root, { recursive: true, force: true }));

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly etag: string | undefined;
}

/** A request over a connection of its own: the first process hands connections to the workers in turn. */
function ask(url: string, body?: object): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { "Content-Type": "application/json" };
    const options = { agent: new Agent(), method: body === undefined ? "GET" : "POST", headers };
    const asked = request(url, options, (response) => {
      let text = "";
      response.setEncoding("latin1").on("data", (chunk) => {
        text += chunk;
      });
      response.once("end", () => resolve({ status: response.statusCode ?? 0, text, etag: response.headers.etag }));
    });
    asked.once("error", reject).end(body === undefined ? undefined : JSON.stringify(body));
  });
}

const EACH = Array.from({ length: 6 });
const askAll = (url: string): Promise<Answer[]> => Promise.all(EACH.map(() => ask(url)));

async function post(url: string, n: number): Promise<string> {
  const body = { layer: "safety", category: "theft", severity: 3, lat: 10.5 + n / 1000, lon: 20.5 };
  const { status, text } = await ask(`${url}/api/reports`, body);
  expect(status).toBe(201);
  return (JSON.parse(text) as { id: string }).id;
}

/** A worker needs a second or two to start on a busy machine. */
const eventually = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 30_000 });

/** The processes below one, in the order of their start. */
function childrenOf(pid: number): number[] {
  const rows = execFileSync("ps", ["-o", "pid=,ppid=", "-A"], { encoding: "utf8" }).trim().split("\n");
  return rows
    .map((row) => row.trim().split(/\s+/).map(Number) as [number, number])
    .filter(([, parent]) => parent === pid)
    .map(([child]) => child);
}

describe("WORKERS=2", () => {
  it("shows what one worker took in all of them, outlives a worker that is killed, and stops in order", async () => {
    const server = startProcess({ DATA_DIR: join(root, "two"), WORKERS: "2" }, { home: root });
    const url = await server.url;
    const ids = await Promise.all(EACH.map((_, n) => post(url, n)));
    for (const id of ids) {
      for (const { status } of await askAll(`${url}/api/reports/${id}`)) expect(status).toBe(200);
    }
    await eventually(async () => {
      const tags = new Set((await askAll(`${url}/tiles/safety/0/0/0.pbf`)).map(({ etag }) => etag));
      expect(tags.size).toBe(1);
      expect((await ask(`${url}/tiles/safety/14/9125/7710.pbf`)).status).toBeLessThan(300);
    });
    const [first = 0] = childrenOf(server.pid);
    process.kill(first, "SIGKILL");
    await eventually(() => expect(server.output()).toContain("a worker ended, starting another"));
    await eventually(() => expect(childrenOf(server.pid)).toHaveLength(3));
    // Its port was chosen by the system, and stays when nobody is left who listens on it.
    for (const child of childrenOf(server.pid)) process.kill(child, "SIGKILL");
    await eventually(async () => {
      const within = { signal: AbortSignal.timeout(2_000) };
      expect((await fetch(`${url}/healthz`, { ...within, headers: { Connection: "close" } })).status).toBe(200);
    });
    for (const id of ids) expect((await ask(`${url}/api/reports/${id}`)).status).toBe(200);
    expect(await server.stop("SIGTERM"), server.output()).toBe(0);
  });

  it("is refused where nothing is kept", async () => {
    const server = startProcess({ DATA_DIR: "memory", WORKERS: "2" }, { home: root });
    expect(await server.exitCode).toBe(1);
    expect(server.output()).toContain("WORKERS=2 needs stores that processes can share, but DATA_DIR is `memory`");
  });
});
