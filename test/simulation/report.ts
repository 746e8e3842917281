import type { RunResult } from "./run.ts";
import type { Scenario } from "./scenario.ts";
import type { ShrunkFailure } from "./shrink.ts";
import type { TraceLine } from "./trace.ts";

/** Lines of a trace that are shown of a failure. */
const MOST_LINES = 120;
const MOST_VIOLATIONS = 6;
const LINE_LENGTH = 220;

/** Tells of a failure what was violated, and the shortest run that still shows it. */
export function describeFailure(scenario: Scenario, first: RunResult, shrunk: ShrunkFailure): string {
  const { result, runs } = shrunk;
  const names = new Set(shrunk.scenario.actions.map(({ name }) => name));
  const lines = result.lines.filter((line) => isTelling(line, names));
  return [
    `seed ${scenario.seed} fails, trace ${first.hash}:`,
    ...violationsOf(first),
    `cut down in ${runs} runs from ${scenario.actions.length} actions and ${first.faults.length} faults ` +
      `to ${shrunk.scenario.actions.length} and ${result.faults.length}:`,
    `  ${describeWorld(shrunk.scenario)}`,
    ...lines.slice(0, MOST_LINES).map(formatLine),
    ...(lines.length > MOST_LINES ? [`  ... and ${lines.length - MOST_LINES} lines more`] : []),
    `replay it with: npm run simulate -- --seed ${scenario.seed}`,
  ].join("\n");
}

function violationsOf({ violations }: RunResult): string[] {
  const more = violations.length - MOST_VIOLATIONS;
  return [
    ...violations.slice(0, MOST_VIOLATIONS).map(({ invariant, detail }) => cut(`  "${invariant}": ${detail}`)),
    ...(more > 0 ? [`  ... and ${more} more`] : []),
  ];
}

function describeWorld({ nodes, hasWorker, clocks, lagMs, pageItems, compactEveryMs, cronEveryMs }: Scenario): string {
  const seconds = (ms: number): string => (ms > 1e6 ? "never" : `every ${(ms / 1000).toFixed(1)} s`);
  return [
    `processes ${nodes.join()}${hasWorker ? " and Worker W" : ""}`,
    `compaction ${seconds(compactEveryMs)}${hasWorker ? `, W's ${seconds(cronEveryMs)}` : ""}`,
    lagMs > 0 ? `reads lag up to ${lagMs} ms` : "reads do not lag",
    clocks.length > 0 ? clocks.map(({ host, offsetMs }) => `${host} ${offsetMs} ms ahead`).join(", ") : "clocks agree",
    pageItems < 1000 ? `pages of ${pageItems}` : "whole pages",
  ].join("; ");
}

/** What clients do, all requests for that, and of all else what went wrong. */
const isTelling = ({ who, isPlain }: TraceLine, actions: ReadonlySet<string>): boolean =>
  !isPlain || actions.has(who.split(/[/~]/)[0] ?? "");

export function formatLine({ atMs, who, what }: TraceLine): string {
  return cut(`${atMs.toFixed(1).padStart(10)}  ${who.padEnd(22)} ${what}`);
}

const cut = (line: string): string => (line.length > LINE_LENGTH ? `${line.slice(0, LINE_LENGTH - 1)}…` : line);
