import type { Clock } from "../../ports/clock.ts";
import type { LogChange } from "../../ports/report-store.ts";
import { FEED_LIFETIME_MS } from "../log-changes.ts";

/** Published changes, numbered from 0; they are forgotten a day after they were published. */
export interface MemoryFeed {
  publish(changes: Iterable<LogChange>): void;
  /** The number of the next change. */
  next(): number;
  /** Changes from a number on; undefined when some of them were forgotten. */
  since(number: number): LogChange[] | undefined;
}

export function createMemoryFeed({ clock }: { clock: Clock }): MemoryFeed {
  const published: { readonly change: LogChange; readonly atMs: number }[] = [];
  /** The number of the first that is kept. */
  let first = 0;

  function forgetOld(nowMs: number): void {
    const kept = published.findIndex(({ atMs }) => atMs >= nowMs - FEED_LIFETIME_MS);
    const forgotten = kept < 0 ? published.length : kept;
    published.splice(0, forgotten);
    first += forgotten;
  }

  return {
    publish(changes) {
      const atMs = clock.now();
      forgetOld(atMs);
      for (const change of changes) published.push({ change, atMs });
    },
    next: () => first + published.length,
    since: (number) => (number < first ? undefined : published.slice(number - first).map(({ change }) => change)),
  };
}
