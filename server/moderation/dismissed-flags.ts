import { LRUCache } from "lru-cache";
import type { Report } from "../../tiles/report.ts";
import type { Log } from "../console/log.ts";
import { atOnce, type InTurn } from "../kit/in-turn.ts";
import { tryAgain } from "../kit/try-again.ts";
import { DAY_MS } from "../kit/utc-time.ts";
import type { Clock } from "../ports/clock.ts";
import type { DerivedStore } from "../ports/derived-store.ts";
import { type ReportStore, StoreUnavailableError } from "../ports/report-store.ts";
import { flaggersOf, saltName, WHOLE_VOICE, whoFlagged } from "./flag-voices.ts";
import { decodeRecord, encodeRecord } from "./record.ts";

/**
 * Whose flags moderators found unfounded lately, by city. Nothing new is kept of anybody for that: the flags of a dismissed report have
 * their hashes under the report's own salt, and who flags now is hashed with each of these salts to see.
 */
export interface DismissedFlags {
  /** What a flag of an address weighs in a city, in quarters. */
  quartersOf(city: string | undefined, address: string): Promise<number>;
  add(of: DismissedReport): Promise<void>;
  remove(of: DismissedReport): Promise<void>;
}

interface DismissedReport {
  readonly report: Report;
  readonly city?: string;
}

export interface DismissedFlagsOptions {
  readonly store: Pick<ReportStore, "flagsOf" | "remember">;
  readonly derived: DerivedStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly inTurn?: InTurn;
}

interface Entry {
  readonly id: string;
  readonly salt: string;
  readonly flaggers: readonly string[];
  readonly untilMs: number;
}

/** What a network's flags weigh, by how many of its flags were dismissed lately. */
export const QUARTERS_AFTER_DISMISSALS: readonly number[] = [WHOLE_VOICE, 2, 1, 0];
/** Lately. */
export const DISMISSED_FOR_MS = 30 * DAY_MS;
/** Reports of a city that are remembered for it: a flag is hashed with the salt of each. */
const MOST_REPORTS = 64;
const MOST_FLAGGERS = 40;
const KNOWN_FOR_MS = 30_000;
const NAME = "flags";

const groupOf = (city: string | undefined): string => `moderation/dismissed/${city ?? "*"}`;

export function createDismissedFlags({
  store,
  derived,
  clock,
  log,
  inTurn = atOnce,
}: DismissedFlagsOptions): DismissedFlags {
  const known = new LRUCache<string, { readonly entries: readonly Entry[]; readonly atMs: number }>({ max: 200 });

  const live = (entries: readonly Entry[] = []) => entries.filter(({ untilMs }) => untilMs > clock.now());

  async function read(group: string): Promise<readonly Entry[]> {
    const held = known.get(group);
    if (held !== undefined && Math.abs(clock.now() - held.atMs) < KNOWN_FOR_MS) return live(held.entries);
    const entries = decodeRecord<readonly Entry[]>(await derived.get(group, NAME), log) ?? [];
    known.set(group, { entries, atMs: clock.now() });
    return live(entries);
  }

  async function change(group: string, next: (entries: readonly Entry[]) => readonly Entry[]): Promise<void> {
    const changeOnce = async () => {
      const item = await derived.get(group, NAME, { consistent: true });
      const entries = next(live(decodeRecord<readonly Entry[]>(item, log)));
      const condition = { expected: item?.version, expiresAtMs: clock.now() + DISMISSED_FOR_MS };
      if (!(await derived.put(group, NAME, encodeRecord(entries), condition))) return undefined;
      known.set(group, { entries, atMs: clock.now() });
      return true;
    };
    if ((await inTurn(group, () => tryAgain(changeOnce))) === undefined)
      throw new StoreUnavailableError(`${group} was changed by others all the time`);
  }

  return {
    async quartersOf(city, address) {
      const entries = await read(groupOf(city));
      const times = entries.filter(({ salt, flaggers }) => flaggers.includes(whoFlagged(salt, address))).length;
      return QUARTERS_AFTER_DISMISSALS[Math.min(times, QUARTERS_AFTER_DISMISSALS.length - 1)] ?? 0;
    },

    async add({ report: { id, expiresAtMs }, city }) {
      const flaggers = flaggersOf(await store.flagsOf(id)).slice(0, MOST_FLAGGERS);
      if (flaggers.length === 0) return;
      const salt = await store.remember(saltName(id), crypto.randomUUID(), { untilMs: expiresAtMs });
      const untilMs = Math.min(expiresAtMs, clock.now() + DISMISSED_FOR_MS);
      await change(groupOf(city), (entries) =>
        [...entries.filter((entry) => entry.id !== id), { id, salt, flaggers, untilMs }].slice(-MOST_REPORTS),
      );
    },

    async remove({ report: { id }, city }) {
      const group = groupOf(city);
      const kept = decodeRecord<readonly Entry[]>(await derived.get(group, NAME, { consistent: true }), log) ?? [];
      if (!kept.some((entry) => entry.id === id)) return;
      await change(group, (entries) => entries.filter((entry) => entry.id !== id));
    },
  };
}
