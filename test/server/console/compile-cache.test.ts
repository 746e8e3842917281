import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const at = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

/** Where a process keeps what it imports, after this call of `keepCompiled`. */
function keptBy(call: string): string {
  const script = `
    import { getCompileCacheDir } from "node:module";
    const { keepCompiled } = await import(${JSON.stringify(at("server/console/compile-cache.ts"))});
    ${call};
    console.log(getCompileCacheDir());`;
  const options = { env: { PATH: process.env.PATH ?? "" }, encoding: "utf8", timeout: 60_000 } as const;
  return execFileSync(process.execPath, ["--input-type=module", "-e", script], options).trim();
}

test("what a process imports from then on is kept beside the built client", () => {
  expect(keptBy("keepCompiled()").startsWith(at("dist/compiled"))).toBe(true);
});

test("nothing is kept where nothing can be, and that is all", () => {
  expect(keptBy(`keepCompiled(${JSON.stringify(`${at("package.json")}/compiled`)})`)).toBe("undefined");
});

test("the server's entry point imports nothing of weight before that", () => {
  const imports = readFileSync(at("server/node.ts"), "utf8").match(/^import .*$/gm);
  expect(imports).toEqual(['import { keepCompiled } from "./console/compile-cache.ts";']);
});
