/** @module-tag slow */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, onTestFinished, test } from "vitest";
import { drop, requestRaw, tilePath } from "../kit/request.ts";
import { startTcpProxy } from "../kit/tcp-proxy.ts";
import { countOf, decodeLayer } from "../kit/tile-features.ts";

const root = mkdtempSync(join(tmpdir(), "stratum-edge-"));
const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children)
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL");
  rmSync(root, { recursive: true, force: true });
});

/** Starts a program as a terminal does: with a process group that gets the Ctrl-C as a whole. */
async function start(entry: string, env: Record<string, string>) {
  const path = fileURLToPath(new URL(`../../server/${entry}`, import.meta.url));
  const child = spawn(process.execPath, [path], {
    env: { PATH: process.env.PATH ?? "", HOME: root, PORT: "0", SEED: "off", DATA_DIR: join(root, "data"), ...env },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  children.push(child);
  let output = "";
  const closed = new Promise<number | null>((resolve) => child.once("close", resolve));
  const url = await new Promise<string>((resolve, reject) => {
    const take = (chunk: Buffer) => {
      output += chunk;
      const said = /is at (http:\S+) /.exec(output)?.[1];
      if (said !== undefined) resolve(said);
    };
    child.stdout.on("data", take);
    child.stderr.on("data", take);
    void closed.then(() => reject(new Error(output)));
  });
  return {
    url,
    output: () => output,
    /** Ctrl-C. */
    stop() {
      process.kill(-(child.pid ?? 0), "SIGINT");
      return closed;
    },
  };
}

const PLACE = { lat: 37.77, lon: -122.43 };

test("npm run edge keeps its own stores, beside a running server's, and stops on Ctrl-C", async () => {
  const path = `${tilePath("safety", 14, PLACE)}.pbf`;
  const count = async (url: string) => countOf(decodeLayer((await requestRaw(url + path)).body, "safety"));

  const alone = await start("cli/edge.ts", {});
  await drop(alone.url, PLACE);
  expect(await count(alone.url)).toBe(1);
  expect((await fetch(alone.url)).headers.get("Content-Security-Policy")).toContain("default-src 'self'");
  expect(await alone.stop(), alone.output()).toBe(0);

  const server = await start("node.ts", {});
  await drop(server.url, PLACE);
  // A Worker does not wait for a PostgreSQL that says nothing.
  const silent = await startTcpProxy(9);
  silent.set("swallow");
  onTestFinished(silent.close);
  const beside = await start("cli/edge.ts", { DATABASE_URL: `postgres://nobody@127.0.0.1:${silent.port}/none` });
  expect(await count(beside.url)).toBe(1);
  expect(await count(server.url)).toBe(1);
  expect(await beside.stop(), beside.output()).toBe(0);
  expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
  expect(await server.stop(), server.output()).toBe(0);
});
