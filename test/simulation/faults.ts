import { type Random, randomOf } from "../kit/random.ts";

/**
 * What may happen to one attempt of a request:
 *
 *     throttled      refused, nothing was done; "hot" says that one key was the reason
 *     failed         an answer of 500; it was done or not
 *     unprocessed    of a batch a part comes back
 *     lost-before    never arrives
 *     torn           of a batch a part arrives, and no answer comes
 *     lost-after     it is done, but no answer comes
 *     delayed        arrives seconds later, when others have overtaken it
 *     doubled        it is done again, up to two seconds later
 *     crash-before   the process dies instead of sending it
 *     crash-after    the process dies right after sending it
 *     stall          the process stands still before it is sent
 *     cut            the task, as a Worker's cron, is ended right after sending it
 */
export const FAULT_KINDS = [
  "throttled",
  "hot",
  "failed",
  "unprocessed",
  "lost-before",
  "torn",
  "lost-after",
  "delayed",
  "doubled",
  "crash-before",
  "crash-after",
  "stall",
  "cut",
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

export interface Fault {
  readonly kind: FaultKind;
  /** How long it takes, or later it comes. */
  readonly ms: number;
  /** Of a batch, which part is left out; of what may be done or not, below a half: not. */
  readonly share: number;
}

/** A time in which something fails much more often. */
export interface Burst {
  readonly kind: FaultKind;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly rate: number;
  /** Only requests of this process; of all without it. */
  readonly host?: string;
  /** Only these commands. */
  readonly command?: string;
}

export interface FaultPlan {
  /** Share of all attempts that each kind befalls. */
  readonly rates: Partial<Readonly<Record<FaultKind, number>>>;
  readonly bursts: readonly Burst[];
  /** True time from which on nothing fails any more. */
  readonly untilMs: number;
}

/** An attempt as faults are decided by. */
export interface Attempt {
  /** No other attempt of a run has it, and the same attempt has it in another run. */
  readonly label: string;
  readonly host: string;
  readonly command: string;
  readonly atMs: number;
}

export interface InjectedFault extends Attempt {
  readonly fault: Fault;
}

export interface Faults {
  decide(attempt: Attempt): Fault | undefined;
  /** All that happened, in order. */
  readonly injected: readonly InjectedFault[];
}

/** The process that stands for a Worker's isolates. */
export const WORKER = "W";

const BATCHES = new Set(["BatchWrite", "BatchGet"]);

/** Faults by lot, as planned; with a script exactly those, by the attempts' labels. */
export function createFaults(seed: number, plan: FaultPlan, script?: ReadonlyMap<string, Fault>): Faults {
  const injected: InjectedFault[] = [];

  function draw(attempt: Attempt): Fault | undefined {
    if (attempt.atMs >= plan.untilMs) return undefined;
    const random = randomOf(`${seed}/${attempt.label}/fault`);
    const kind = kindOf(attempt, random);
    return kind && { kind, ms: durationOf(kind, random), share: random.next() };
  }

  function kindOf(attempt: Attempt, random: Random): FaultKind | undefined {
    const { host, command, atMs } = attempt;
    let dice = random.next();
    for (const burst of plan.bursts) {
      const isMeant = atMs >= burst.fromMs && atMs < burst.untilMs && (burst.host ?? host) === host;
      if (!isMeant || (burst.command ?? command) !== command) continue;
      if (dice < burst.rate) return applies(burst.kind, attempt) ? burst.kind : undefined;
      dice -= burst.rate;
    }
    for (const kind of FAULT_KINDS) {
      const rate = plan.rates[kind] ?? 0;
      if (dice < rate) return applies(kind, attempt) ? kind : undefined;
      dice -= rate;
    }
    return undefined;
  }

  return {
    injected,
    decide(attempt) {
      const fault = script === undefined ? draw(attempt) : script.get(attempt.label);
      if (fault !== undefined) injected.push({ ...attempt, fault });
      return fault;
    },
  };
}

function applies(kind: FaultKind, { command, host }: Attempt): boolean {
  if (kind === "cut") return host === WORKER;
  if (kind === "hot") return command === "Put" || command === "BatchWrite" || command === "Update";
  return (kind !== "unprocessed" && kind !== "torn") || BATCHES.has(command);
}

/** Mostly short; some so long that what was read before is old. */
const STALLS_MS: readonly (readonly [number, number])[] = [
  [100, 4_000],
  [100, 4_000],
  [4_000, 20_000],
  [60_000, 90_000],
];

/** Time-outs are three seconds: delays lie on both sides of that. */
function durationOf(kind: FaultKind, random: Random): number {
  if (kind === "delayed") return random.chance(0.5) ? random.between(50, 1500) : random.between(1500, 7000);
  if (kind === "doubled") return random.between(1, 2000);
  if (kind === "stall") return random.between(...random.pick(STALLS_MS));
  return random.between(0, 50);
}
