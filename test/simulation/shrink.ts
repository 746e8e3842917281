import type { Action, ImportAction, ReportAction } from "./actions.ts";
import type { Fault } from "./faults.ts";
import { type RunResult, runScenario } from "./run.ts";
import { NEVER_MS, type Scenario } from "./scenario.ts";
import type { RunOptions } from "./world.ts";

/** A run that fails, told as shortly as it could be found. */
export interface ShrunkFailure {
  readonly scenario: Scenario;
  readonly script: ReadonlyMap<string, Fault>;
  /** Of that run, with its trace. */
  readonly result: RunResult;
  readonly runs: number;
}

interface Case {
  readonly scenario: Scenario;
  readonly script: ReadonlyMap<string, Fault>;
}

/** Runs until the search is given up: what was found by then is short enough. */
const MAX_RUNS = 400;
const LEAST_QUIET_MS = 60_000;
const LARGE_CACHE_BYTES = 2 ** 26;

/**
 * Takes away from a failing run whatever it fails without: faults, actions, processes, and then what is left of each. It
 * stays the same failure as long as the same invariant is violated.
 */
export async function shrink(scenario: Scenario, first: RunResult, options: RunOptions = {}): Promise<ShrunkFailure> {
  const invariant = worstOf(first);
  let best: Case = { scenario, script: new Map(first.faults.map(({ label, fault }) => [label, fault])) };
  let runs = 0;

  async function accept(candidate: Case): Promise<boolean> {
    if (runs >= MAX_RUNS) return false;
    runs++;
    const result = await runScenario(candidate.scenario, { ...options, script: candidate.script });
    if (!result.violations.some((violation) => violation.invariant === invariant)) return false;
    best = candidate;
    return true;
  }
  const tryScenario = (change: Partial<Scenario>) => accept({ ...best, scenario: { ...best.scenario, ...change } });

  async function dropFaults(): Promise<void> {
    await thinOut([...best.script], (script) => accept({ ...best, script: new Map(script) }));
  }
  async function dropActions(): Promise<void> {
    await thinOut(best.scenario.actions, (actions) => tryScenario({ actions }));
  }

  /** Each is made of the best so far: what one changes, the next must not change back. */
  async function simplifyWorld(): Promise<void> {
    for (let i = 0; ; ) {
      const change = [...simplifications(best.scenario)][i];
      if (change === undefined) return;
      if (!(await tryScenario(change))) i++;
    }
  }

  await dropFaults();
  await dropActions();
  for (let before = Infinity; sizeOf(best) < before && runs < MAX_RUNS; ) {
    before = sizeOf(best);
    await simplifyWorld();
    for (const action of best.scenario.actions) {
      for (const simpler of simplerThan(action)) {
        if (await tryScenario({ actions: best.scenario.actions.map((each) => (each === action ? simpler : each)) }))
          break;
      }
    }
    await dropActions();
    await dropFaults();
  }
  const result = await runScenario(best.scenario, { ...options, script: best.script, keepTrace: true });
  return { ...best, result, runs };
}

/** The one that says most: what is wrong for good, for everybody. */
function worstOf({ violations }: RunResult): string | undefined {
  const violated = new Set(violations.map(({ invariant }) => invariant));
  return WORST.find((invariant) => violated.has(invariant)) ?? violations[0]?.invariant;
}

const WORST = [
  "what was thanked for is stored",
  "a new process shows what was thanked for",
  "a new process shows nothing else",
  "a process shows nothing else",
  "a process shows what was thanked for",
  "a new process shows what is stored",
  "a process shows what is stored",
  "lists tell what is stored",
];

/** Leaves out runs of a list as long as what is left is accepted: halves first, at last one by one. */
async function thinOut<T>(list: readonly T[], accept: (left: T[]) => Promise<boolean>): Promise<void> {
  let left = [...list];
  for (let size = left.length; size >= 1; size = Math.min(size >> 1, left.length)) {
    for (let from = 0; from < left.length; ) {
      const without = [...left.slice(0, from), ...left.slice(from + size)];
      if (await accept(without)) left = without;
      else from += size;
    }
  }
}

function sizeOf({ scenario, script }: Case): number {
  const switches = [...simplifications(scenario)].length;
  return script.size + switches + scenario.actions.reduce((sum, action) => sum + 1 + simplerThan(action).length, 0);
}

/** Simpler worlds, each in one respect. */
function* simplifications(scenario: Scenario): Generator<Partial<Scenario>> {
  const { nodes, hasWorker, clocks, lagMs, actions, scorers } = scenario;
  const [first = ""] = nodes;
  const moved = (host: string) => actions.map((action) => moveFrom(action, host, first));
  if (hasWorker) yield { hasWorker: false, actions: moved("W") };
  for (const node of nodes.slice(1).reverse()) {
    yield {
      nodes: nodes.filter((each) => each !== node),
      actions: moved(node),
      scorers: scorers.filter((s) => s !== node),
    };
  }
  const lastMs = Math.max(0, ...actions.map(({ atMs }) => atMs)) + 1_000;
  if (scenario.durationMs > lastMs) yield { durationMs: lastMs };
  if (scenario.quietMs > LEAST_QUIET_MS) yield { quietMs: LEAST_QUIET_MS };
  if (scenario.cacheBytes < LARGE_CACHE_BYTES) yield { cacheBytes: LARGE_CACHE_BYTES };
  if (clocks.length > 0) yield { clocks: [] };
  if (lagMs > 0) yield { lagMs: 0 };
  if (scenario.pageItems < 1000) yield { pageItems: 1000 };
  if (scenario.hotRowsPerSecond < 200) yield { hotRowsPerSecond: 200 };
  if (scenario.deletesExpired) yield { deletesExpired: false };
  if (scenario.sleep !== undefined) yield { sleep: undefined };
  if (scenario.compactEveryMs < NEVER_MS) yield { compactEveryMs: NEVER_MS };
  if (scenario.cronEveryMs < NEVER_MS) yield { cronEveryMs: NEVER_MS };
  if (scenario.cronCalls < 5_000) yield { cronCalls: 5_000 };
  if (scorers.length > 0) yield { scorers: [] };
}

function moveFrom(action: Action, host: string, to: string): Action {
  if (action.kind === "report") return { ...action, hosts: action.hosts.map((each) => (each === host ? to : each)) };
  return "host" in action && action.host === host ? { ...action, host: to } : action;
}

function simplerThan(action: Action): Action[] {
  if (action.kind === "report") return simplerReports(action);
  return action.kind === "import" ? simplerImports(action) : [];
}

function simplerReports(action: ReportAction): ReportAction[] {
  const { key, ...keyless } = action;
  return [
    ...(action.hosts.length > 1 ? [{ ...action, hosts: action.hosts.slice(0, 1) }] : []),
    ...(action.hosts.length > 2 ? [{ ...action, hosts: action.hosts.slice(0, 2) }] : []),
    ...(action.isTwice ? [{ ...action, isTwice: false }] : []),
    ...(key === undefined ? [] : [{ ...keyless, attempts: 1, isTwice: false }]),
    ...(action.attempts > 1 ? [{ ...action, attempts: 1 }] : []),
  ];
}

function simplerImports(action: ImportAction): ImportAction[] {
  const { rows } = action;
  if (rows.length <= 1) return [];
  const half = rows.length >> 1;
  return [rows.slice(0, half), rows.slice(half), rows.slice(0, -1)].map((left) => ({ ...action, rows: left }));
}
