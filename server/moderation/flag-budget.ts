import type { Log } from "../console/log.ts";
import { atOnce, type InTurn } from "../kit/in-turn.ts";
import { siteOf } from "../kit/network-address.ts";
import { sha256Hex } from "../kit/sha256.ts";
import { tryAgain } from "../kit/try-again.ts";
import { DAY_MS, formatDay, startOfDay } from "../kit/utc-time.ts";
import type { Clock } from "../ports/clock.ts";
import type { DerivedStore } from "../ports/derived-store.ts";
import { type ReportStore, StoreUnavailableError } from "../ports/report-store.ts";
import { decodeRecord, encodeRecord } from "./record.ts";

/** Flags that one network has in a UTC day, whichever process it asks: what one flagger can do is bounded. */
export interface FlagBudget {
  readonly perDay: number;
  /** Takes one. @returns 0, or the seconds until there are some again */
  take(address: string): Promise<number>;
}

export interface FlagBudgetOptions {
  readonly store: Pick<ReportStore, "remember">;
  readonly derived: DerivedStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly flagsPerDay?: number;
  readonly inTurn?: InTurn;
}

/** Unless it is told otherwise. */
export const FLAGS_PER_DAY = 30;
const NAME = "count";
const SPARE_MS = 3_600_000;

/** Of the network nothing is kept but a hash with the day's salt, and both go with the day. */
export function createFlagBudget(options: FlagBudgetOptions): FlagBudget {
  const { store, derived, clock, log, flagsPerDay: perDay = FLAGS_PER_DAY, inTurn = atOnce } = options;
  return {
    perDay,
    async take(address) {
      const nowMs = clock.now();
      const [day, endsAtMs] = [formatDay(nowMs), startOfDay(nowMs) + DAY_MS];
      const salt = await store.remember(`flag-day-salt/${day}`, crypto.randomUUID(), { untilMs: endsAtMs + SPARE_MS });
      const group = `moderation/budget/${day}/${sha256Hex(`${salt} ${siteOf(address)}`).slice(0, 32)}`;
      const takeOne = async () => {
        const item = await derived.get(group, NAME, { consistent: true });
        const { used } = decodeRecord<{ readonly used: number }>(item, log) ?? { used: 0 };
        if (used >= perDay) return Math.max(1, Math.ceil((endsAtMs - nowMs) / 1000));
        const condition = { expected: item?.version, expiresAtMs: endsAtMs + SPARE_MS };
        if (await derived.put(group, NAME, encodeRecord({ used: used + 1 }), condition)) return 0;
        return undefined;
      };
      const waitSeconds = await inTurn(group, () => tryAgain(takeOne));
      if (waitSeconds === undefined) throw new StoreUnavailableError("too many flags of one network came at once");
      return waitSeconds;
    },
  };
}
