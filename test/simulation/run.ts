import { randomOf } from "../kit/random.ts";
import type { Action } from "./actions.ts";
import { placesOfReports } from "./expected.ts";
import type { InjectedFault } from "./faults.ts";
import type { Life } from "./host.ts";
import type { Violation } from "./ledger.ts";
import { checkCards, checkLists } from "./list-checks.ts";
import { NEVER_MS, type Scenario } from "./scenario.ts";
import { checkCounts, checkScores } from "./sql-checks.ts";
import { createTask, runInTask } from "./task.ts";
import { checkTileSums, checkTiles } from "./tile-checks.ts";
import type { TraceLine } from "./trace.ts";
import { readTruth, type Truth } from "./truth.ts";
import { COLD, createWorld, type RunOptions, type Work, type World } from "./world.ts";

export interface RunResult {
  readonly violations: readonly Violation[];
  readonly hash: string;
  /** All that happened. */
  readonly faults: readonly InjectedFault[];
  readonly lines: readonly TraceLine[];
  readonly figures: RunFigures;
}

export interface RunFigures {
  readonly virtualMs: number;
  /** Reports whose clients were thanked. */
  readonly thanked: number;
  /** Reports that are shown in the end. */
  readonly stored: number;
}

/** Clients that try again are thanked within this time once nothing fails. */
const PATIENCE_MS = 60_000;
const CHECK_WITHIN_MS = 3_600_000;
/** Everybody is told of what anybody found within this time. */
const TOLD_MS = 10_000;
/** Of so many runs one has its tiles encoded and decoded, too. */
const TILES_EVERY = 4;

/** Runs a scenario from its start to the check of what it must leave behind. */
export async function runScenario(scenario: Scenario, options: RunOptions = {}): Promise<RunResult> {
  await options.database?.reset();
  const world = createWorld(scenario, options);
  try {
    await play(world, scenario);
    const stored = await check(world, scenario, options);
    const { trace, faults, ledger, time } = world;
    for (const { invariant, detail } of ledger.violations) trace.note("VIOLATED", `${invariant}: ${detail}`);
    const thanked = [...ledger.posts.values()].filter(({ report }) => report !== undefined).length;
    return {
      violations: ledger.violations,
      hash: trace.hash(),
      faults: faults.injected,
      lines: trace.lines,
      figures: { virtualMs: Math.round(time.now() - scenario.startMs), stored, thanked },
    };
  } finally {
    world.close();
  }
}

/** Lets clients act and everything fail, then waits until all is quiet. */
async function play(world: World, { actions, quietMs: restMs }: Scenario): Promise<void> {
  const { time, machines, trace, ledger, clients, quietMs } = world;
  for (const [name, machine] of machines) if (name !== COLD) machine.start();
  const begun: Work[] = [];
  for (const action of actions) {
    time.at(world.timeOf(action.atMs), () => {
      trace.note(action.name, describe(action));
      begun.push(world.begin(action.name, () => clients.act(action)));
      return undefined;
    });
  }
  await time.runUntil(quietMs);
  // Who stands still does not serve.
  await time.runUntil(Math.max(...[...machines.values()].map((machine) => machine.life()?.stalledUntilMs ?? 0)));
  await time.runUntil(time.now() + PATIENCE_MS, () => begun.every(({ isDone }) => isDone));
  for (const { name, isDone, error } of begun) {
    if (error !== undefined) throw error;
    if (!isDone) ledger.violate("clients are answered in the end", name);
  }
  await time.runUntil(time.now() + restMs);
  trace.note("check", "quiet");
}

/** Looks whether everything is right now; returns how many reports are shown. */
async function check(world: World, scenario: Scenario, { database }: RunOptions): Promise<number> {
  const { time, table, machines, ledger, served } = world;
  const { seed, layers } = scenario;
  const lifeOf = (name: string): Life => {
    const life = machines.get(name)?.life();
    if (life === undefined) throw new Error(`${name} is down when all is quiet`);
    return life;
  };
  await wake(world, seed, lifeOf);
  let truth: Truth | undefined;
  const checking = world.begin("check", async () => {
    machines.get(COLD)?.start();
    truth = await readTruth(table, lifeOf(COLD).app, ledger, time.now());
    world.clients.checkTold(served.map((name) => lifeOf(name).app));
    const options = { seed, truth, layers, places: placesOfReports(truth, ledger), nowMs: time.now(), ledger };
    for (const name of [...served, COLD]) {
      const checked = { name, app: lifeOf(name).app, isNew: name === COLD };
      await runInTask(createTask(seed, `check/${name}`, lifeOf(name)), async () => {
        await checkTiles(checked, options);
        await checkLists(checked, options);
        await checkCards(checked, options);
        if (randomOf(`${seed}/tiles`).below(TILES_EVERY) === 0) await checkTileSums(checked, options);
      });
    }
  });
  await time.runUntil(time.now() + CHECK_WITHIN_MS, () => checking.isDone);
  if (checking.error !== undefined) ledger.violate("checks are answered", String((checking.error as Error).stack));
  else if (!checking.isDone) ledger.violate("checks are answered", "not within an hour");
  // Scoring follows the compaction of the processes.
  const isCounted = scenario.scorers.length > 0 && scenario.compactEveryMs < NEVER_MS;
  if (truth !== undefined && database !== undefined && isCounted) {
    await checkCounts(database, truth, ledger, time.now());
    await checkScores(database, truth, ledger, time.now());
  }
  return truth?.live.size ?? 0;
}

/** The Worker takes in what is told only when it is asked; then the others have their time, too. */
async function wake({ time, served, begin }: World, seed: number, lifeOf: (name: string) => Life): Promise<void> {
  const waking = begin("wake", async () => {
    for (const name of served) {
      const life = lifeOf(name);
      await runInTask(createTask(seed, `wake/${name}`, life), () =>
        life.app.clusterCells("safety", { z: 0, x: 0, y: 0 }, "90d"),
      );
    }
  });
  await time.runUntil(time.now() + CHECK_WITHIN_MS, () => waking.isDone);
  await time.runUntil(time.now() + TOLD_MS);
}

function describe(action: Action): string {
  const { name: _, atMs: __, ...rest } = action;
  return JSON.stringify(rest, (key, value) => (key === "rows" ? `${value.length} rows` : value));
}
