import type { ReportDraft } from "../../server/reports/create-report.ts";
import { LEVELS } from "../../tiles/domains.ts";
import { AGE_BANDS, REPORT_LAYERS, type ReportLayer, TIME_WINDOWS, type TimeWindow } from "../../tiles/layers.ts";
import { type Burst, FAULT_KINDS, type FaultKind, type FaultPlan, WORKER } from "./faults.ts";
import { type Place, placesOf } from "./places.ts";
import { type Random, randomOf } from "./random.ts";

/** All that a seed stands for: a world, what clients do in it, and what goes wrong. Plain data, so that it can be cut down. */
export interface Scenario {
  readonly seed: number;
  /** Unix milliseconds. */
  readonly startMs: number;
  /** From the start until nothing fails and nobody begins anything any more. */
  readonly durationMs: number;
  readonly nodes: readonly string[];
  readonly hasWorker: boolean;
  readonly scorers: readonly string[];
  readonly faults: FaultPlan;
  readonly clocks: readonly ClockStep[];
  readonly lagMs: number;
  readonly pageItems: number;
  readonly hotRowsPerSecond: number;
  readonly compactEveryMs: number;
  readonly cronEveryMs: number;
  /** Calls of the stores after which a run of the Worker's compaction stops by itself. */
  readonly cronCalls: number;
  readonly deletesExpired: boolean;
  /** All processes and clients sleep once, from a time after the start that is not counted while they do. */
  readonly sleep?: { readonly atMs: number; readonly ms: number };
  readonly layers: readonly ReportLayer[];
  readonly actions: readonly Action[];
}

/** From a time after the start on, a process' clock is so far ahead. */
export interface ClockStep {
  readonly host: string;
  readonly atMs: number;
  readonly offsetMs: number;
}

interface Begun {
  /** No other action has it. */
  readonly name: string;
  /** After the start. */
  readonly atMs: number;
}

export interface ReportAction extends Begun {
  readonly kind: "report";
  readonly draft: ReportDraft;
  readonly key?: string;
  /** Processes that it is sent to, one attempt after the other. */
  readonly hosts: readonly string[];
  /** Sent to two processes at the same time at first. */
  readonly isTwice: boolean;
  /** Attempts after which its client gives up; Infinity: it goes on until it is thanked. */
  readonly attempts: number;
}

export interface EditAction extends Begun {
  readonly kind: "edit";
  /** Name of the action that made the report; of an import its first report. */
  readonly of: string;
  readonly edit: EditKind;
  readonly severity: number;
  readonly host: string;
  readonly attempts: number;
}
export const EDIT_KINDS = ["flag", "hide", "replace", "restore", "remove"] as const;
export type EditKind = (typeof EDIT_KINDS)[number];

export interface ImportAction extends Begun {
  readonly kind: "import";
  readonly rows: readonly { readonly draft: ReportDraft; readonly ageMs: number }[];
  readonly batch: number;
}

export interface ReadAction extends Begun {
  readonly kind: "read";
  readonly host: string;
  readonly place: Place;
  readonly layer: ReportLayer;
  readonly zoom: number;
  readonly window: TimeWindow;
  /** Asks for the tile itself, not only for what it is made of. */
  readonly isEncoded: boolean;
}

export interface ListAction extends Begun {
  readonly kind: "list";
  readonly host: string;
  readonly place: Place;
}

export interface OperatorAction extends Begun {
  readonly kind: "compact" | "rebuild" | "crash" | "stop";
  readonly host: string;
}

export type Action = ReportAction | EditAction | ImportAction | ReadAction | ListAction | OperatorAction;

/** Where imports run. */
export const IMPORTER = "I";

/** One zoom a level. */
export const CHECKED_ZOOMS = LEVELS.map(({ minZoom }) => minZoom);

/** A time between compactions that no run reaches. */
export const NEVER_MS = 1e9;

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** So long that a Worker's isolate starts anew, that ages change, and that the feed has forgotten. */
const SLEEPS_MS = [12 * 60_000, 3 * HOUR_MS, 25 * HOUR_MS];

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
  const drawn = { random, seed, hosts, durationMs, layers, places: placesOf(random), isCalm };
  const sleepMs = random.pick(SLEEPS_MS);
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
    deletesExpired: random.chance(0.5),
    ...(!isCalm && random.chance(0.1) && { sleep: { atMs: random.between(0, durationMs), ms: sleepMs } }),
    layers,
    actions: actionsOf(drawn),
  };
}

