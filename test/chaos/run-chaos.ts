import { setTimeout as sleep } from "node:timers/promises";
import { buildClientWhenStale } from "../../server/client/build.ts";
import { silentLog } from "../../server/console/log.ts";
import { type FaultProxy, startFaultProxy } from "../kit/dynamo/fault-proxy.ts";
import { seededFaults } from "../kit/dynamo/seeded-faults.ts";
import { storedReports } from "../kit/dynamo/stored-reports.ts";
import { seededRandom } from "../kit/random.ts";
import { type ChaosStore, openChaosStore, type StoreKind } from "./chaos-store.ts";
import { type Acknowledgements, startClients } from "./clients.ts";
import { type Fleet, startFleet } from "./fleet.ts";
import { type Plan, planReports } from "./plan.ts";
import { shortCellsOf } from "./short-cells.ts";
import { type AcknowledgedReport, viewsOf } from "./shown.ts";
import { type ProcessVerdict, untilRight } from "./until-right.ts";

export interface ChaosOptions {
  readonly seed: number;
  readonly reports: number;
  readonly processes: number;
  /** A random process is killed about this often, seconds; 0 kills none. */
  readonly killEverySeconds: number;
  /** Of requests to the store, each by itself, that something befalls. */
  readonly faults: number;
  readonly clients: number;
  /** How long a client rests between two reports. */
  readonly restMs: number;
  readonly store: StoreKind;
  /** Faults end then, whether or not all is acknowledged. */
  readonly limitSeconds: number;
  readonly say: (line: string) => void;
}

export interface ChaosOutcome {
  readonly acknowledged: number;
  readonly stored: number;
  /** Acknowledged and not stored. */
  readonly lost: readonly string[];
  /** Stored beside what was acknowledged, shown more than once, or a key with two ids. */
  readonly doubled: readonly string[];
  /** The most reports that any view of any process lacks. */
  readonly missing: number;
  /** Answers that no retry mends, and keys that were never acknowledged. */
  readonly refusals: readonly string[];
  readonly unacknowledged: number;
  readonly processes: readonly ProcessVerdict[];
  /** Of each process that is wrong: the cells that it counts otherwise than they are stored. */
  readonly shortCells: readonly (readonly string[])[];
  readonly kills: number;
  readonly deaths: readonly string[];
  readonly requests: FaultProxy["counts"];
  readonly heard: Acknowledgements;
  readonly loadSeconds: number;
  readonly isRight: boolean;
}

const TABLE = "stratum";
/** Within it every process shows what is stored, with no command run by hand. */
export const RIGHT_WITHIN_MS = 60_000;
const START_WITHIN_MS = 120_000;
/** What is under way when the limit is reached gets so long to be acknowledged without faults. */
const LAST_ATTEMPTS_MS = 20_000;
const SAY_EVERY_MS = 10_000;

/**
 * Real processes on one DynamoDB, which fails as it is told, under clients that retry until they are acknowledged, while
 * processes are killed; then what is stored, and what every process shows of it.
 */
export async function runChaos(options: ChaosOptions): Promise<ChaosOutcome> {
  const { say, processes, store: kind } = options;
  await buildClientWhenStale(silentLog);
  const plan = planReports({ seed: options.seed, count: options.reports });
  const store = await openChaosStore(kind);
  const proxy = await startFaultProxy(store.endpoint);
  const fleet = startFleet(processes, environmentOf(store, proxy));
  try {
    await fleet.whole(START_WITHIN_MS);
    say(`${processes} processes serve; ${plan.reports.length} reports in ${plan.areas.length} places`);
    const { heard, loadSeconds } = await load(options, plan, proxy, fleet);
    return await judge(options, { plan, store, proxy, fleet, heard, loadSeconds });
  } finally {
    await fleet.stop();
    await proxy.close();
    await store.close();
  }
}

/** What a server process needs, and nothing else of ours. */
function environmentOf({ databaseUrl }: ChaosStore, { endpoint }: FaultProxy): Record<string, string> {
  return {
    PATH: process.env.PATH ?? "",
    HOME: process.env.HOME ?? "",
    PORT: "0",
    SEED: "off",
    DATA_DIR: "memory",
    DYNAMODB_ENDPOINT: endpoint,
    DYNAMODB_TABLE: TABLE,
    DATABASE_URL: databaseUrl,
    REPORTS_PER_MINUTE: "1000000",
    READ_UNITS_PER_MINUTE: "100000000",
    LOG_LEVEL: "error",
  };
}

