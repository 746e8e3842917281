import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import packageFile from "../package.json" with { type: "json" };
import { VARIABLES } from "../server/runtime/config.ts";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");

describe("README", () => {
  it("lists every variable of the environment with its default and meaning, and no other", () => {
    const table = readme.split("## Environment")[1]?.split("##")[0] ?? "";
    const rows = [...table.matchAll(/^\| `(\w+)` \| (?:`(.*?)`)? ?\| (.*) \|$/gm)].map(([, name, value, meaning]) => [
      name,
      value,
      meaning,
    ]);
    expect(rows).toEqual(
      Object.entries(VARIABLES).map(([name, v]) => [name, "default" in v ? v.default : undefined, v.meaning]),
    );
  });

  it("names only commands, files and pictures that there are", () => {
    for (const [, script = ""] of readme.matchAll(/npm run ([\w:-]+)/g))
      expect(packageFile.scripts).toHaveProperty([script]);
    for (const [, target = ""] of readme.matchAll(/\]\((?!http)([^)#]+)/g)) {
      expect(existsSync(new URL(`../${target}`, import.meta.url)), target).toBe(true);
    }
  });
});
