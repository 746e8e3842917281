import { formatCount } from "../words/words.ts";
import type { EntryState } from "./entry-state.ts";

/** How things stand between the outbox and the server. */
export interface Standing {
  readonly states: readonly EntryState[];
  readonly isOnline: boolean;
  readonly isTroubled: boolean;
  readonly wasAway: boolean;
  readonly arrived: number;
}

/** The line of the banner; "" while there is nothing to say. */
export function statusText({ states, isOnline, isTroubled, wasAway, arrived }: Standing): string {
  const count = (...wanted: EntryState[]) => states.filter((state) => wanted.includes(state)).length;
  const reports = (n: number) => `${formatCount(n)} ${n === 1 ? "report" : "reports"}`;
  const waiting = count("held", "waiting", "sending");
  const wait = `${reports(waiting)} ${waiting === 1 ? "waits" : "wait"}.`;
  if (!isOnline) return `You are offline. ${waiting > 0 ? wait : "The map shows what it has."}`;
  if (count("refused") > 0) return `${reports(count("refused"))} could not be taken.`;
  if (count("old") > 0) return `${reports(count("old"))} waited here for over a day.`;
  if (!wasAway) return "";
  if (isTroubled && count("waiting") > 0) return `The server takes no reports just now. ${wait}`;
  if (waiting > 0) return `Sending ${reports(waiting)}…`;
  return arrived > 0 ? `Sent. ${reports(arrived)} ${arrived === 1 ? "is" : "are"} on the map.` : "";
}
