/** @module-tag slow */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, vi } from "vitest";
import { readConfig } from "../../../server/runtime/config.ts";
import { type RunningServer, startServer } from "../../../server/runtime/node/serve.ts";
import { testPrefix } from "../../http/prefix-suite.ts";

const ENV = { PORT: "0", DATA_DIR: "memory", SEED: "off", DATABASE_URL: "postgres://nobody@127.0.0.1:9/none" };

const nginx = ["/usr/sbin", ...(process.env.PATH ?? "").split(delimiter)]
  .map((dir) => join(dir, "nginx"))
  .find((path) => existsSync(path));

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** As docs/operations.md says it, on a port of its own. */
const configOf = (dir: string, port: number, target: string) => `
daemon off;
pid ${dir}/pid;
error_log ${dir}/error.log;
events {}
http {
  access_log off;
  client_body_temp_path ${dir}/body;
  proxy_temp_path ${dir}/proxy;
  fastcgi_temp_path ${dir}/fastcgi;
  uwsgi_temp_path ${dir}/uwsgi;
  scgi_temp_path ${dir}/scgi;
  server {
    listen 127.0.0.1:${port};
    location /stratum/ {
      proxy_pass ${target}/;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Host $http_host;
      proxy_set_header X-Forwarded-Prefix /stratum;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }
  }
}`;

describe.skipIf(nginx === undefined)(
  `a server below a path of nginx${nginx === undefined ? " (skipped: there is no nginx here)" : ""}`,
  () => {
    let server: RunningServer;
    let dir: string;
    let url: string;
    let stop: () => Promise<void>;
    beforeAll(async () => {
      server = await startServer(readConfig({ ...ENV, TRUSTED_PROXIES: "1" }));
      dir = await mkdtemp(join(tmpdir(), "stratum-nginx-"));
      await mkdir(join(dir, "body"));
      const port = await freePort();
      await writeFile(join(dir, "nginx.conf"), configOf(dir, port, server.url));
      const running = spawn(nginx ?? "", ["-p", dir, "-c", join(dir, "nginx.conf")], { stdio: "ignore" });
      const ended = new Promise<void>((resolve) => running.once("exit", () => resolve()));
      stop = async () => {
        running.kill("SIGTERM");
        await ended;
      };
      url = `http://127.0.0.1:${port}/stratum`;
      await vi.waitFor(async () => expect((await fetch(`${url}/healthz`)).status).toBe(200), { timeout: 30_000 });
    });
    afterAll(async () => {
      await stop?.();
      await server?.close();
      await rm(dir, { recursive: true, force: true });
    });
    testPrefix(() => url);
  },
);
