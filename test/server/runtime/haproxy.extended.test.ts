/** @module-tag slow */
import { spawn, spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readConfig } from "../../../server/runtime/config.ts";
import { startServer } from "../../../server/runtime/node/serve.ts";

const hasProxy = spawnSync("haproxy", ["-v"]).status === 0;

/** One frontend before a backend that HAProxy asks whether it lives in the way that it does by itself: HTTP/1.0, no Host. */
const config = (port: number, server: string): string => `
global
  maxconn 50
defaults
  mode http
  timeout connect 2s
  timeout client 5s
  timeout server 5s
frontend plain
  bind 127.0.0.1:${port}
  default_backend plain
backend plain
  option httpchk GET /healthz
  server a ${server} check inter 100 fall 2
`;

describe.skipIf(!hasProxy)(`behind HAProxy${hasProxy ? "" : " (skipped: no haproxy on the path)"}`, () => {
  it("stays up under the plain check", async () => {
    const server = await startServer(readConfig({ PORT: "0", SEED: "off", DATA_DIR: "memory" }), { client: false });
    const dir = await mkdtemp(join(tmpdir(), "stratum-haproxy-"));
    const port = await freePort();
    const path = join(dir, "haproxy.cfg");
    await writeFile(path, config(port, new URL(server.url).host));
    const proxy = spawn("haproxy", ["-db", "-f", path], { stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    proxy.stderr.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
    try {
      const ask = () =>
        fetch(`http://127.0.0.1:${port}/healthz`).then(
          ({ status }) => status,
          () => 0,
        );
      await expect.poll(ask).toBe(200);
      // It takes a server for up until it has asked: so many checks that a server that fails them is down.
      await new Promise((resolve) => setTimeout(resolve, 2000));
      expect(said).not.toContain("DOWN");
      expect(await ask()).toBe(200);
    } finally {
      proxy.kill();
      await server.close();
      await rm(dir, { recursive: true });
    }
  });
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}
