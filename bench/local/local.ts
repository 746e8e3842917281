import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLog } from "../../server/console/log.ts";
import { readConfig } from "../../server/runtime/config.ts";
import { openStores } from "../../server/runtime/stores/stores.ts";
import { printChecks, writeResults } from "../../test/kit/output.ts";
import { writeCityFile } from "./local-city.ts";
import { type Part, type Plan, readPlan, resultName } from "./local-plan.ts";
import { type PostGis, startPostGis } from "./local-postgis.ts";
import {
  type Contestants,
  enduranceStage,
  type Findings,
  importStage,
  loadStage,
  postsStage,
  tilesStage,
} from "./local-stages.ts";

/** Behind the import, which fills what they are measured on. */
const STAGES: Readonly<Record<Exclude<Part, "import">, typeof tilesStage>> = {
  tiles: tilesStage,
  load: loadStage,
  posts: postsStage,
  endurance: enduranceStage,
};

/**
 * One machine with a city of a million reports: the embedded store beside the emulator and beside PostGIS, which is left out where
 * it is not installed. `--small` sees whether it runs; `--count N`, `--seconds N` of endurance, `--only tiles,posts`.
 */
export async function run(args: readonly string[]): Promise<void> {
  const plan = readPlan(args);
  const dir = mkdtempSync(join(tmpdir(), "stratum-local-"));
  const stores = openStores(readConfig({ DATA_DIR: join(dir, "dynalite") }), { role: "server", log: silentLog });
  const postgis = await postGisOrNone();
  try {
    const [city, small, { endpoint }] = await Promise.all([
      writeCityFile(join(dir, "city.csv"), plan.count),
      writeCityFile(join(dir, "small-city.csv"), plan.emulatorCount),
      stores.dynamo(),
    ]);
    const emulator = { DATA_DIR: join(dir, "emulator"), DYNAMODB_ENDPOINT: endpoint };
    await measure(plan, {
      here: { name: "embedded", city, settings: { DATA_DIR: join(dir, "embedded") } },
      emulator: { name: "emulator", city: small, settings: emulator },
      postgis,
    });
  } finally {
    await postgis?.close();
    await stores.close();
    rmSync(dir, { recursive: true });
  }
}

async function measure(plan: Plan, contestants: Contestants): Promise<void> {
  const found: Findings[] = [await importStage(contestants, plan)];
  write(plan, found);
  for (const [part, stage] of Object.entries(STAGES)) {
    if (!plan.parts.some((wanted) => wanted === part)) continue;
    found.push(await stage(contestants, plan));
    // It takes most of an hour: what is known is kept whatever comes.
    write(plan, found);
  }
  printChecks("targets of issue 14, on two quiet cores", checksOf(found));
}

function write(plan: Plan, found: readonly Findings[]): void {
  const figures = Object.assign({}, ...found.map((stage) => stage.figures));
  const charts = Object.assign({}, ...found.map((stage) => stage.charts ?? {}));
  writeResults(resultName(plan), { plan, checks: checksOf(found), ...figures }, charts);
}

const checksOf = (found: readonly Findings[]) => found.flatMap((stage) => stage.checks ?? []);

async function postGisOrNone(): Promise<PostGis | undefined> {
  try {
    return await startPostGis();
  } catch (error) {
    console.log(`PostGIS is left out: ${error instanceof Error ? error.message : error}`);
    return undefined;
  }
}
