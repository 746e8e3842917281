import { exitOnError, OperatorError, orExit } from "../../server/console/operator-error.ts";
import { parseOnlyOptions } from "../../server/console/parse-options.ts";
import { describeFailure, formatLine } from "./report.ts";
import { type RunResult, runScenario } from "./run.ts";
import { scenarioOf } from "./scenario.ts";
import { shrink } from "./shrink.ts";
import { openSqlDatabase, type SqlDatabase } from "./sql-service.ts";

const HELP = `npm run simulate -- [options]: the whole service in one process and in virtual time, with faults, by seeds.
  --seeds N    how many seeds (100)
  --from N     the first of them (1)
  --seed N     only this one
  --sql N      every so many seeds PostgreSQL is real, and scored and counted in (20; 0: never; 1: always)
  --shrink N   of so many failures the shortest run is looked for (1)
  --verbose    tells of every seed; with --seed everything that happens`;

const OPTIONS = {
  seeds: { type: "string", default: "100" },
  from: { type: "string", default: "1" },
  seed: { type: "string" },
  sql: { type: "string", default: "20" },
  shrink: { type: "string", default: "1" },
  verbose: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

const values = orExit(() => parseOnlyOptions(process.argv.slice(2), OPTIONS));

const numberOf = (name: "seeds" | "from" | "seed" | "sql" | "shrink"): number => {
  const value = Number(values[name]);
  if (!Number.isInteger(value) || value < 0) throw new OperatorError(`--${name} takes a number, not ${values[name]}`);
  return value;
};

if (values.help) console.log(HELP);
else await simulate().catch(exitOnError);

async function simulate(): Promise<void> {
  const isOne = values.seed !== undefined;
  const from = numberOf(isOne ? "seed" : "from");
  const until = from + (isOne ? 1 : numberOf("seeds"));
  const begunMs = performance.now();
  const failed: number[] = [];
  const sums = { thanked: 0, faults: 0, virtualMs: 0 };
  const postgres = createLazyDatabase();
  for (let seed = from; seed < until; seed++) {
    const scenario = scenarioOf(seed);
    const database = await postgres.of(seed);
    const result = await runScenario(scenario, { keepTrace: isOne && values.verbose, database });
    sums.thanked += result.figures.thanked;
    sums.faults += result.faults.length;
    sums.virtualMs += result.figures.virtualMs;
    for (const line of result.lines) console.log(formatLine(line));
    if (isOne || values.verbose) console.log(describeRun(seed, result));
    if (result.violations.length === 0) continue;
    failed.push(seed);
    if (failed.length > numberOf("shrink")) console.log(describeRun(seed, result));
    else console.log(`${describeFailure(scenario, result, await shrink(scenario, result, { database }))}\n`);
  }
  await postgres.close();
  const seconds = (performance.now() - begunMs) / 1000;
  console.log(
    `${until - from} seeds, ${failed.length} failed${failed.length > 0 ? ` (${failed.join(", ")})` : ""}; ` +
      `${sums.thanked} reports thanked for, ${sums.faults} faults, ` +
      `${(sums.virtualMs / 3.6e6).toFixed(1)} hours in ${seconds.toFixed(1)} s`,
  );
  if (failed.length > 0) process.exitCode = 1;
}

function describeRun(seed: number, { hash, violations, figures }: RunResult): string {
  const [first] = violations;
  const fault = first === undefined ? "" : `, fails: "${first.invariant}": ${first.detail.slice(0, 160)}`;
  return `seed ${seed}: trace ${hash}, ${figures.thanked} thanked for, ${figures.stored} shown${fault}`;
}

/** Opened when the first seed wants it. */
function createLazyDatabase() {
  const every = numberOf("sql");
  let opened: SqlDatabase | undefined;
  return {
    async of(seed: number): Promise<SqlDatabase | undefined> {
      if (every === 0 || seed % every !== 0) return undefined;
      opened ??= await openSqlDatabase();
      return opened;
    },
    close: async () => opened?.close(),
  };
}
