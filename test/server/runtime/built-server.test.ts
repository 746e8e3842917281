import { execFile, spawnSync } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { buildServer } from "../../../server/cli/server-bundle.ts";
import { buildClientWhenStale, CLIENT_DIR } from "../../../server/client/build.ts";
import { silentLog } from "../../../server/console/log.ts";
import { drop, requestRaw, tilePath } from "../../kit/request.ts";
import { killProcesses, startProcess } from "./start-process.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
/** As a Node that knows no TypeScript. */
const PLAIN = { NODE_OPTIONS: "--no-experimental-strip-types" };
const PLACE = { lat: 30.27, lon: -97.74 };

/** What an older Node says, whatever it is asked to run. */
const NEEDED = /^STRATUM needs Node 22\.22\.3, or 24\.15 or newer; this is Node [\d.]+\. [^\n]+\n$/;
const ENTRIES = ["node", "account", "areas", "compact", "import", "migrate", "moderate", "score", "seed", "unseed"];
/** A Node before 22, where the machine has one beside the one that runs this. */
const olderNode = (process.env.PATH ?? "")
  .split(delimiter)
  .map((dir) => join(dir, "node"))
  .find((path) => /^v(1\d|2[01])\./.test(spawnSync(path, ["--version"], { encoding: "utf8" }).stdout ?? ""));
const noOlder = olderNode === undefined ? " (skipped: there is no Node before 22 on the path)" : "";

interface Lock {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean }>>;
}

/** What `npm ci --omit=dev` installs, without Vite, which builds and serves nothing. */
async function linkProduction(to: string): Promise<void> {
  const { packages } = JSON.parse(await readFile(join(ROOT, "package-lock.json"), "utf8")) as Lock;
  for (const [path, { dev = false }] of Object.entries(packages)) {
    // What is nested comes with what it is nested in.
    if (dev || !/^node_modules\/(@[^/]+\/)?[^/]+$/.test(path) || path === "node_modules/vite") continue;
    await mkdir(dirname(join(to, path)), { recursive: true });
    await symlink(join(ROOT, path), join(to, path));
  }
}

describe("the built server, with production's packages and neither sources nor Vite", { tags: "slow" }, () => {
  let home: string;
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), "stratum-built-"));
    await buildClientWhenStale(silentLog);
    await Promise.all([
      buildServer(join(home, "dist/server")),
      cp(CLIENT_DIR, join(home, "dist/client"), { recursive: true }),
      cp(join(ROOT, "migrations"), join(home, "migrations"), { recursive: true }),
      cp(join(ROOT, "package.json"), join(home, "package.json")),
      linkProduction(home),
    ]);
  });
  afterEach(killProcesses);
  afterAll(() => rm(home, { recursive: true, force: true }));

  const entry = (name: string) => join(home, `dist/server/${name}.js`);
  const ready = async (url: string) => (await fetch(`${url}/readyz`)).status;

  it.each(["1", "2"])("starts with WORKERS=%s, and has pages, tiles, reports and PostgreSQL", async (workers) => {
    const env = { ...PLAIN, DATA_DIR: join(home, `data-${workers}`), SEED: "on", WORKERS: workers };
    const server = startProcess(env, { home, entry: entry("node") });
    const url = await server.url;
    expect(await (await fetch(url)).text()).toContain("<title>Stratum");
    expect((await fetch(`${url}/basemap/3/1/3.pbf`)).status).toBe(200);
    await drop(url, PLACE);
    await expect.poll(async () => (await requestRaw(`${url}${tilePath("safety", 12, PLACE)}.pbf`)).status).toBe(200);
    await expect.poll(() => ready(url), { timeout: 60_000 }).toBe(200);
    expect(await server.stop("SIGTERM"), server.output()).toBe(0);
    expect(server.output()).not.toMatch(/vite|Warning/);
  });

  it("has the commands beside it", async () => {
    const env = { ...process.env, ...PLAIN, DATA_DIR: join(home, "commands"), DATABASE_URL: "" };
    const run = (name: string, ...args: string[]) =>
      promisify(execFile)(process.execPath, [entry(name), ...args], { env, cwd: home });
    await run("migrate");
    expect((await run("seed")).stdout).toMatch(/seed: .* \d+ reports/);
    expect((await run("compact")).stdout).toMatch(/^compact: /);
    expect((await run("account", "list")).stderr).toBe("");
    expect((await run("areas", "list")).stdout).toMatch(/^austin\/neighborhood /);
  });

  it.skipIf(olderNode === undefined)(`says which Node it needs, with each command${noOlder}`, async () => {
    for (const name of ENTRIES) {
      const { status, stdout, stderr } = spawnSync(olderNode ?? "", [entry(name), "list"], {
        encoding: "utf8",
        cwd: home,
      });
      expect([name, status, stdout]).toEqual([name, 1, ""]);
      expect(stderr, name).toMatch(NEEDED);
    }
  });

  it("has nothing beside the commands and what they need", async () => {
    const files = (await readdir(join(home, "dist/server"))).filter((name) =>
      /^(?!part-|[a-z]+-thread).*\.js$/.test(name),
    );
    expect(files.sort()).toEqual(ENTRIES.map((name) => `${name}.js`).sort());
  });
});

describe("a checkout", () => {
  it.each([
    ["start", "node server/start.js"],
    ["import", "node --import ./server/console/needed-node.js server/cli/import.ts"],
  ])("says which Node npm run %s needs on an older one", async (name, line) => {
    const { scripts } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"));
    expect(scripts[name]).toBe(line);
    const older =
      'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "22.18.0", sqlite: "3.50.2" } })';
    const args = ["--import", `data:text/javascript,${encodeURIComponent(older)}`, ...line.split(" ").slice(1)];
    await expect(promisify(execFile)(process.execPath, args, { env: {}, cwd: ROOT })).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^STRATUM needs Node 22\.22\.3, or 24\.15 or newer; this is Node 22\.18\.0\. /),
    });
  });
});
