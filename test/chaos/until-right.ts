import { setTimeout as sleep } from "node:timers/promises";
import type { View, Wrong } from "./shown.ts";

/** How a process came to show what is stored. */
export interface ProcessVerdict {
  /** Number of the process, from 1. */
  readonly process: number;
  /** Seconds after the faults ended until each view was seen to be right for good; undefined when it never was. */
  readonly rightAfterSeconds: ReadonlyMap<string, number | undefined>;
  /** What was wrong last, by view. */
  readonly wrong: ReadonlyMap<string, Wrong | string>;
  /** Whether each view was right for good, by a look that began in time: a slow machine takes long to look at everything. */
  readonly isInTime: boolean;
}

const POLL_EVERY_MS = 1000;

/** Asks a process again and again until all its views are right twice in a row, or the time is over. */
export async function untilRight(
  process: number,
  views: readonly View[],
  { sinceMs, withinMs }: { readonly sinceMs: number; readonly withinMs: number },
): Promise<ProcessVerdict> {
  const rightAfterSeconds = new Map<string, number | undefined>(views.map(({ name }) => [name, undefined]));
  const wrong = new Map<string, Wrong | string>();
  const late = new Set<string>();
  const isLate = () => performance.now() - sinceMs > withinMs;

  async function look({ name, check }: View): Promise<void> {
    const isBegunLate = isLate();
    const found = await check().catch((error: unknown) => String(error));
    if (found !== undefined) {
      wrong.set(name, found);
      rightAfterSeconds.set(name, undefined);
      return;
    }
    if (wrong.delete(name) && isBegunLate) late.add(name);
    rightAfterSeconds.set(name, rightAfterSeconds.get(name) ?? (performance.now() - sinceMs) / 1000);
  }

  async function settle(view: View): Promise<void> {
    for (await look(view); wrong.has(view.name) && !isLate(); await look(view)) await sleep(POLL_EVERY_MS);
  }

  do {
    await Promise.all(views.map(settle));
    // What was right first is asked again: it must have stayed so.
    await Promise.all(views.map(look));
  } while (wrong.size > 0 && !isLate());
  return { process, rightAfterSeconds, wrong, isInTime: wrong.size === 0 && late.size === 0 };
}