interface Drawn {
  readonly random: Random;
  readonly seed: number;
  readonly hosts: readonly string[];
  readonly durationMs: number;
  readonly layers: readonly ReportLayer[];
  readonly places: readonly Place[];
  readonly isCalm: boolean;
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

function actionsOf(drawn: Drawn): Action[] {
  const { random } = drawn;
  const share = (likely: number): number => (random.chance(likely) ? random.next() : 0);
  const weights = { report: 0.2 + random.next(), keyed: share(0.8), import: share(0.5), read: share(0.9) };
  const busy = random.pick([10, 10, 25, 25, 60, 60, 250]);
  const count = (weight: number, most: number): number => Math.round(weight * random.next() * most);
  const reports = many(count(weights.report, busy), (i) => reportAction(drawn, `r${i}`, weights.keyed));
  const imports = many(count(weights.import, 4), (i) => importAction(drawn, `i${i}`));
  const made = [...reports, ...imports];
  const edits =
    made.length === 0 ? [] : many(count(share(0.6), Math.min(30, busy / 2)), (i) => editAction(drawn, `e${i}`, made));
  const reads = many(count(weights.read, Math.min(120, 2 * busy)), (i) => readAction(drawn, `t${i}`));
  const lists = many(count(share(0.5), Math.min(30, busy / 2)), (i) => ({
    kind: "list" as const,
    ...someRead(drawn, `l${i}`),
  }));
  const operations = many(count(share(0.5), 5), (i) => operatorAction(drawn, `o${i}`));
  return [...made, ...edits, ...reads, ...lists, ...operations].sort((a, b) => a.atMs - b.atMs);
}

const many = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));

/** Many things happen at about the same time. */
function timeOf({ random, durationMs }: Drawn): number {
  const moments = 3;
  const moment = (random.below(moments) + 0.5) / moments;
  return Math.floor(random.chance(0.5) ? random.between(0, durationMs) : moment * durationMs + random.between(0, 300));
}

function draftOf({ random, layers, places }: Drawn, text: string): ReportDraft {
  const place = places[Math.floor(random.next() ** 2 * places.length)] as Place;
  return {
    layer: random.pick(layers),
    category: random.pick(["theft", "pothole", "noise"]),
    severity: 1 + random.below(5),
    lonDeg: place.lonDeg,
    latDeg: place.latDeg,
    text,
  };
}

function reportAction(drawn: Drawn, name: string, keyed: number): ReportAction {
  const { random, hosts } = drawn;
  const hasKey = random.chance(keyed);
  const first = random.pick(hosts);
  const others = random.chance(0.5) ? [first] : many(5, () => random.pick(hosts));
  return {
    kind: "report",
    name,
    atMs: timeOf(drawn),
    draft: draftOf(drawn, name),
    ...(hasKey ? { key: `key-${name}` } : {}),
    hosts: [first, ...others],
    isTwice: hasKey && random.chance(0.1),
    attempts: !hasKey ? 1 : random.chance(0.2) ? 1 + random.below(2) : Infinity,
  };
}

/** Ages at which reports stand a moment before, or after, they move to another age band, and others. */
function importAction(drawn: Drawn, name: string): ImportAction {
  const { random } = drawn;
  const age = (): number => {
    const band = random.pick(AGE_BANDS).untilMs;
    const ageMs = random.chance(0.5) ? random.between(0, 89 * DAY_MS) : band - random.between(-60_000, 120_000);
    return Math.floor(Math.max(0, ageMs));
  };
  const rows = many(1 + random.below(random.pick([3, 20, 60])), (i) => ({
    draft: draftOf(drawn, `${name}.${i}`),
    ageMs: age(),
  }));
  return { kind: "import", name, atMs: timeOf(drawn), rows, batch: 1 + random.below(40) };
}

function editAction(drawn: Drawn, name: string, made: readonly Action[]): EditAction {
  const { random, hosts, durationMs } = drawn;
  const of = random.pick(made);
  return {
    kind: "edit",
    name,
    of: of.name,
    edit: random.pick(EDIT_KINDS),
    severity: 1 + random.below(5),
    atMs: Math.floor(Math.min(durationMs, of.atMs + random.between(0, random.chance(0.5) ? 2000 : durationMs))),
    host: random.pick(hosts),
    attempts: random.chance(0.3) ? 1 : Infinity,
  };
}

function someRead(drawn: Drawn, name: string) {
  const { random, hosts, places } = drawn;
  return { name, atMs: timeOf(drawn), host: random.pick(hosts), place: random.pick(places) };
}

function readAction(drawn: Drawn, name: string): ReadAction {
  const { random, layers } = drawn;
  return {
    kind: "read",
    ...someRead(drawn, name),
    layer: random.pick(layers),
    zoom: random.pick(CHECKED_ZOOMS),
    window: random.chance(0.8) ? "90d" : random.pick(TIME_WINDOWS),
    isEncoded: random.chance(0.2),
  };
}

function operatorAction(drawn: Drawn, name: string): OperatorAction {
  const { random, hosts, isCalm } = drawn;
  const kinds = isCalm ? (["compact", "rebuild"] as const) : (["compact", "rebuild", "crash", "stop"] as const);
  return { kind: random.pick(kinds), name, atMs: timeOf(drawn), host: random.pick(hosts) };
}
