import type { ReportDraft } from "../../server/reports/create-report.ts";
import { LEVELS } from "../../tiles/cluster/cluster-cells.ts";
import { AGE_BANDS, CATEGORIES, type ReportLayer, TIME_WINDOWS, type TimeWindow } from "../../tiles/layers.ts";
import type { Random } from "../kit/random.ts";
import { doorNear, type Place } from "./places.ts";

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
  /** Name of the action that made the report. */
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
  readonly kind: OperationKind;
  readonly host: string;
}

/** "damage": some of what is derived from reports is no longer what it was. */
const OPERATIONS = ["compact", "rebuild", "crash", "stop", "damage"] as const;
export type OperationKind = (typeof OPERATIONS)[number];

export type Action = ReportAction | EditAction | ImportAction | ReadAction | ListAction | OperatorAction;

/** One zoom a level. */
export const CHECKED_ZOOMS = LEVELS.map(({ minZoom }) => minZoom);

const DAY_MS = 86_400_000;

/** What actions are drawn from. */
export interface Drawn {
  readonly random: Random;
  readonly hosts: readonly string[];
  readonly durationMs: number;
  readonly layers: readonly ReportLayer[];
  readonly places: readonly Place[];
  /** Nothing goes wrong. */
  readonly isCalm: boolean;
}

/** What everybody does, by time. */
export function actionsOf(drawn: Drawn): Action[] {
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
  const place = doorNear(places[Math.floor(random.next() ** 2 * places.length)] as Place, text);
  const layer = random.pick(layers);
  return {
    layer,
    category: random.pick(CATEGORIES[layer]),
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
  const kind = isCalm ? random.pick(["compact", "rebuild"] as const) : random.pick(OPERATIONS);
  return { kind, name, atMs: timeOf(drawn), host: random.pick(hosts) };
}
