import { existsSync, globSync, readFileSync } from "node:fs";
import { basename, dirname, join, normalize } from "node:path/posix";
import { describe, expect, it } from "vitest";
import packageFile from "../package.json" with { type: "json" };
import lockFile from "../package-lock.json" with { type: "json" };
import { VARIABLES } from "../server/runtime/config.ts";

const root = new URL("../", import.meta.url);
const textOf = (path: string): string => readFileSync(new URL(path, root), "utf8");
const filesOf = (...patterns: string[]): string[] =>
  globSync(patterns, { cwd: root, exclude: ["**/node_modules/**", "**/dist/**"] });

const DOCUMENTS = filesOf("*.md", "docs/**/*.md", ".github/**/*.md").sort();
const operations = textOf("docs/operations.md");

describe("the README", () => {
  it("is a hundred lines at most, and leaves the table of variables to the documents", () => {
    const lines = textOf("README.md").trimEnd().split("\n");
    expect(lines.length).toBeLessThanOrEqual(100);
    expect(lines.filter((line) => /^\| `(\w+)`/.test(line) && namedVariable(line) in VARIABLES)).toEqual([]);
  });

  it("leads to every document", () => {
    const linked = linksOf("README.md").map(({ path }) => path);
    const documents = filesOf("*.md", "docs/*.md").filter((path) => path !== "README.md");
    expect(documents.filter((path) => !linked.includes(path))).toEqual([]);
  });
});

