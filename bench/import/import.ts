import { mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Check, printChecks, printTable, writeResults } from "../../test/kit/output.ts";
import { lineChart } from "../kit/chart.ts";
import { runCity } from "./import-city.ts";
import { HOSTILE, type MadeFile, writeCsv, writeHostile, writeOneLineGeoJson } from "./import-files.ts";
import { type RunFigures, runImport } from "./import-run.ts";

const ROWS = 5_000_000;
const SMALL_ROWS = 200_000;
/** About 300 MB. */
const FEATURES = 1_500_000;
const CITY_ROWS = 100_000;
/** Of hostile files: two, four and eight times as many must take as many times as long. */
const HOSTILE_LINES = 250_000;
const STEPS = [1, 2, 4];
/** Of the time a line at four times the lines, to that at once. */
const MAX_GROWTH = 1.6;
/** Of memory from a quarter of a run to its end. */
const MAX_SWELL = 1.25;

const MAPPING = ["--layer", "=infrastructure", "--dry-run"];

/**
 * Dry runs of `npm run import`: rows a second and memory of a large file, beside another version's (`--against DIR`, a checkout with its
 * packages); memory of one long line; time of files that are made to be read again and again. And a city's file, stored.
 */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { small: { type: "boolean" }, against: { type: "string" }, rounds: { type: "string", default: "1" } },
  });
  const dir = mkdtempSync(join(tmpdir(), "bench-import-"));
  try {
    const checks: Check[] = [];
    const large = await runLarge(dir, values.small ? SMALL_ROWS : ROWS, Number(values.rounds), values.against);
    const line = await runLine(dir, values.small ? SMALL_ROWS : FEATURES, checks);
    const hostile = await runHostile(dir, values.small ? HOSTILE_LINES / 5 : HOSTILE_LINES, checks);
    const city = await runCity(dir, values.small ? CITY_ROWS / 20 : CITY_ROWS, checks);
    printChecks("targets", checks);
    const chart = lineChart({
      title: "Resident memory of an import, MB, by share of its time",
      xLabels: ["25%", "50%", "75%", "100%"],
      series: [
        { name: "CSV", values: large[0]?.quartersMb ?? [] },
        { name: "GeoJSON, one line", values: line.quartersMb },
      ],
    });
    writeResults("import", { checks, large, line, hostile, city }, { "import-memory": chart });
  } finally {
    rmSync(dir, { recursive: true });
  }
}

async function runLarge(dir: string, rows: number, rounds: number, against: string | undefined) {
  const file = await writeCsv(join(dir, "large.csv"), rows, Date.now());
  const commands = { here: undefined, ...(against && { before: join(against, "server/cli/import.ts") }) };
  const found = [];
  for (let round = 0; round < rounds; round++) {
    for (const [name, command] of Object.entries(commands)) {
      const figures = await runImport([file.path, ...MAPPING], join(dir, name), command);
      found.push({ name, round, ...rateOf(file, figures), ...withoutOutput(figures) });
    }
  }
  // What the machine does at least: the file's bytes, and its lines.
  const startMs = performance.now();
  const lines = (await readFile(file.path)).reduce((sum, byte) => sum + Number(byte === 10), 0);
  const linesPerSecond = lines / ((performance.now() - startMs) / 1000);
  printTable(
    `a CSV file of ${rows} rows, ${Math.round(file.bytes / 1e6)} MB, dry; its lines counted: ${Math.round(linesPerSecond)} a second`,
    ["", "rows/s", "CPU s", "peak MB", "MB at 25, 50, 75, 100%"],
    found.map((each) => [each.name, each.rowsPerSecond, each.cpuSeconds, each.peakMb, quarters(each)]),
  );
  rmSync(file.path);
  return found;
}

async function runLine(dir: string, features: number, checks: Check[]) {
  const file = await writeOneLineGeoJson(join(dir, "line.geojson"), features, Date.now());
  const figures = await runImport([file.path, ...MAPPING], join(dir, "line"));
  printTable(
    `GeoJSON of ${features} features in one line, ${Math.round(file.bytes / 1e6)} MB, dry`,
    ["", "features/s", "CPU s", "peak MB", "MB at 25, 50, 75, 100%"],
    [["here", rateOf(file, figures).rowsPerSecond, figures.cpuSeconds, figures.peakMb, quarters(figures)]],
  );
  const [first = Number.NaN] = figures.quartersMb;
  const swell = (figures.quartersMb.at(-1) ?? Number.NaN) / first;
  checks.push({
    what: "memory of one long line, end to first quarter",
    limit: `${MAX_SWELL}`,
    found: swell,
    met: swell <= MAX_SWELL,
  });
  rmSync(file.path);
  return { bytes: file.bytes, ...withoutOutput(figures) };
}

async function runHostile(dir: string, lines: number, checks: Check[]) {
  const found = [];
  for (const [name, kind] of Object.entries(HOSTILE)) {
    const seconds: number[] = [];
    let peakMb = 0;
    for (const times of STEPS) {
      const file = await writeHostile(join(dir, `hostile-${times}.${kind.ending}`), lines * times, kind, Date.now());
      const figures = await runImport([file.path, ...MAPPING], join(dir, "hostile"));
      seconds.push(figures.cpuSeconds);
      peakMb = figures.peakMb;
      rmSync(file.path);
    }
    const [once = Number.NaN, , fourTimes = Number.NaN] = seconds;
    const growth = fourTimes / once / 4;
    found.push({ name, lines, seconds, growth, peakMb });
    checks.push({
      what: `time a line of ${name}, four times to once`,
      limit: `${MAX_GROWTH}`,
      found: growth,
      met: growth <= MAX_GROWTH,
    });
  }
  printTable(
    `CPU seconds of ${lines} hostile lines, twice and four times as many`,
    ["", "once", "twice", "four times", "peak MB"],
    found.map(({ name, seconds, peakMb }) => [name, ...seconds, peakMb]),
  );
  return found;
}

const rateOf = ({ rows }: MadeFile, { seconds }: RunFigures) => ({ rowsPerSecond: rows / seconds });
const quarters = ({ quartersMb }: Pick<RunFigures, "quartersMb">) => quartersMb.map((mb) => Math.round(mb)).join(", ");
const withoutOutput = ({ output, ...figures }: RunFigures) => figures;
