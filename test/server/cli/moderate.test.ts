import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readConfig } from "../../../server/runtime/config.ts";
import { type RunningServer, startServer } from "../../../server/runtime/node/serve.ts";
import { postReport } from "../../kit/request.ts";

const dir = mkdtempSync(join(tmpdir(), "stratum-moderate-"));
let server: RunningServer;
beforeAll(async () => {
  const config = readConfig({ DATA_DIR: dir, PORT: "0", SEED: "off", TRUSTED_PROXIES: "1" });
  server = await startServer(config, { client: false });
});
afterAll(async () => {
  await server.close();
  rmSync(dir, { recursive: true });
});

/** The command, with a database that nobody answers at: it needs none. */
function run(line: string): Promise<{ code: number | null; output: string; errors: string }> {
  const env = { PATH: process.env.PATH, DATA_DIR: dir, DATABASE_URL: "postgres://127.0.0.1:1/none", LOG_LEVEL: "warn" };
  const child = spawn(process.execPath, ["server/cli/moderate.ts", ...line.split(" ")], { env });
  let [output, errors] = ["", ""];
  child.stdout.on("data", (data) => (output += data));
  child.stderr.on("data", (data) => (errors += data));
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, output, errors })));
}

it("shows what flags have hidden on a running server, brings it back there, and undoes that", {
  tags: "slow",
}, async () => {
  const { id } = (await (await postReport(server.url, { lat: 30.267, lon: -97.743 })).json()) as { id: string };
  for (const address of ["192.0.2.1", "198.51.100.1", "203.0.113.1"]) {
    await fetch(`${server.url}/api/reports/${id}/flag`, { method: "POST", headers: { "X-Forwarded-For": address } });
  }
  const status = async () => (await fetch(`${server.url}/api/reports/${id}`)).status;
  expect(await status()).toBe(404);
  const listed = await run("list --city austin");
  expect([listed.code, listed.errors]).toEqual([0, ""]);
  expect(listed.output).toContain(id);
  expect(listed.output).toContain("held (flags: 3 none) in austin");
  expect(await run(`restore ${id}`)).toMatchObject({ code: 0, output: expect.stringContaining("restored") });
  await expect.poll(status, { timeout: 10_000 }).toBe(200);
  expect((await run("list")).errors).toBe("There is no report that is held.\n");
  expect((await run(`undo ${id}`)).output).toContain("held");
  await expect.poll(status, { timeout: 10_000 }).toBe(404);
  expect((await run("log")).output.match(/operator: (?:restore|undo)/g)).toEqual([
    "operator: undo",
    "operator: restore",
  ]);
  expect((await run(`show ${id}`)).output).toContain("operator: restore, held to restored (undone)");
  expect(await run(`undo ${id}`)).toMatchObject({ code: 1, errors: expect.stringContaining("to take back") });
});
