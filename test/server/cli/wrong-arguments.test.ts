import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const { scripts } = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8")) as {
  scripts: Record<string, string>;
};
/** What is ours to answer for, with what a wrong argument of it is: an option or, where words are no options, a name. */
const COMMANDS = Object.entries(scripts).filter(([, line]) => /^node (?!--watch)[^&]*$/.test(line));

function run(line: string, args: readonly string[]): Promise<{ code: unknown; output: string }> {
  const [, ...words] = line.split(" ");
  // Nothing that a wrong argument lets through may write here.
  const env = { PATH: process.env.PATH, DATA_DIR: "memory", SEED: "off", PORT: "1" };
  return new Promise((resolve) =>
    execFile(process.execPath, [...words, ...args], { env, cwd: ROOT, timeout: 60_000 }, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, output: stdout + stderr }),
    ),
  );
}

describe("a command with an option that it does not have", { tags: "slow" }, () => {
  it.each(COMMANDS)("says so, and shows no stack: npm run %s", async (_, line) => {
    const { code, output } = await run(line, ["--no-such-thing"]);
    expect(output).toContain("no-such-thing");
    expect(output).not.toMatch(/^ +at |Error:/m);
    expect(code).toBe(1);
  });

  it.each([
    ["compact", ["--every", "soon"], "--every soon: a number of seconds, at least 1\n"],
    ["compact", ["now"], /^Unexpected argument 'now'/],
    ["import", ["--limit"], /^Option '--limit <value>' argument missing\. The options are: /],
    ["areas", ["import", "x.geojson", "--name", "n", "--city", "A B"], /^--city A B: small letters/],
    ["account", ["add", "nobody"], "nobody is no e-mail address.\n"],
    ["account", ["fly"], /^There is no command fly/],
    ["simulate", ["--seeds", "many"], "--seeds takes a number, not many\n"],
    ["chaos", ["--store", "paper"], /^--store paper is not one of /],
    ["bench", ["client", "--only", "weight"], /^--only takes some of /],
  ])("says what is wrong with a value: npm run %s -- %j", async (name, args, sentence) => {
    const { code, output } = await run(scripts[name] ?? "", args);
    if (typeof sentence === "string") expect(output).toBe(sentence);
    else expect(output).toMatch(sentence);
    expect(output).not.toMatch(/^ +at |Error:/m);
    expect(code).toBe(1);
  });
});
