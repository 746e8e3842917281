/** @module-tag slow */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { outPath } from "../kit/output.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** What is asked of the results: nothing that depends on how fast this machine is. */
interface Results {
  readonly imports: { readonly here: { readonly rows: number } };
  readonly firstStart: { readonly refused: number; readonly wrongZooms: readonly number[] };
  readonly cold: { readonly here: readonly { readonly z: number; readonly tiles: number }[] };
  readonly warm: { readonly here: readonly { readonly name: string; readonly written: number }[] };
  readonly posts: { readonly here: readonly { readonly reports: number }[] };
  readonly endurance: { readonly failed: number; readonly samples: readonly unknown[] };
}

describe("npm run bench -- local --small", () => {
  it("imports, serves, takes reports and endures, and writes what it found", async () => {
    const child = spawn("npm", ["run", "bench", "--", "local", "--small"], {
      cwd: ROOT,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
    const [code] = await once(child, "close");
    expect(code, output).toBe(0);
    const found = JSON.parse(readFileSync(outPath("local-1000.json"), "utf8")) as Results;
    expect(found.imports.here.rows).toBe(1000);
    expect(found.firstStart).toMatchObject({ refused: 0, wrongZooms: [] });
    expect(found.cold.here.map(({ z }) => z)).toEqual([0, 12, 17]);
    expect(found.warm.here.map(({ written }) => written)).toEqual([0, 0, 25, 25]);
    expect(found.posts.here.map(({ reports }) => reports)).toEqual([25, 200, 25, 200]);
    expect(found.endurance.failed).toBe(0);
    expect(found.endurance.samples.length).toBeGreaterThan(100);
  });
});
