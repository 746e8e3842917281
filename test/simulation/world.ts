import type { Log } from "../../server/console/log.ts";
import type { ReportStore } from "../../server/ports/report-store.ts";
import { createDynamoDerivedStore } from "../../server/store/dynamo/derived-dynamo.ts";
import { createDynamoStore } from "../../server/store/dynamo/dynamo.ts";
import { randomOf } from "../kit/random.ts";
import { type App, type AppOptions, createNodeApp, createWorkerApp } from "./app.ts";
import { type Clients, createClients } from "./clients.ts";
import { damage } from "./damage.ts";
import { createDynamoService } from "./dynamo-service.ts";
import { createFaults, type Fault, type Faults, WORKER } from "./faults.ts";
import { createMachine, type Life, type Machine } from "./host.ts";
import { createLedger, type Ledger } from "./ledger.ts";
import { createLink } from "./link.ts";
import { IMPORTER, type Scenario } from "./scenario.ts";
import { type SqlDatabase, sqlOf } from "./sql-service.ts";
import { idNamed, isStored } from "./stored-ids.ts";
import { createTable, type Table } from "./table.ts";
import { createTask, currentTask, runInTask } from "./task.ts";
import { createTrace, type Trace } from "./trace.ts";
import { createVirtualTime, type VirtualTime } from "./virtual-time.ts";

export interface RunOptions {
  /** Exactly these faults, by the labels of attempts, in place of those by lot. */
  readonly script?: ReadonlyMap<string, Fault>;
  readonly keepTrace?: boolean;
  /** With it processes score and count. */
  readonly database?: SqlDatabase | undefined;
  /** Puts another store in the place of each process', for whoever wants to know that what is wrong with it is found. */
  readonly spoil?: (store: ReportStore) => ReportStore;
}

/** Everything that a scenario is played in. Only one at a time: it owns the thread's timers and clocks until it is closed. */
export interface World {
  readonly time: VirtualTime;
  readonly table: Table;
  readonly faults: Faults;
  readonly trace: Trace;
  readonly ledger: Ledger;
  readonly clients: Clients;
  readonly machines: ReadonlyMap<string, Machine>;
  /** Names of the processes that serve. */
  readonly served: readonly string[];
  /** True time of so many milliseconds after the start, not counting the time in which everybody sleeps. */
  timeOf(sinceStartMs: number): number;
  /** When nothing fails any more. */
  readonly quietMs: number;
  /** Begins work that is waited for. */
  begin(name: string, work: () => Promise<void>): Work;
  close(): void;
}

export interface Work {
  readonly name: string;
  isDone: boolean;
  /** What it threw. */
  error?: unknown;
}

/** Where what a new process sees is looked at. */
export const COLD = "cold";

const TABLE = "stratum";
/** Most queries are answered by one page of so many. */
const WHOLE_PAGES = 1000;
const SWEEP_EVERY_MS = 5_000;

