import { dirname } from "node:path/posix";
import type { Import } from "./imports.ts";

/** Who may import what. A rule forbids imports of `to` by `from`, but for those by `except`; all match the beginnings of paths. */
export interface Rule {
  readonly why: string;
  readonly from: RegExp;
  readonly except?: RegExp;
  readonly to: RegExp;
}

const DOMAIN =
  /^server\/(?:reports|pyramid|clusters|scores|areas|trends|accounts|billing|moderation|live|serving|ports)\//;
const OURS = /^(?:server|tiles|client|bench|test)\//;

export const RULES: readonly Rule[] = [
  { why: "tiles/ is the pure core: it imports nothing", from: /^tiles\//, to: /^(?!tiles\/)/ },
  { why: "the domain knows neither Hono nor Node", from: DOMAIN, to: /^(?:hono\b|@hono\/|node:)/ },
  {
    why: "the domain knows no adapter and no runtime",
    from: DOMAIN,
    to: /^server\/(?:store|postgres|stripe|basemap|seed|http|runtime|cli|import)\//,
  },
  { why: "ports are nouns: they know only tiles/", from: /^server\/ports\//, to: /^server\/(?!ports\/)/ },
  { why: "only http/ knows Hono", from: /^server\/(?!http\/)/, to: /^(?:hono\b|@hono\/(?!node-server))/ },
  {
    why: "only Node's runtime listens, and serves files",
    from: /^server\/(?!runtime\/node\/|http\/routes\/client-files\.ts)/,
    to: /^@hono\/node-server/,
  },
  {
    why: "only runtimes and commands choose adapters",
    from: /^server\/(?!runtime\/|cli\/|store\/|postgres\/|stripe\/)/,
    to: /^server\/(?:store\/(?:dynamo|memory|sqlite)|postgres|stripe|runtime)\//,
    except: /^server\/(?:node|worker)\.ts$/,
  },
  { why: "only Stripe's adapter knows Stripe", from: /^server\/(?!stripe\/)/, to: /^stripe\b/ },
  {
    why: "the client shares tiles/ with the server and nothing else",
    from: /^client\//,
    to: /^(?:server|bench|test)\//,
  },
  { why: "the product does not know its tests", from: /^(?:server|tiles|client)\//, to: /^(?:bench|test)\// },
  { why: "what tests and benches share is the kit", from: /^bench\//, to: /^test\/(?!kit\/)/ },
  { why: "what tests and benches share is the kit", from: /^test\//, to: /^bench\// },
];

export function brokenRules(imports: readonly Import[], rules: readonly Rule[] = RULES): string[] {
  return imports.flatMap(({ from, to }) =>
    rules
      .filter((rule) => rule.from.test(from) && rule.to.test(to) && !rule.except?.test(from))
      .map(({ why }) => `${from} imports ${to}: ${why}`),
  );
}

/** Links between folders that import each other, around however many corners, the thinnest first: there a knot is untied. */
export function folderCycles(imports: readonly Import[]): string[] {
  const links = imports.filter(({ from, to }) => OURS.test(to) && dirname(from) !== dirname(to));
  const next = Map.groupBy(links, ({ from }) => dirname(from));
  const reached = new Map([...next.keys()].map((folder) => [folder, reachableFrom(folder, next)]));
  const tied = links.filter(({ from, to }) => reached.get(dirname(to))?.has(dirname(from)));
  const byLink = Map.groupBy(tied, ({ from, to }) => `${dirname(from)} -> ${dirname(to)}`);
  return [...byLink]
    .sort(([, a], [, b]) => a.length - b.length)
    .map(
      ([link, [first, ...others]]) =>
        `${link} is part of a cycle: ${first?.from} imports ${first?.to}, ${others.length} more`,
    );
}

function reachableFrom(folder: string, next: ReadonlyMap<string, readonly Import[]>): Set<string> {
  const reached = new Set<string>();
  const waiting = [folder];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    for (const { to } of next.get(at) ?? []) {
      if (reached.has(dirname(to))) continue;
      reached.add(dirname(to));
      waiting.push(dirname(to));
    }
  }
  return reached;
}
