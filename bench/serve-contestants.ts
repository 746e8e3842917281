import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import type { Config } from "../server/config.ts";
import type { BareAnswer } from "./bare-process.ts";

/** A server in a process of its own. */
export interface Contestant {
  readonly url: string;
  /** Processor time that it took so far, seconds; undefined where the system does not tell. */
  cpuSeconds(): number | undefined;
  close(): Promise<void>;
}

const file = (name: string) => new URL(`./${name}`, import.meta.url);

/** The product's server on stores that run elsewhere. */
export async function startOurs(config: Config, databaseUrl: string): Promise<Contestant> {
  const env = {
    ...process.env,
    HOST: "127.0.0.1",
    PORT: "0",
    SEED: "off",
    DYNAMODB_ENDPOINT: config.dynamo.endpoint,
    DATABASE_URL: databaseUrl,
    REPORTS_PER_MINUTE: "1000000",
  };
  const child = fork(file("serve-process.ts"), { env, stdio: ["ignore", "ignore", "inherit", "ipc"] });
  return contestant(child, await urlFrom(child));
}

/** A bare `node:http` server with these answers. */
export async function startBare(answers: readonly BareAnswer[]): Promise<Contestant> {
  const child = fork(file("bare-process.ts"), { serialization: "advanced" });
  child.send([...answers]);
  return contestant(child, await urlFrom(child));
}

/** nginx with one worker on one file, or undefined when it is not on PATH. */
export async function startNginx(body: Uint8Array): Promise<Contestant | undefined> {
  const binary = findOnPath("nginx");
  if (binary === undefined) return undefined;
  const dir = mkdtempSync(join(tmpdir(), "stratum-nginx-"));
  const port = await freePort();
  mkdirSync(join(dir, "files"));
  writeFileSync(join(dir, "files", "tile.pbf"), body);
  writeFileSync(
    join(dir, "nginx.conf"),
    `daemon off; master_process off; pid ${dir}/pid; error_log ${dir}/error;
    events {}
    http { access_log off; keepalive_requests 1000000; open_file_cache max=10; types { application/vnd.mapbox-vector-tile pbf; }
      ${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${dir}/${name};`).join(" ")}
      server { listen 127.0.0.1:${port}; root ${dir}/files; } }`,
  );
  const child = spawn(binary, ["-c", join(dir, "nginx.conf"), "-p", dir], { stdio: "ignore" });
  const url = `http://127.0.0.1:${port}`;
  await answering(`${url}/tile.pbf`);
  return contestant(child, url, () => rmSync(dir, { recursive: true, force: true }));
}

function contestant(child: ChildProcess, url: string, clean: () => void = () => {}): Contestant {
  return {
    url,
    cpuSeconds: () => cpuSecondsOf(child.pid),
    async close() {
      const closed = once(child, "exit");
      if (child.connected) child.disconnect();
      else child.kill();
      await closed;
      clean();
    },
  };
}

async function urlFrom(child: ChildProcess): Promise<string> {
  const failed = once(child, "exit").then(([code]) => Promise.reject(new Error(`server ended with ${code}`)));
  const [url] = await Promise.race([once(child, "message"), failed]);
  failed.catch(() => {});
  return String(url);
}

/** User and system time of a process, from Linux' procfs, whose clock ticks a hundred times a second. */
function cpuSecondsOf(pid: number | undefined): number | undefined {
  try {
    // The name in brackets may hold blanks.
    const fields = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ").at(-1)?.split(" ") ?? [];
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return undefined;
  }
}

function findOnPath(name: string): string | undefined {
  return (process.env.PATH ?? "")
    .split(delimiter)
    .map((dir) => join(dir, name))
    .find((path) => dirname(path) !== "." && isExecutable(path));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  return typeof address === "object" ? (address?.port ?? 0) : 0;
}

async function answering(url: string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (
      await fetch(url).then(
        (response) => response.ok,
        () => false,
      )
    )
      return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${url} does not answer`);
}