export function createWorld(scenario: Scenario, options: RunOptions): World {
  const { seed, startMs, durationMs, sleep, lagMs, pageItems } = scenario;
  const timeOf = (ms: number): number => startMs + ms + (sleep !== undefined && ms >= sleep.atMs ? sleep.ms : 0);
  const quietMs = timeOf(durationMs);
  const time = createVirtualTime(seed, startMs);
  const trace = createTrace({ sinceStart: () => time.now() - startMs, keep: options.keepTrace ?? false });
  const faults = createFaults(seed, { ...scenario.faults, untilMs: quietMs }, options.script);
  const table = createTable(time.now);
  const dynamo = createDynamoService({ seed, time, table, faults, trace, lagMs, pageItems });
  const ledger = createLedger();
  const served = [...scenario.nodes, ...(scenario.hasWorker ? [WORKER] : [])];

  function openApp(life: Omit<Life, "app">, log: Log): App {
    const { hotRowsPerSecond, compactEveryMs, scorers, cacheBytes } = scenario;
    const clock = { now: life.now };
    const reach = { client: dynamo.clientFor(life), table: TABLE, clock, hotRowsPerSecond };
    const { database, spoil = (store) => store } = options;
    const [store, derived] = [spoil(createDynamoStore(reach)), createDynamoDerivedStore(reach)];
    const caches = { cellBytes: cacheBytes, aggregateBytes: cacheBytes, indexBytes: cacheBytes };
    const parts: AppOptions = { store, derived, clock, log, ...caches };
    if (life.name === WORKER) return createWorkerApp(parts);
    const scores = database !== undefined && scorers.includes(life.name);
    const sql = scores ? sqlOf(life, { seed, time, faults, trace, database }) : undefined;
    const app = createNodeApp({ ...parts, compactEveryMs, sql });
    return served.includes(life.name) ? app : { ...app, background: {} };
  }

  function offsetOf(host: string): number {
    const sinceStart = time.now() - startMs;
    return scenario.clocks.findLast((step) => step.host === host && step.atMs <= sinceStart)?.offsetMs ?? 0;
  }
  const machineNamed = (name: string): Machine =>
    createMachine({
      name,
      seed,
      time,
      trace,
      offsetMs: () => offsetOf(name),
      openApp,
      onSurprise: (who, error) => ledger.violate("nothing throws what nobody expects", `${who}: ${error}`),
    });
  const machines = new Map([...served, IMPORTER, COLD].map((name) => [name, machineNamed(name)]));

  const clients = createClients({
    startMs,
    clock: { now: () => Math.floor(time.now()) },
    machines,
    isFaultless: isFaultless(scenario),
    link: createLink({ seed, time, faults, trace }),
    ledger,
    trace,
    isQuiet: () => time.now() >= quietMs,
    isStored: (id) => isStored(table, id),
    idNamed: (text) => idNamed(table, text),
    damage: () => damage(table, currentTask().random),
  });

  function begin(name: string, work: () => Promise<void>): Work {
    const state: Work = { isDone: false, name };
    runInTask(createTask(seed, name, undefined), () => {
      work()
        .catch((error: unknown) => {
          state.error = error;
        })
        .finally(() => {
          state.isDone = true;
        });
    });
    return state;
  }

  /** DynamoDB deletes what has expired, some time later and in no order. */
  function deleteExpired(round: number): void {
    const random = randomOf(`${seed}/sweep${round}`);
    const nowSeconds = time.now() / 1000;
    for (const item of table.all()) {
      if (typeof item.expires_at === "number" && item.expires_at < nowSeconds && random.chance(0.3)) table.remove(item);
    }
  }
  if (scenario.deletesExpired) repeat("sweep", SWEEP_EVERY_MS, deleteExpired);

  /** Fires as a cron trigger does, whether or not the last run is over. */
  function compactInWorker(round: number): void {
    const life = machines.get(WORKER)?.life();
    if (life === undefined) return;
    const task = createTask(seed, `${WORKER}/cron${round}`, life);
    const note = (error: unknown) => trace.note(task.name, `cron failed: ${(error as Error).message}`);
    const limits = { maxCalls: scenario.cronCalls };
    runInTask(task, () => void life.app.compactor().run(limits).catch(note));
  }
  if (scenario.hasWorker) repeat("cron", scenario.cronEveryMs, compactInWorker);

  function repeat(name: string, everyMs: number, run: (round: number) => void): void {
    const task = createTask(seed, name, undefined);
    const schedule = (round: number): void =>
      time.resume(task, time.now() + everyMs, () => {
        run(round);
        schedule(round + 1);
      });
    schedule(1);
  }

  if (sleep !== undefined) time.sleep(startMs + sleep.atMs, sleep.ms);
  return { time, table, faults, trace, ledger, clients, machines, served, timeOf, quietMs, begin, close: time.restore };
}

/** Whether nothing goes wrong in a scenario, clocks agree and no read lags: then what was written is seen soon everywhere. */
const isFaultless = ({ faults, clocks, lagMs, pageItems, actions, sleep }: Scenario): boolean =>
  clocks.length === 0 &&
  Object.keys(faults.rates).length === 0 &&
  faults.bursts.length === 0 &&
  lagMs === 0 &&
  pageItems >= WHOLE_PAGES &&
  sleep === undefined &&
  !actions.some(({ kind }) => kind === "crash" || kind === "stop");
