import { runScenario } from "./run.ts";
import { scenarioOf } from "./scenario.ts";

const [first = "1", count = "1"] = process.argv.slice(2);
const begun = performance.now();
let failed = 0;
for (let seed = Number(first); seed < Number(first) + Number(count); seed++) {
  const result = await runScenario(scenarioOf(seed), { keepTrace: process.argv.includes("-v") });
  if (process.argv.includes("-v"))
    for (const l of result.lines) console.log(l.atMs.toFixed(1).padStart(9), l.who, l.what.slice(0, 200));
  if (result.violations.length > 0) failed++;
  console.log(
    seed,
    result.hash,
    JSON.stringify(result.figures),
    result.faults.length,
    result.violations
      .slice(0, 3)
      .map((v) => `${v.invariant}: ${v.detail}`)
      .join("\n   "),
  );
}
console.log(failed, "failed", ((performance.now() - begun) / 1000).toFixed(1), "s");
