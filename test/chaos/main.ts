import { OperatorError, orExit } from "../../server/console/operator-error.ts";
import { parseOnlyOptions } from "../../server/console/parse-options.ts";
import { printTable } from "../kit/output.ts";
import { STORE_KINDS, type StoreKind } from "./chaos-store.ts";
import { type ChaosOutcome, runChaos } from "./run-chaos.ts";
import type { Wrong } from "./shown.ts";

/**
 * `npm run chaos -- --seed N`: whether what was acknowledged is on every map, after faults of the store and SIGKILLs. Ends
 * with code 1 when it is not, and says what is missing.
 */
const OPTIONS = {
  seed: { type: "string", default: "1" },
  reports: { type: "string", default: "20000" },
  processes: { type: "string", default: "3" },
  /** Seconds between two kills; 0 for none. */
  kills: { type: "string", default: "5" },
  faults: { type: "string", default: "0.1" },
  clients: { type: "string", default: "48" },
  /** Milliseconds that a client rests between two reports. */
  rest: { type: "string", default: "0" },
  store: { type: "string", default: "dynalite" },
  /** Seconds of load at most. */
  limit: { type: "string", default: "900" },
} as const;

const values = orExit(() => parseOnlyOptions(process.argv.slice(2), OPTIONS));

/** Starting, comparing and ending take no longer than this beside the load: what hangs ends, too. */
const REST_MS = 400_000;
const NAMED_IDS = 20;

const settings = orExit(() => ({
  seed: numberOf("seed"),
  reports: numberOf("reports"),
  processes: numberOf("processes"),
  killEverySeconds: numberOf("kills"),
  faults: numberOf("faults"),
  clients: numberOf("clients"),
  restMs: numberOf("rest"),
  store: readStore(),
  limitSeconds: numberOf("limit"),
}));

setTimeout(
  () => {
    console.error("chaos: hangs, given up");
    process.exit(1);
  },
  1000 * settings.limitSeconds + REST_MS,
).unref();
// Servers end with this process, see end-with-parent.ts.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => process.exit(130));

const outcome = await runChaos({ ...settings, say: (line) => console.log(line) });
printOutcome(outcome);
process.exitCode = outcome.isRight ? 0 : 1;

function readStore(): StoreKind {
  const store = STORE_KINDS.find((kind) => kind === values.store);
  if (store === undefined) throw new OperatorError(`--store ${values.store} is not one of ${STORE_KINDS.join(", ")}.`);
  return store;
}

function numberOf(name: Exclude<keyof typeof values, "store">): number {
  const value = Number(values[name]);
  if (!(value >= 0)) throw new OperatorError(`--${name} takes a number, not ${values[name]}`);
  return value;
}

function printOutcome(outcome: ChaosOutcome): void {
  const { heard, requests } = outcome;
  printTable(
    `load: ${outcome.loadSeconds.toFixed(0)} s, ${outcome.kills} kills, ${outcome.deaths.length} ended by themselves; ` +
      `${heard.unavailable} POSTs answered 5xx, ${heard.unanswered} not answered`,
    ["requests to the store", ...Object.keys(requests)],
    [["", ...Object.values(requests)]],
  );
  printTable(
    "seconds after the faults ended until a process showed all, for good",
    ["process", ...(outcome.processes[0]?.rightAfterSeconds.keys() ?? [])],
    outcome.processes.map((verdict) => [
      String(verdict.process),
      ...[...verdict.rightAfterSeconds.values()].map((seconds) => seconds?.toFixed(0)),
    ]),
  );
  for (const { process, wrong, rightAfterSeconds } of outcome.processes) {
    const views = [...rightAfterSeconds.keys()].filter((view) => wrong.has(view));
    const alike = Map.groupBy(views, (view) => describeWrong(wrong.get(view) ?? ""));
    for (const [what, those] of alike) console.log(`process ${process}: ${what}: ${those.join(" ")}`);
  }
  for (const [i, cells] of outcome.shortCells.entries()) printIds(`process ${i + 1} counts`, cells);
  printIds("lost", outcome.lost);
  printIds("doubled", outcome.doubled);
  printIds("refused", outcome.refusals);
  printIds("ended by itself", outcome.deaths);
  if (outcome.unacknowledged > 0) console.log(`never acknowledged: ${outcome.unacknowledged}`);
  console.log(
    `\nchaos: seed ${settings.seed}, acknowledged ${outcome.acknowledged}, stored ${outcome.stored}, lost ${outcome.lost.length}, ` +
      `doubled ${outcome.doubled.length + shownTwice(outcome)}, missing ${outcome.missing}, ${slowest(outcome)}`,
  );
}

function describeWrong(what: Wrong | string): string {
  if (typeof what === "string") return what;
  const more = what.ids.length > NAMED_IDS ? ` and ${what.ids.length - NAMED_IDS} more` : "";
  const known = what.ids.length === 0 ? "" : `, among them ${what.ids.slice(0, NAMED_IDS).join(" ")}${more}`;
  return `${what.missing} missing, ${what.doubled} too many${known}`;
}

function printIds(what: string, ids: readonly string[]): void {
  if (ids.length === 0) return;
  const more = ids.length > NAMED_IDS ? [`and ${ids.length - NAMED_IDS} more`] : [];
  console.log(`${what}: ${[...ids.slice(0, NAMED_IDS), ...more].join("\n  ")}`);
}

function shownTwice({ processes }: ChaosOutcome): number {
  const wrong = processes.flatMap((verdict) => [...verdict.wrong.values()]);
  return Math.max(0, ...wrong.map((each) => (typeof each === "string" ? 0 : each.doubled)));
}

function slowest({ processes }: ChaosOutcome): string {
  const seconds = processes.flatMap((verdict) => [...verdict.rightAfterSeconds.values()]);
  if (seconds.includes(undefined)) return "not all zooms right";
  const isLate = !processes.every(({ isInTime }) => isInTime);
  return `slowest zoom right${isLate ? " too late," : ""} after ${Math.max(...seconds.map((each) => each ?? 0)).toFixed(0)} s`;
}
