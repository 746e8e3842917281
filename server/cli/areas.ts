import { type CheckedAreas, checkAreas } from "../area-import/check-areas.ts";
import { type ImportCommand, parseAreasCommand, USAGE } from "../area-import/command-line.ts";
import { type AreaStore, cityOfAreas, importAreas, removeAreas } from "../area-import/import-areas.ts";
import { readFeatures } from "../area-import/read-features.ts";
import { formatChecked } from "../area-import/summary.ts";
import { tallyAreas } from "../area-import/tally-areas.ts";
import { createAreaSets, keyOfSet, liveVersion } from "../areas/area-sets.ts";
import { createAreaShapes } from "../areas/area-shapes.ts";
import { exitOnError, OperatorError } from "../console/operator-error.ts";
import { userPath } from "../console/user-path.ts";
import { removeTallies } from "../pyramid/area-tallies.ts";
import { createCellAggregates } from "../pyramid/cell-aggregates.ts";
import { type CommandStore, openCommandStore, SYSTEM_CLOCK } from "./command-store.ts";

/** `npm run areas`: imports, lists and removes areas. */

async function run(args: readonly string[]): Promise<void> {
  const command = parseAreasCommand(args);
  if (command.command === "help") process.stdout.write(USAGE);
  else if (command.command === "import") await importFile(command);
  else if (command.command === "remove") await withStore((store) => remove(store, command));
  else await withStore(list);
}

async function importFile(command: ImportCommand): Promise<void> {
  const { city: options, kind, skipFaulty, dryRun } = command;
  const checked = checkAreas(await readFeatures(userPath(command.path)), { ...command, city: options.id });
  process.stdout.write(formatChecked(checked));
  refuseFaulty(checked, skipFaulty);
  const city = cityOfAreas(options, checked.areas);
  if (dryRun) return void process.stdout.write("Nothing was stored: --dry-run\n");
  await withStore(async (store) => {
    await importAreas(store, checked.areas, { city, kind });
    process.stdout.write(`The areas of ${city.name} (${kind}) are live\n`);
  });
}

function refuseFaulty({ areas, faults }: CheckedAreas, skipFaulty: boolean): void {
  if (areas.length === 0) throw new OperatorError("There is no area to import.");
  if (faults.length > 0 && !skipFaulty)
    throw new OperatorError("Nothing was imported: mend these, or leave them out with --skip-faulty.");
}

async function list({ sets }: AreaStore): Promise<void> {
  const all = await sets.read({ consistent: true });
  if (all.length === 0) process.stdout.write("There are no areas: npm run areas -- import FILE brings some\n");
  for (const set of all) {
    const live = liveVersion(set);
    const state =
      live === undefined ? "not live" : `${live.areaCount} areas since ${new Date(live.sinceMs).toISOString()}`;
    process.stdout.write(`${keyOfSet(set)}  ${set.city.name}, ${set.city.timezone}: ${state}\n`);
  }
}

async function remove(
  store: AreaStore,
  { city, kind }: { readonly city: string; readonly kind: string },
): Promise<void> {
  if (!(await removeAreas(store, city, kind))) throw new OperatorError(`There are no areas ${city}/${kind}.`);
  process.stdout.write(`The areas ${city}/${kind} are taken away\n`);
}

async function withStore(work: (store: AreaStore) => Promise<void>): Promise<void> {
  const opened = await openCommandStore(process.env);
  try {
    await work(areaStore(opened));
  } finally {
    await opened.close();
  }
}

function areaStore({ derived, log, compactor }: CommandStore): AreaStore {
  const cellAggregates = createCellAggregates({ derived, clock: SYSTEM_CLOCK, log });
  return {
    sets: createAreaSets({ derived, log }),
    shapes: createAreaShapes({ derived }),
    clock: SYSTEM_CLOCK,
    tally: (areas) => tallyAreas(areas, { cellAggregates, compactor, onProgress: tellProgress }),
    forget: (of) => removeTallies(derived, of, of.version.box),
  };
}

function tellProgress(cells: number, of: number): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${cells} of ${of} cells${cells < of ? "" : "\n"}`);
}

await run(process.argv.slice(2)).catch(exitOnError);
