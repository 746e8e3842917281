import type { Log } from "../../console/log.ts";
import type { Clock } from "../../ports/clock.ts";

/**
 * An alarm that all isolates set together, so that writes are followed by a compaction of what does not wait for the cron trigger: at most
 * one every some seconds, however many isolates ask however often. It is stored, and rings though nobody asks any more.
 */
export interface CompactionAlarm {
  /** When it rings, Unix milliseconds: what is stored well before is taken in then. */
  set(): Promise<number>;
  /** To be called when it rings, before anything is done. */
  rang(): Promise<void>;
}

/** A Durable Object's storage, as far as we use it. */
export interface AlarmStorage {
  getAlarm(): Promise<number | null>;
  setAlarm(atMs: number): Promise<void>;
}

/** A binding of Durable Objects that answer with when they ring. */
export interface AlarmNamespace {
  idFromName(name: string): unknown;
  get(id: unknown): { fetch(url: string): Promise<Response> };
}

const RINGS_AFTER_MS = 12_000;
/** The feed tells of what was stored so long before. */
const TAKEN_IN_MS = 3_000;

export function createCompactionAlarm(storage: AlarmStorage, clock: Clock): CompactionAlarm {
  let askedAtMs = Number.NEGATIVE_INFINITY;

  async function set(): Promise<number> {
    askedAtMs = clock.now();
    const known = await storage.getAlarm();
    if (known !== null) return known;
    const atMs = clock.now() + RINGS_AFTER_MS;
    await storage.setAlarm(atMs);
    return atMs;
  }

  return {
    set,
    async rang() {
      // What was stored a moment ago may not be told yet.
      if (clock.now() - askedAtMs < TAKEN_IN_MS) await set();
    },
  };
}

/** Sets the alarm of one of the objects, unless it rings anyway; does nothing without a binding. Never rejects. */
export function createAlarmSetter(alarms: AlarmNamespace | undefined, { clock, log }: { clock: Clock; log: Log }) {
  let coveredUntilMs = 0;
  return async function setAlarm(): Promise<void> {
    if (alarms === undefined || clock.now() < coveredUntilMs) return;
    try {
      const response = await alarms.get(alarms.idFromName("compaction")).fetch("https://alarm.invalid/");
      coveredUntilMs = Number(await response.text()) - TAKEN_IN_MS;
    } catch (error) {
      log.warn("compaction not hurried; the cron trigger does it", { error });
    }
  };
}
