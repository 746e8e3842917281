import { exitOnError } from "../server/console/operator-error.ts";
import { outPath } from "../test/kit/output.ts";

/** What can be measured. Each is a file that exports `run(args)`. */
const BENCHES: Readonly<Record<string, string>> = {
  model: "read and write units, requests and round trips per cold tile and per report, beside the naive design",
  areas: "what areas cost: units, requests and CPU of their cold tiles beside a report layer's, and of a report",
  tiles: "CPU per cold tile by stage, bytes, encoder and clustering against vt-pbf and supercluster, memory",
  quality: "clusters beside one global supercluster",
  reach: "how far from a new report tiles change",
  serve: "requests a second and latency of the running server, beside others; caches; freshness",
  local:
    "a million reports on one machine: import, cold and warm tiles, reports, endurance, beside PostGIS and the emulator",
  import: "dry imports: rows a second and memory of five million rows, of one long line, of hostile files",
  dynamo: "CPU of a request to DynamoDB over our client, beside AWS's SDK",
  scores: "the scorer, the relational questions with their plans, tiles while PostgreSQL is away",
  limits: "what limits cost those who are not meant, and what attacks cost everybody else",
  client: "the map: bytes, time to first clusters, long tasks while panning, ten minutes open under reports",
};

/** Clusters are measured beside the tiles that they are in. */
const FOLDERS: Readonly<Record<string, string>> = { quality: "tiles", reach: "tiles" };

const fileOf = (name: string): string => new URL(`./${FOLDERS[name] ?? name}/${name}.ts`, import.meta.url).href;

const [name, ...args] = process.argv.slice(2);
if (name === undefined || !Object.hasOwn(BENCHES, name)) {
  if (name !== undefined) console.error(`no bench named ${name}`);
  console.log("npm run bench -- NAME, where NAME is one of");
  for (const [each, what] of Object.entries(BENCHES)) console.log(`  ${each.padEnd(10)}${what}`);
  process.exitCode = name === undefined ? 0 : 1;
} else {
  const bench = (await import(fileOf(name))) as { run(args: readonly string[]): Promise<void> };
  await bench.run(args).catch(exitOnError);
  console.log(`\nfigures and charts: ${outPath("")}`);
}
