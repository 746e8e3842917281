import { REPORT_LAYERS, type ReportLayer } from "../../tiles/layers.ts";
import { type Random, randomOf } from "../kit/random.ts";
import { type Action, actionsOf, type Drawn } from "./actions.ts";
import { type Burst, FAULT_KINDS, type FaultKind, type FaultPlan, WORKER } from "./faults.ts";
import { placesOf } from "./places.ts";

/** All that a seed stands for: a world, what clients do in it, and what goes wrong. Plain data, so that it can be cut down. */
export interface Scenario {
  readonly seed: number;
  /** Unix milliseconds. */
  readonly startMs: number;
  /** From the start until nothing fails and nobody begins anything any more. */
  readonly durationMs: number;
  /** Between the last that happens and the check. */
  readonly quietMs: number;
  readonly nodes: readonly string[];
  readonly hasWorker: boolean;
  readonly scorers: readonly string[];
  readonly faults: FaultPlan;
  readonly clocks: readonly ClockStep[];
  readonly lagMs: number;
  readonly pageItems: number;
  readonly hotRowsPerSecond: number;
  /** Bound of each of a process' caches. */
  readonly cacheBytes: number;
  readonly compactEveryMs: number;
  readonly cronEveryMs: number;
  /** Calls of the stores after which a run of the Worker's compaction stops by itself. */
  readonly cronCalls: number;
  readonly deletesExpired: boolean;
  /** All processes and clients sleep once, from a time after the start that is not counted while they do. */
  readonly sleep: { readonly atMs: number; readonly ms: number } | undefined;
  readonly layers: readonly ReportLayer[];
  readonly actions: readonly Action[];
}

/** From a time after the start on, a process' clock is so far ahead. */
export interface ClockStep {
  readonly host: string;
  readonly atMs: number;
  readonly offsetMs: number;
}

/** Where imports run. */
export const IMPORTER = "I";

/** A time between compactions that no run reaches. */
export const NEVER_MS = 1e9;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** So long that a Worker's isolate starts anew, that ages change, and that the feed has forgotten. */
const SLEEPS_MS = [12 * MINUTE_MS, 3 * HOUR_MS, 25 * HOUR_MS];

/** Everything must be right a minute after the last fault, and is looked at then, or after compactions, or a long pause. */
const QUIETS_MS = [MINUTE_MS, MINUTE_MS, MINUTE_MS, 2 * MINUTE_MS, 3 * MINUTE_MS, 15 * MINUTE_MS];
/** Caches hold everything, or next to nothing. */
const CACHES_BYTES = [2 ** 26, 2 ** 26, 2 ** 26, 2_000];

/** What a seed stands for. Swarm testing: each switches whole classes of faults and of actions off, or makes much of them. */
export function scenarioOf(seed: number): Scenario {
  const random = randomOf(`${seed}/scenario`);
  const nodes = ["A", "B", "C"].slice(0, 2 + random.below(2));
  const hasWorker = random.chance(0.7);
  const hosts = hasWorker ? [...nodes, WORKER] : nodes;
  const durationMs = Math.round(random.between(8_000, 60_000));
  const layers = REPORT_LAYERS.slice(0, random.chance(0.6) ? 1 : 1 + random.below(REPORT_LAYERS.length));
  const startMs = startOf(random);
  const isCalm = random.chance(0.08);
  const drawn = { random, hosts, durationMs, layers, places: placesOf(random), isCalm };
  const sleep = sleepOf(drawn);
  return {
    seed,
    startMs,
    durationMs,
    nodes,
    hasWorker,
    scorers: nodes.slice(0, 1 + random.below(2)),
    faults: faultsOf(drawn, startMs),
    clocks: clocksOf(drawn),
    lagMs: !isCalm && random.chance(0.7) ? 1000 : 0,
    pageItems: random.chance(0.7) ? 1000 : 2 + random.below(20),
    hotRowsPerSecond: random.chance(0.7) ? 200 : random.between(0.2, 2),
    compactEveryMs: random.chance(0.9) ? random.between(8_000, 20_000) : NEVER_MS,
    cronEveryMs: random.between(3_000, 25_000),
    cronCalls: random.pick([1, 10, 50, 5_000]),
    quietMs: random.pick(QUIETS_MS),
    cacheBytes: random.pick(CACHES_BYTES),
    // What is stored in an intent alone is kept for a day: who sleeps longer in that moment, and loses the writer, may lose it.
    deletesExpired: random.chance(0.5) && (sleep?.ms ?? 0) < DAY_MS,
    sleep,
    layers,
    actions: actionsOf(drawn),
  };
}

function sleepOf({ random, durationMs, isCalm }: Drawn): Scenario["sleep"] {
  if (isCalm || !random.chance(0.1)) return undefined;
  return { atMs: random.between(0, durationMs), ms: random.pick(SLEEPS_MS) };
}

/** Often just before a border: of ten minutes, where coarse ages and feed buckets change, or of a day. */
function startOf(random: Random): number {
  const day = Date.UTC(2026, 5, 1) + random.below(20) * DAY_MS;
  const border = day + (random.chance(0.3) ? 0 : random.below(144) * 600_000);
  return Math.floor(border - random.between(-20_000, random.chance(0.5) ? 60_000 : 500_000));
}

function faultsOf({ random, hosts, durationMs, isCalm }: Drawn, startMs: number): FaultPlan {
  const kinds = FAULT_KINDS.filter(() => !isCalm && random.chance(0.5));
  const intensity = random.pick([0.2, 1, 1, 3]);
  const rates = Object.fromEntries(kinds.map((kind) => [kind, intensity * rateOf(kind) * random.next() * 2]));
  const bursts = Array.from({ length: isCalm ? 0 : random.below(5) }, (): Burst => {
    const fromMs = startMs + random.between(0, durationMs);
    return {
      kind: random.pick(["throttled", "hot", "failed", "unprocessed", "lost-before", "torn", "lost-after", "delayed"]),
      fromMs,
      untilMs: fromMs + random.between(500, 12_000),
      rate: random.between(0.3, 1),
      ...(random.chance(0.5) ? { host: random.pick(hosts) } : {}),
      ...(random.chance(0.6)
        ? { command: random.pick(["BatchWrite", "Put", "Query", "Get", "BatchGet", "Http"]) }
        : {}),
    };
  });
  return { rates, bursts, untilMs: startMs + durationMs };
}

function rateOf(kind: FaultKind): number {
  if (kind === "crash-before" || kind === "crash-after" || kind === "stall") return 0.001;
  return kind === "cut" ? 0.003 : 0.03;
}

/** Clocks lie within half a second around the true time, so no two differ by more than one; some jump. */
function clocksOf({ random, hosts, durationMs, isCalm }: Drawn): ClockStep[] {
  if (random.chance(isCalm ? 0.8 : 0.3)) return [];
  const offset = (): number => Math.round(random.between(-500, 500));
  return [...hosts, IMPORTER].flatMap((host) => [
    { host, atMs: 0, offsetMs: offset() },
    ...(random.chance(0.3) ? [{ host, atMs: random.between(0, durationMs), offsetMs: offset() }] : []),
  ]);
}