describe("the documents", () => {
  it("list every variable of the environment with its default and meaning, and no other", () => {
    const table = operations.split("\n## Environment\n")[1]?.split("\n## ")[0] ?? "";
    const rows = [...table.matchAll(/^\| `(\w+)` \| (?:`(.*?)`)? ?\| (.*) \|$/gm)].map(([, name, value, meaning]) => [
      name,
      value,
      meaning,
    ]);
    expect(rows).toEqual(
      Object.entries(VARIABLES).map(([name, v]) => [name, "default" in v ? v.default : undefined, v.meaning]),
    );
  });

  it("name every binding of the Worker, whose variables are those of Node", () => {
    const settings = textOf("wrangler.toml");
    const bindings = [
      ...settings.matchAll(/^binding = "(\w+)"|^\[\[durable_objects\.bindings\]\]\nname = "(\w+)"/gm),
    ].map(([, binding, object]) => binding ?? object ?? "");
    expect(bindings).toHaveLength(4);
    expect(bindings.filter((name) => !operations.includes(`\`${name}\``))).toEqual([]);
    const variables = settings.split("\n[vars]\n")[1]?.split("\n[")[0] ?? "";
    const names = [...variables.matchAll(/^#? ?([A-Z_]+) = /gm)].map(([, name = ""]) => name);
    expect(names).not.toEqual([]);
    expect(names.filter((name) => !Object.hasOwn(VARIABLES, name))).toEqual([]);
  });

  it("set and name only variables that something reads", () => {
    const code = filesOf("{server,tiles,client,bench,test}/**/*.ts", ".ci/*", "wrangler.toml").map(textOf).join("\n");
    const words = new Set(code.match(/\b[A-Z][A-Z0-9_]+\b/g));
    const read = new Set([...code.matchAll(/\benv\.([A-Z][A-Z0-9_]+)/g)].map(([, name]) => name));
    for (const document of DOCUMENTS) {
      const text = textOf(document);
      const set = [...text.matchAll(/(?:^|[ `"])([A-Z][A-Z0-9_]{2,})=/gm)].map(([, name = ""]) => name);
      const isSet = (name: string): boolean => name === "API" || read.has(name) || Object.hasOwn(VARIABLES, name);
      expect(
        set.filter((name) => !isSet(name)),
        document,
      ).toEqual([]);
      const named = [...text.matchAll(/`([A-Z][A-Z0-9]*_[A-Z0-9_]+)`/g)].map(([, name = ""]) => name);
      expect(
        named.filter((name) => !words.has(name)),
        document,
      ).toEqual([]);
    }
  });

  it("name only functions and members that the code has", () => {
    const code = filesOf("{server,tiles,client,bench,test}/**/*.{ts,html}", "wrangler.toml").map(textOf).join("\n");
    const words = new Set(code.match(/\b[a-z]+[A-Z]\w*/g));
    const named = DOCUMENTS.flatMap((document) =>
      [...textOf(document).matchAll(/`([a-z]+[A-Z]\w*)(?:\(.*?\))?`/g)].map(([, name = ""]) => ({ document, name })),
    );
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter(({ name }) => !words.has(name))).toEqual([]);
  });

  it("name only commands that there are, and every command somewhere", () => {
    const named = new Set<string>();
    for (const document of DOCUMENTS) {
      for (const [, run, short] of textOf(document).matchAll(/npm (?:run (?:--?\w+ )*([\w:-]+)|(start|test)\b)/g)) {
        const script = run ?? short ?? "";
        expect(packageFile.scripts, document).toHaveProperty([script]);
        named.add(script);
      }
    }
    expect(Object.keys(packageFile.scripts).filter((script) => !named.has(script))).toEqual([]);
  });

  it("link to what there is", () => {
    const links = DOCUMENTS.flatMap(linksOf);
    expect(links.length).toBeGreaterThan(100);
    const broken = links.filter(
      ({ path, anchor }) => path.startsWith("..") || !existsSync(new URL(path, root)) || !hasAnchor(path, anchor),
    );
    expect(broken).toEqual([]);
  });

  it("name files and folders that there are", () => {
    const named = DOCUMENTS.flatMap((document) =>
      [...textOf(document).matchAll(/`((?:server|tiles|client|bench|test|migrations|docs|\.ci)\/[\w./{},*-]*)`/g)].map(
        ([, path = ""]) => ({ document, path }),
      ),
    );
    expect(named.length).toBeGreaterThan(20);
    const made = ["bench/out/", "bench/data/houston-incidents-2010.csv.gz"];
    expect(named.filter(({ path }) => !made.includes(path) && !expandBraces(path).every(exists))).toEqual([]);

    const names = new Set(filesOf("{server,tiles,client,bench,test}/**/*.{ts,css}").map((path) => basename(path)));
    const files = DOCUMENTS.flatMap((document) =>
      [...textOf(document).matchAll(/`([\w-]+\.(?:ts|css))`/g)].map(([, name = ""]) => ({ document, name })),
    );
    expect(files.filter(({ name }) => !names.has(name))).toEqual([]);
  });

  it("are there where the code refers to them", () => {
    const code = filesOf("{server,tiles,client,bench,test}/**/*.ts", "migrations/*.sql", "*.{ts,toml}", ".ci/*");
    const named = code.flatMap((file) =>
      [...textOf(file).matchAll(/\bdocs\/[\w/-]+\.md\b/g)].map(([path]) => ({ file, path })),
    );
    expect(named.length).toBeGreaterThan(3);
    expect(named.filter(({ path }) => !exists(path))).toEqual([]);
  });

  it("list every decision, in order", () => {
    const decisions = filesOf("docs/decisions/*.md").sort();
    const listed = linksOf("docs/architecture.md").filter(({ text }) => /^\d+$/.test(text));
    const index = listed.slice(-decisions.length).map(({ path }) => path);
    expect(index).toEqual(decisions);
  });

  it("tell every metric, and no other", () => {
    const code = filesOf("server/**/*.ts").map(textOf).join("\n");
    const METRIC = /["`]((?:stratum|dynamodb)_[a-z0-9_]+(?:_total|_seconds|_waiting|_cells|_tiles|_subscribers))["`]/g;
    const inCode = new Set([...code.matchAll(METRIC)].map(([, name]) => name));
    const told = new Set([...operations.matchAll(METRIC)].map(([, name]) => name));
    expect([...told].sort()).toEqual([...inCode].sort());
  });

  it("tell what is new in this version, which the lock file has too", () => {
    const { version, license } = packageFile;
    expect(textOf("CHANGELOG.md")).toMatch(new RegExp(`^## \\[${version.replaceAll(".", "\\.")}\\] - \\d{4}-`, "m"));
    expect([lockFile.version, lockFile.packages[""].version]).toEqual([version, version]);
    expect([license, lockFile.packages[""].license]).toEqual(["MIT", "MIT"]);
    expect(textOf("LICENSE")).toMatch(/^MIT License\n/);
  });
});

const namedVariable = (row: string): string => /^\| `(\w+)`/.exec(row)?.[1] ?? "";

interface Link {
  readonly document: string;
  readonly text: string;
  /** Below the project's root. */
  readonly path: string;
  readonly anchor: string;
}

/** Links of a document to files of ours. */
function linksOf(document: string): Link[] {
  const prose = textOf(document).replaceAll(/^```.*?^```/gms, "");
  return [...prose.matchAll(/\[([^\]]*)\]\((?![a-z]+:)([^)#\s]*)(?:#([^)\s]*))?\)/g)].map(
    ([, text = "", target = "", anchor = ""]) => ({
      document,
      text,
      path: target === "" ? document : normalize(join(dirname(document), decodeURI(target))),
      anchor,
    }),
  );
}

function hasAnchor(path: string, anchor: string): boolean {
  if (anchor === "") return true;
  const headings = [...textOf(path).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => heading);
  return headings.some((heading) => slugOf(heading) === anchor);
}

/** As hosts of git repositories make it of a heading. */
const slugOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, "")
    .replaceAll(" ", "-");

function expandBraces(path: string): string[] {
  const braces = /^(.*?)\{([^}]*)\}(.*)$/.exec(path);
  if (braces === null) return [path];
  const [, before = "", choices = "", after = ""] = braces;
  return choices.split(",").flatMap((choice) => expandBraces(before + choice + after));
}

function exists(path: string): boolean {
  return path.includes("*") ? filesOf(path).length > 0 : existsSync(new URL(path, root));
}
