import type { OutboxEntry } from "./outbox-entry.ts";

/**
 * - `held`: not sent before its time for "Undo" is over
 * - `waiting`: sent as soon as the network and the server are there
 * - `sending`: on its way from this page
 * - `refused`: the server said what is wrong; somebody has to mend or discard it
 * - `old`: dropped so long ago that somebody has to say whether it still holds
 */
export type EntryState = "held" | "waiting" | "sending" | "refused" | "old";

/** How long "Undo" is offered. */
export const HOLD_MS = 5_000;
/** Whoever took a report in sends it; other tabs do when that one is gone. */
export const OTHERS_AFTER_MS = 2_000;
export const OLD_MS = 24 * 3_600_000;

/** What this page knows of the entries, beside what every tab reads. */
export interface PageMemory {
  /** Keys of what was dropped in it. */
  readonly own: Set<string>;
  /** Of what is on its way from it. */
  readonly sending: Set<string>;
  /** How often an entry could not be sent, by key. */
  readonly failures: Map<string, number>;
}

/** Since it was dropped. A clock that was set back makes nothing wait for it. */
export const ageMs = ({ droppedAtMs }: OutboxEntry) => Math.abs(Date.now() - droppedAtMs);

/** Until this page may send it; negative when it might have before. */
export const waitMs = (entry: OutboxEntry, { own }: PageMemory) =>
  entry.attempted ? 0 : HOLD_MS + (own.has(entry.key) ? 0 : OTHERS_AFTER_MS) - ageMs(entry);

export function stateOf(entry: OutboxEntry, { sending }: PageMemory): EntryState {
  if (entry.refusal) return "refused";
  if (sending.has(entry.key)) return "sending";
  if (ageMs(entry) > OLD_MS) return "old";
  return !entry.attempted && ageMs(entry) < HOLD_MS ? "held" : "waiting";
}

/** What may be sent now, in the order in which it should be. */
export function dueEntries(entries: readonly OutboxEntry[], page: PageMemory): OutboxEntry[] {
  const failuresOf = ({ key }: OutboxEntry) => page.failures.get(key) ?? 0;
  return (
    entries
      .filter((entry) => stateOf(entry, page) === "waiting" && waitMs(entry, page) <= 0)
      // One that fails again and again must not keep the others back.
      .sort((a, b) => failuresOf(a) - failuresOf(b))
  );
}
