import { seededRandom } from "../random.ts";
import type { Fault, FaultRule } from "./fault-proxy.ts";
import type { StoreCommand } from "./store-command.ts";

export interface SeededFaultOptions {
  readonly seed: number;
  /** Of requests, each by itself, to which something happens. */
  readonly share: number;
  /** Beside these, spells in which all requests of one kind fail in one way. @default one every 3 s on average */
  readonly spellEveryMs?: number;
  /** Milliseconds, rising. */
  readonly nowMs?: () => number;
}

/** Of every delayed request one in so many takes up to `LONGEST_MS`, the others up to a tenth of it. */
const SLOW_ONES = 5;
const LONGEST_MS = 2000;

/** The client tries four times within two seconds or so: what is shorter it bears, what is longer reaches whoever calls us. */
const SPELL_MS = [500, 6000] as const;

/** What a spell may hit, by where the items lie that a request names. */
const SPELL_TARGETS: readonly ((command: StoreCommand) => boolean)[] = [
  ({ keys, isWrite }) => isWrite && keys.some(({ pk }) => pk.startsWith("feed#")),
  ({ name }) => name === "BatchWriteItem",
  ({ keys, isWrite }) => isWrite && keys.some(({ sk }) => sk.startsWith("R#")),
  ({ keys }) => keys.some(({ pk }) => pk.startsWith("idem#")),
  ({ keys }) => keys.some(({ pk }) => pk.startsWith("derived#")),
  ({ name }) => name === "Query",
  ({ isWrite }) => isWrite,
];

const KINDS = ["throttled", "lost-before", "lost-after", "delayed", "unprocessed"] as const;

interface Spell {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly kind: Fault["kind"];
  hits(command: StoreCommand): boolean;
}

/**
 * Faults as a store under load and a bad network make them: some anywhere, any time, which the client's retries mostly hide, and
 * spells that outlast these. The same seed makes the same series; which request meets which fault is left to the race of the
 * processes.
 */
export function seededFaults({
  seed,
  share,
  spellEveryMs = 3000,
  nowMs = () => performance.now(),
}: SeededFaultOptions): FaultRule {
  const random = seededRandom(seed);
  const spells = seededRandom(seed ^ 0x9e3779b9);
  const pick = <T>(from: readonly T[], by: () => number): T => from[Math.floor(by() * from.length)] as T;
  let spell = nextSpell(nowMs());

  function nextSpell(afterMs: number): Spell {
    const fromMs = afterMs + 2 * spells() * spellEveryMs;
    const untilMs = fromMs + SPELL_MS[0] + spells() * (SPELL_MS[1] - SPELL_MS[0]);
    return { fromMs, untilMs, kind: pick(KINDS, spells), hits: pick(SPELL_TARGETS, spells) };
  }

  function faultOf(kind: Fault["kind"], { keys }: StoreCommand): Fault {
    switch (kind) {
      case "throttled":
        return { kind, isHotKey: random() < 0.5 };
      case "delayed":
        return { kind, ms: (random() * LONGEST_MS) / (random() * SLOW_ONES < 1 ? 1 : 10) };
      case "unprocessed": {
        if (keys.length < 2) return { kind: "throttled" };
        const first = Math.floor(2 * random());
        return { kind, isLeft: (_key, index) => index % 2 === first };
      }
      default:
        return { kind };
    }
  }

  return (command) => {
    const now = nowMs();
    while (now >= spell.untilMs) spell = nextSpell(spell.untilMs);
    if (now >= spell.fromMs && spell.hits(command)) return faultOf(spell.kind, command);
    return random() < share ? faultOf(pick(KINDS, random), command) : undefined;
  };
}
