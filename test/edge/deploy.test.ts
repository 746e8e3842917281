import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { afterAll, expect, test } from "vitest";

const WRANGLER = fileURLToPath(new URL("../../node_modules/wrangler/bin/wrangler.js", import.meta.url));
const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const out = mkdtempSync(join(tmpdir(), "stratum-deploy-"));
afterAll(() => rmSync(out, { recursive: true, force: true }));

/** Of the issue; the platform takes 3 MB of a free account. */
const MAX_GZIP_BYTES = 2 ** 20;

test("wrangler deploy --dry-run passes offline with a bundle of at most 1 MB gzip", async () => {
  const env = {
    PATH: process.env.PATH ?? "",
    HOME: out,
    WRANGLER_SEND_METRICS: "false",
    CLOUDFLARE_API_BASE_URL: "http://127.0.0.1:9",
  };
  const args = [WRANGLER, "deploy", "--dry-run", "--outdir", out];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd: ROOT, env });
  expect(stderr).not.toMatch(/error|warning/i);
  for (const binding of [
    "env.LIVE (LiveShard)",
    "env.COMPACTION (HurriedCompaction)",
    "env.EDGE_CACHE",
    "env.ASSETS",
    "env.HYPERDRIVE",
    "env.DYNAMODB_TABLE",
    "env.AWS_REGION",
  ]) {
    expect(stdout).toContain(binding);
  }
  const bytes = gzipSync(readFileSync(join(out, "worker.js")), { level: 9 }).length;
  console.log(`bundle: ${(bytes / 1024).toFixed(0)} KiB gzip`);
  expect(bytes).toBeLessThanOrEqual(MAX_GZIP_BYTES);
});
