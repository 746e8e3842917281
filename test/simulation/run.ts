import type { Log } from "../../server/console/log.ts";
import { createDynamoDerivedStore } from "../../server/store/derived-dynamo.ts";
import { createDynamoStore } from "../../server/store/dynamo.ts";
import { type App, type AppOptions, createNodeApp, createWorkerApp } from "./app.ts";
import { createClients, IMPORTER } from "./clients.ts";
import { createDynamoService } from "./dynamo-service.ts";
import { createFaults, type Fault, type InjectedFault, WORKER } from "./faults.ts";
import { createMachine, type Life, type Machine } from "./host.ts";
import { checkLists, checkTiles, placesOfReports } from "./invariants.ts";
import { createLedger, type Violation } from "./ledger.ts";
import { createLink } from "./link.ts";
import type { Scenario } from "./scenario.ts";
import { createTable } from "./table.ts";
import { createTask, runInTask } from "./task.ts";
import { createTrace, type TraceLine } from "./trace.ts";
import { readTruth } from "./truth.ts";
import { createVirtualTime } from "./virtual-time.ts";

export interface RunOptions {
  /** Exactly these faults, by the labels of attempts, in place of those by lot. */
  readonly script?: ReadonlyMap<string, Fault>;
  readonly keepTrace?: boolean;
}

export interface RunResult {
  readonly violations: readonly Violation[];
  readonly hash: string;
  readonly faults: readonly InjectedFault[];
  readonly lines: readonly TraceLine[];
  readonly figures: RunFigures;
}

export interface RunFigures {
  readonly virtualMs: number;
  readonly thanked: number;
  readonly stored: number;
}

/** So long after the last fault and the last action everything must be right, with no command run by hand. */
const QUIET_MS = 60_000;
/** Clients that try again are thanked within this time once nothing fails. */
const PATIENCE_MS = 60_000;
const CHECK_WITHIN_MS = 3_600_000;

/** Where what a new process sees is looked at. */
const COLD = "cold";

