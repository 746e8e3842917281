import type { UndoOutcome } from "./keeping/undo.ts";
import { formatCount } from "./progress.ts";

const LINE_MS = 3000;

/** Says every few seconds how far an undo is. @param nowMs Unix milliseconds */
export function createUndoDisplay(write: (text: string) => void, nowMs: () => number): (reports: number) => void {
  let shownMs = nowMs();
  return (reports) => {
    if (nowMs() - shownMs < LINE_MS) return;
    shownMs = nowMs();
    write(`Taking back: ${formatCount(reports)} reports\n`);
  };
}

/** What an undo came to, for the person who started it. */
export function formatUndone(runId: string, outcome: UndoOutcome): string {
  if (outcome === "interrupted") return `Interrupted: say --undo ${runId} again, it goes on.\n`;
  const { removed, restored, left } = outcome;
  const kept = left === 0 ? "" : `, ${formatCount(left)} left as moderators have hidden or removed them`;
  return `Run ${runId} is taken back: ${formatCount(removed)} reports removed, ${formatCount(restored)} as they were before${kept}.\n`;
}
