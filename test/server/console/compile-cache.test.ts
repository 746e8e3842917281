import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const at = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

test("what a process imports from then on is kept beside the built client", () => {
  const script = `
    import { getCompileCacheDir } from "node:module";
    const { keepCompiled } = await import(${JSON.stringify(at("server/console/compile-cache.ts"))});
    keepCompiled();
    console.log(getCompileCacheDir());`;
  const env = { PATH: process.env.PATH ?? "" };
  const dir = execFileSync(process.execPath, ["--input-type=module", "-e", script], { env, encoding: "utf8" });
  expect(dir.startsWith(at("dist/compiled"))).toBe(true);
});

test("the server's entry point imports nothing of weight before that", () => {
  const imports = readFileSync(at("server/node.ts"), "utf8").match(/^import .*$/gm);
  expect(imports).toEqual(['import { keepCompiled } from "./console/compile-cache.ts";']);
});