/** Runs a scenario from its start to the check of what it must leave behind. */
export async function runScenario(scenario: Scenario, options: RunOptions = {}): Promise<RunResult> {
  const { seed, startMs, durationMs } = scenario;
  const time = createVirtualTime(seed, startMs);
  try {
    return await runIn(time, scenario, options);
  } finally {
    time.restore();
  }

  async function runIn(time: ReturnType<typeof createVirtualTime>, scenario: Scenario, options: RunOptions) {
    const trace = createTrace({ sinceStart: () => time.now() - startMs, keep: options.keepTrace ?? false });
    const faults = createFaults(seed, scenario.faults, options.script);
    const table = createTable(time.now);
    const { lagMs, pageItems } = scenario;
    const dynamo = createDynamoService({ seed, time, table, faults, trace, lagMs, pageItems });
    const link = createLink({ seed, time, faults, trace });
    const ledger = createLedger();

    function openApp(life: Omit<Life, "app">, log: Log): App {
      const { hotRowsPerSecond, compactEveryMs } = scenario;
      const clock = { now: life.now };
      const reach = { client: dynamo.clientFor(life), table: "stratum", clock, hotRowsPerSecond };
      const parts: AppOptions = {
        store: createDynamoStore(reach),
        derived: createDynamoDerivedStore(reach),
        clock,
        log,
      };
      if (life.name === WORKER) return createWorkerApp(parts);
      const app = createNodeApp({ ...parts, compactEveryMs });
      return [IMPORTER, COLD].includes(life.name) ? { ...app, background: {} } : app;
    }

    const offsetOf = (host: string) => (): number => {
      const sinceStart = time.now() - startMs;
      const step = scenario.clocks.findLast((each) => each.host === host && each.atMs <= sinceStart);
      return step?.offsetMs ?? 0;
    };
    const machineNamed = (name: string): Machine =>
      createMachine({
        name,
        seed,
        time,
        trace,
        offsetMs: offsetOf(name),
        openApp,
        onSurprise: (who, error) => ledger.violate("nothing throws what nobody expects", `${who}: ${error}`),
      });
    const served = [...scenario.nodes, ...(scenario.hasWorker ? [WORKER] : [])];
    const machines = new Map([...served, IMPORTER, COLD].map((name) => [name, machineNamed(name)]));
    const isQuiet = () => time.now() >= startMs + durationMs;
    const clock = { now: () => Math.floor(time.now()) };
    const clients = createClients({ startMs, clock, machines, link, ledger, trace, isQuiet });

    /** Work that is waited for; what it throws is a fault of the simulation. */
    function begin(name: string, work: () => Promise<void>): { isDone: boolean; error?: unknown; name: string } {
      const state: { isDone: boolean; error?: unknown; name: string } = { isDone: false, name };
      runInTask(createTask(seed, name, undefined), () => {
        work().then(
          () => {
            state.isDone = true;
          },
          (error: unknown) => {
            state.isDone = true;
            state.error = error;
          },
        );
      });
      return state;
    }

    /** Fires as a cron trigger does, whether or not the last run is over. */
    function scheduleCron(n: number): void {
      time.at(startMs + scenario.cronEveryMs * n, () => {
        scheduleCron(n + 1);
        const life = machines.get(WORKER)?.life();
        if (life === undefined) return undefined;
        const task = createTask(seed, `${WORKER}/cron${n}`, life);
        runInTask(task, () => {
          life.app
            .compactor()
            .run()
            .catch((error: unknown) => trace.note(task.name, `cron failed: ${(error as Error).message}`));
        });
        return undefined;
      });
    }

    for (const name of [...served, IMPORTER]) machines.get(name)?.start();
    if (scenario.hasWorker) scheduleCron(1);
    const begun: ReturnType<typeof begin>[] = [];
    for (const action of scenario.actions) {
      time.at(startMs + action.atMs, () => {
        trace.note(action.name, describe(action));
        begun.push(begin(action.name, () => clients.act(action)));
        return undefined;
      });
    }
    await time.runUntil(startMs + durationMs);
    const isAllDone = () => begun.every(({ isDone }) => isDone);
    await time.runUntil(startMs + durationMs + PATIENCE_MS, isAllDone);
    for (const { name, isDone, error } of begun) {
      if (error !== undefined) throw error;
      if (!isDone) ledger.violate("clients are answered in the end", name);
    }
    await time.runUntil(time.now() + QUIET_MS);
    trace.note("check", "quiet");

    let [stored, virtualMs] = [0, 0];
    const check = begin("check", async () => {
      virtualMs = Math.round(time.now() - startMs);
      machines.get(COLD)?.start();
      const cold = machines.get(COLD)?.life();
      if (cold === undefined) throw new Error("no process to look with");
      const truth = await readTruth(table, cold.app, ledger, time.now());
      stored = truth.live.size;
      const checkOptions = {
        truth,
        layers: scenario.layers,
        places: placesOfReports(truth, ledger),
        nowMs: time.now(),
        ledger,
      };
      for (const name of [...served, COLD]) {
        const life = machines.get(name)?.life();
        if (life === undefined) throw new Error(`${name} is down when all is quiet`);
        const checked = { name, app: life.app, isNew: name === COLD };
        const inLife = <T>(work: () => Promise<T>): Promise<T> =>
          runInTask(createTask(seed, `check/${name}`, life), work);
        await inLife(() => checkTiles(checked, checkOptions));
        await inLife(() => checkLists(checked, checkOptions));
      }
    });
    await time.runUntil(time.now() + CHECK_WITHIN_MS, () => check.isDone);
    if (check.error !== undefined) ledger.violate("checks are answered", String((check.error as Error).stack));
    else if (!check.isDone) ledger.violate("checks are answered", "not within an hour");
    for (const { invariant, detail } of ledger.violations) trace.note("VIOLATED", `${invariant}: ${detail}`);
    return {
      violations: ledger.violations,
      hash: trace.hash(),
      faults: faults.injected,
      lines: trace.lines,
      figures: { virtualMs, stored, thanked: [...ledger.posts.values()].filter(({ report }) => report).length },
    };
  }
}

function describe(action: Scenario["actions"][number]): string {
  const { name: _, atMs: __, ...rest } = action;
  return JSON.stringify(rest, (key, value) => (key === "rows" ? `${value.length} rows` : value));
}
