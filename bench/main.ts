import { existsSync } from "node:fs";
import { outPath } from "./output.ts";

/** What can be measured. Each is a file beside this one that exports `run(args)`; those not written yet are not listed. */
const BENCHES: Readonly<Record<string, string>> = {
  model: "read and write units, requests and round trips per cold tile and per report, beside the naive design",
  tiles: "CPU per cold tile by stage, bytes, encoder and clustering against vt-pbf and supercluster, memory",
  quality: "clusters beside one global supercluster",
  reach: "how far from a new report tiles change",
  serve: "requests a second and latency of the running server, beside others; caches; freshness",
  scores: "the scorer, the relational questions with their plans, tiles while PostgreSQL is away",
  client: "the map: bytes, time to first clusters, long tasks while panning, ten minutes open under reports",
};

const fileOf = (name: string): URL => new URL(`./${name}.ts`, import.meta.url);

const [name, ...args] = process.argv.slice(2);
if (name === undefined || !Object.hasOwn(BENCHES, name) || !existsSync(fileOf(name))) {
  if (name !== undefined) console.error(`no bench named ${name}`);
  console.log("npm run bench -- NAME, where NAME is one of");
  for (const [each, what] of Object.entries(BENCHES)) {
    if (existsSync(fileOf(each))) console.log(`  ${each.padEnd(10)}${what}`);
  }
  process.exitCode = name === undefined ? 0 : 1;
} else {
  const bench = (await import(fileOf(name).href)) as { run(args: readonly string[]): Promise<void> };
  await bench.run(args);
  console.log(`\nfigures and charts: ${outPath("")}`);
}
