import type { Clock } from "../ports/clock.ts";
import { createClientHash } from "./client-hash.ts";
import { DAY_MS, startOfDay } from "./utc-time.ts";

/** Counts what clients take in a UTC day, in memory, under hashes with a salt that dies with the process. */
export interface DailyLimit {
  /** Takes one, if there is one. @returns what is left then; undefined: nothing was */
  take(who: string, perDay: number): number | undefined;
  /** Gives back one that was taken today. */
  giveBack(who: string): void;
  /** When the day is over, Unix milliseconds. */
  endsAtMs(): number;
}

/** @param maxClients remembered; of more in a day those that came first may take anew */
export function createDailyLimit(clock: Clock, maxClients = 100_000): DailyLimit {
  const nameOf = createClientHash();
  let dayMs = Number.NaN;
  let taken = new Map<string, number>();

  function ofToday(): Map<string, number> {
    const today = startOfDay(clock.now());
    if (today === dayMs) return taken;
    dayMs = today;
    taken = new Map();
    return taken;
  }

  return {
    take(who, perDay) {
      const today = ofToday();
      const name = nameOf(who);
      const before = today.get(name) ?? 0;
      if (before >= perDay) return undefined;
      if (before === 0 && today.size >= maxClients) {
        for (const first of today.keys()) {
          today.delete(first);
          break;
        }
      }
      today.set(name, before + 1);
      return perDay - before - 1;
    },
    giveBack(who) {
      const today = ofToday();
      const name = nameOf(who);
      const before = today.get(name);
      if (before !== undefined && before > 0) today.set(name, before - 1);
    },
    endsAtMs: () => startOfDay(clock.now()) + DAY_MS,
  };
}
