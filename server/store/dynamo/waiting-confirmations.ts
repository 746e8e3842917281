import type { Clock } from "../../ports/clock.ts";
import { isNewborn, MAX_BROUGHT_AGE_MS } from "../log-changes.ts";
import { type Confirmed, encodeConfirmations } from "./confirmations.ts";

/** Confirmations of one process's intents, until an intent takes them along, or they go alone. */
export interface WaitingConfirmations {
  add(...confirmed: readonly WaitingConfirmation[]): void;
  /** Those that fit on an intent, beside so many bytes. */
  takeRiding(beside: number): WaitingConfirmation[];
  /** Those that have waited for long enough to go alone, as many as one item takes. */
  takeAlone(): WaitingConfirmation[];
  encode(confirmed: readonly Confirmed[]): Uint8Array;
}

export interface WaitingConfirmation extends Confirmed {
  /** When the intent was made. */
  readonly atMs: number;
}

/** An intent with its confirmations stays below a kilobyte: one write unit. */
const MOST_RIDING_BYTES = 800;
const MOST_RIDING = 24;
/** What has waited so long for an intent to ride on goes alone. */
const RIDE_MS = 200;
/** Confirmations that go alone, of about 25 bytes each. */
const MOST_ALONE = 400;
/** Of more the oldest are forgotten, and their cells are read. */
const MOST_WAITING = 4000;

export function createWaitingConfirmations(clock: Clock, writer: string): WaitingConfirmations {
  let waiting: WaitingConfirmation[] = [];

  /** A row that is too old by now is not brought any more: cell aggregates may have it. */
  function forgetLate(): void {
    const now = clock.now();
    waiting = waiting
      .filter(({ layer, atMs, report }) =>
        report === undefined ? now - atMs <= MAX_BROUGHT_AGE_MS : isNewborn(layer, report.createdAtMs, now),
      )
      .slice(-MOST_WAITING);
  }

  const encode = (confirmed: readonly Confirmed[]): Uint8Array => encodeConfirmations(writer, confirmed);

  return {
    encode,
    add(...confirmed) {
      waiting.push(...confirmed);
    },
    takeRiding(beside) {
      forgetLate();
      let taken = waiting.splice(0, MOST_RIDING);
      while (taken.length > 0 && encode(taken).length + beside > MOST_RIDING_BYTES) {
        waiting.unshift(...taken.slice(taken.length >> 1));
        taken = taken.slice(0, taken.length >> 1);
      }
      return taken;
    },
    takeAlone() {
      forgetLate();
      // The oldest comes first; what could not be stored is put back behind younger ones, and goes a little later.
      const [oldest] = waiting;
      return oldest === undefined || clock.now() - oldest.atMs < RIDE_MS ? [] : waiting.splice(0, MOST_ALONE);
    },
  };
}
