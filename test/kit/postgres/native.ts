import { execFile, spawn } from "node:child_process";
import { chownSync, existsSync, globSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { Client } from "pg";

export interface NativePostgres {
  readonly url: string;
  /** Ends it as a crash does: whatever is under way is cut off, and nothing is tidied up. */
  crash(): Promise<void>;
  /** Starts it again on the same data; it first recovers from its log. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** PostgreSQL refuses to run as root; `nobody` has this id nearly everywhere. */
const NOBODY = 65_534;

/** Directory of `initdb` and `postgres`, the newest first, or undefined when this machine has none. */
export function findPostgres(): string | undefined {
  const installed = globSync("/usr/lib/postgresql/*/bin").sort((a, b) =>
    b.localeCompare(a, undefined, { numeric: true }),
  );
  const places = [...installed, ...(process.env.PATH ?? "").split(delimiter)];
  return places.find((dir) => existsSync(join(dir, "initdb")) && existsSync(join(dir, "postgres")));
}

/** Makes and runs a throw-away PostgreSQL on a free port of the loopback interface; `more` are settings, as `work_mem=64MB`. */
export async function startPostgres(bin: string, more: readonly string[] = []): Promise<NativePostgres> {
  const dir = mkdtempSync(join(tmpdir(), "stratum-postgres-"));
  const user = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  if (user.uid !== undefined) chownSync(dir, user.uid, user.gid);
  const run = { ...user, cwd: dir, env: { ...process.env, HOME: dir, LC_ALL: "C" } };
  const data = join(dir, "data");
  await promisify(execFile)(
    join(bin, "initdb"),
    ["-D", data, "-U", "postgres", "-A", "trust", "-N", "-E", "UTF8"],
    run,
  );
  const port = await freePort();
  const settings = ["fsync=off", "unix_socket_directories=", "listen_addresses=127.0.0.1", ...more].flatMap((each) => [
    "-c",
    each,
  ]);
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  const launch = async () => {
    const server = spawn(join(bin, "postgres"), ["-D", data, "-p", String(port), ...settings], {
      ...run,
      stdio: "ignore",
    });
    const ended = new Promise((resolve) => server.once("exit", resolve));
    await untilItAnswers(url, () => server.exitCode !== null);
    return { server, ended };
  };
  let running = await launch();
  const crash = async () => {
    // Immediate shutdown: every backend exits where it stands.
    running.server.kill("SIGQUIT");
    await running.ended;
  };
  return {
    url,
    crash,
    async restart() {
      running = await launch();
    },
    async close() {
      await crash();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function untilItAnswers(connectionString: string, ended: () => boolean): Promise<void> {
  while (!ended()) {
    const client = new Client({ connectionString });
    const connected = await client.connect().then(
      () => true,
      () => false,
    );
    await client.end().catch(() => {});
    if (connected) return;
    await sleep(50);
  }
  throw new Error("postgres ended at its start");
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