/** Sends everything under faults and kills, until all is acknowledged or the time is over. */
async function load(options: ChaosOptions, plan: Plan, proxy: FaultProxy, fleet: Fleet) {
  const { seed, limitSeconds, say } = options;
  const startMs = performance.now();
  const giveUp = new AbortController();
  if (options.faults > 0) proxy.faults.next(seededFaults({ seed, share: options.faults }));
  const { heard, done } = startClients({
    reports: plan.reports,
    urls: fleet.urls,
    clients: options.clients,
    restMs: options.restMs,
    random: seededRandom(seed + 1),
    signal: giveUp.signal,
  });
  const calm = new AbortController();
  const killing = killNowAndThen(options, fleet, calm.signal);
  const telling = setInterval(() => say(progressOf(plan, heard, fleet, proxy, startMs)), SAY_EVERY_MS);
  try {
    await Promise.race([done, sleep(1000 * limitSeconds, undefined, { ref: false })]);
    proxy.faults.end();
    calm.abort();
    await killing;
    await Promise.race([done, sleep(LAST_ATTEMPTS_MS, undefined, { ref: false })]);
    return { heard, loadSeconds: (performance.now() - startMs) / 1000 };
  } finally {
    clearInterval(telling);
    calm.abort();
    giveUp.abort();
  }
}

async function killNowAndThen(
  { seed, killEverySeconds }: ChaosOptions,
  fleet: Fleet,
  signal: AbortSignal,
): Promise<void> {
  const random = seededRandom(seed + 2);
  while (killEverySeconds > 0) {
    const isOver = await sleep(1000 * killEverySeconds * (0.5 + random()), false, { signal }).catch(() => true);
    if (isOver) return;
    fleet.kill(Math.floor(1000 * random()));
  }
}

function progressOf(plan: Plan, heard: Acknowledgements, fleet: Fleet, proxy: FaultProxy, startMs: number): string {
  const seconds = Math.round((performance.now() - startMs) / 1000);
  const faults = Object.entries(proxy.counts).map(([kind, count]) => `${kind} ${count}`);
  return (
    `${String(seconds).padStart(4)} s: ${heard.ids.size} of ${plan.reports.length} acknowledged, ` +
    `${heard.unavailable} answered 5xx, ${heard.unanswered} not answered; ${fleet.urls().length} serve, ` +
    `${fleet.kills} killed; requests to the store: ${faults.join(", ")}`
  );
}

interface Loaded {
  readonly plan: Plan;
  readonly store: ChaosStore;
  readonly proxy: FaultProxy;
  readonly fleet: Fleet;
  readonly heard: Acknowledgements;
  readonly loadSeconds: number;
}

/** Compares what every process shows, and what is stored, with what was acknowledged. */
async function judge({ say }: ChaosOptions, loaded: Loaded): Promise<ChaosOutcome> {
  const { plan, store, proxy, fleet, heard, loadSeconds } = loaded;
  const sinceMs = performance.now();
  say(
    `faults end after ${loadSeconds.toFixed(0)} s; what every process shows is compared for up to ${RIGHT_WITHIN_MS / 1000} s`,
  );
  const urls = await fleet.whole(START_WITHIN_MS);
  const shown = plan.reports.flatMap((report): AcknowledgedReport[] => {
    const id = heard.ids.get(report.key);
    return id === undefined ? [] : [{ ...report, id }];
  });
  const acknowledged = new Set(shown.map(({ id }) => id));
  const verdicts = await Promise.all(
    urls.map((url, i) => untilRight(i + 1, viewsOf(url, shown, plan.areas), { sinceMs, withinMs: RIGHT_WITHIN_MS })),
  );
  const shortCells = await Promise.all(
    verdicts.map(({ wrong }, i) => (wrong.size === 0 ? [] : shortCellsOf(urls[i] ?? "", shown))),
  );
  // Last: a report may be in its intent alone until whoever reads the feed has stored the row of a process that was killed.
  const stored = await storedReports(store.endpoint, TABLE);
  const there = new Set(stored);
  const wrong = verdicts.flatMap((verdict) => [...verdict.wrong.values()]).filter((each) => typeof each !== "string");
  const outcome = {
    acknowledged: acknowledged.size,
    stored: stored.length,
    lost: [...acknowledged].filter((id) => !there.has(id)),
    doubled: [...stored.filter((id) => !acknowledged.has(id)), ...heard.contradictions],
    missing: Math.max(0, ...wrong.map(({ missing }) => missing)),
    refusals: heard.refusals,
    unacknowledged: plan.reports.length - heard.ids.size,
    processes: verdicts,
    shortCells,
    kills: fleet.kills,
    deaths: [...fleet.deaths],
    requests: proxy.counts,
    heard,
    loadSeconds,
  };
  const isRight =
    verdicts.every(({ isInTime }) => isInTime) &&
    [outcome.lost, outcome.doubled, outcome.refusals, outcome.deaths].every(({ length }) => length === 0) &&
    outcome.unacknowledged === 0;
  return { ...outcome, isRight };
}
