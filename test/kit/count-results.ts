import { readFileSync } from "node:fs";
import { join, relative } from "node:path";

/** A part of what Vitest's JSON reporter writes. */
interface Results {
  readonly testResults: readonly {
    readonly name: string;
    /** What is wrong with the file as a whole. */
    readonly message: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

const RANK = ["skipped", "passed", "failed"] as const;
type Outcome = (typeof RANK)[number];

/**
 * Prints how many tests passed, failed and were skipped, in all runs together: a test of several runs has its worst outcome, and is
 * skipped when none ran it. Below, for whoever sees the end alone, what failed.
 */
const [dir = "", ...runs] = process.argv.slice(2);
const outcomes = new Map<string, Outcome>();
const faults: string[] = [];
const fault = (test: string, why: string) => faults.push(`FAILED: ${test}: ${why.slice(0, 500)}`);
const note = (test: string, outcome: Outcome) => {
  const known = outcomes.get(test) ?? "skipped";
  outcomes.set(test, RANK.indexOf(outcome) > RANK.indexOf(known) ? outcome : known);
};

for (const run of runs) {
  const results = read(run);
  if (results === undefined) {
    note(run, "failed");
    fault(run, "it left no results");
    continue;
  }
  for (const { name, message, assertionResults } of results.testResults) {
    const file = relative(process.cwd(), name);
    if (message !== "") fault(`${file} > the file`, message);
    const seen = new Map<string, number>();
    for (const { fullName, status, failureMessages } of assertionResults) {
      // Tests may share a name.
      const nth = (seen.get(fullName) ?? 0) + 1;
      seen.set(fullName, nth);
      const outcome = status === "passed" || status === "failed" ? status : "skipped";
      note(`${file} > ${fullName} #${nth}`, outcome);
      if (outcome === "failed") fault(`${file} > ${fullName}`, failureMessages.join(" "));
    }
  }
}

const count = (wanted: Outcome) => [...outcomes.values()].filter((outcome) => outcome === wanted).length;
console.log(count("passed"), count("failed"), count("skipped"));
for (const each of faults) console.log(each);

function read(run: string): Results | undefined {
  try {
    return JSON.parse(readFileSync(join(dir, `${run}.json`), "utf8"));
  } catch {
    return undefined;
  }
}
