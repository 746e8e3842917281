import { parseArgs } from "node:util";
import { describeFailure, formatLine } from "./report.ts";
import { runScenario } from "./run.ts";
import { scenarioOf } from "./scenario.ts";
import { shrink } from "./shrink.ts";

const HELP = `npm run simulate -- [options]: the whole service in one process, with faults, by seeds.
  --seeds N    how many seeds (100)
  --from N     the first of them (1)
  --seed N     only this one
  --shrink N   of so many failures the shortest run is looked for (1)
  --verbose    tells every seed; with --seed everything that happens`;

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "100" },
    from: { type: "string", default: "1" },
    seed: { type: "string" },
    shrink: { type: "string", default: "1" },
    verbose: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

if (values.help) console.log(HELP);
else await simulate();

async function simulate(): Promise<void> {
  const from = Number(values.seed ?? values.from);
  const until = from + (values.seed === undefined ? Number(values.seeds) : 1);
  if (!Number.isInteger(from) || !Number.isInteger(until)) throw new RangeError(`not a seed: ${from}, ${until}`);
  const keepTrace = values.verbose && values.seed !== undefined;
  const begunMs = performance.now();
  const failed: number[] = [];
  const sum = { thanked: 0, faults: 0, virtualMs: 0 };
  for (let seed = from; seed < until; seed++) {
    const scenario = scenarioOf(seed);
    const result = await runScenario(scenario, { keepTrace });
    sum.thanked += result.figures.thanked;
    sum.faults += result.faults.length;
    sum.virtualMs += result.figures.virtualMs;
    for (const line of result.lines) console.log(formatLine(line));
    if (values.verbose || values.seed !== undefined) {
      console.log(
        `seed ${seed}: trace ${result.hash}, ${result.violations.length} violations, ${JSON.stringify(result.figures)}`,
      );
    }
    if (result.violations.length === 0) continue;
    failed.push(seed);
    if (failed.length > Number(values.shrink)) {
      const [{ invariant, detail } = { invariant: "", detail: "" }] = result.violations;
      console.log(`seed ${seed} fails: "${invariant}": ${detail.slice(0, 160)}`);
    } else console.log(`${describeFailure(scenario, result, await shrink(scenario, result))}\n`);
  }
  const seconds = (performance.now() - begunMs) / 1000;
  console.log(
    `${until - from} seeds, ${failed.length} failed${failed.length > 0 ? ` (${failed.join(", ")})` : ""}; ` +
      `${sum.thanked} reports thanked for, ${sum.faults} faults, ${(sum.virtualMs / 3.6e6).toFixed(1)} hours in ${seconds.toFixed(1)} s`,
  );
  if (failed.length > 0) process.exitCode = 1;
}
