import type { Clock } from "../../ports/clock.ts";
import type { DerivedStore } from "../../ports/derived-store.ts";
import { isAlive } from "./alive.ts";
import { listRuns, type Run } from "./run-items.ts";

/** As many as fit on some screens. */
const MOST_RUNS = 100;

export interface ListedRuns {
  readonly derived: Pick<DerivedStore, "list">;
  readonly clock: Clock;
}

/** A table of the newest runs, the newest first, one a line. @throws StoreUnavailableError */
export async function formatRuns({ derived, clock }: ListedRuns): Promise<string> {
  const kept = await listRuns(derived, MOST_RUNS);
  if (kept.length === 0) return "No import that stored anything is kept. Runs are kept as long as their reports.\n";
  const lines = kept
    .reverse()
    .map(({ run }) => [
      run.id,
      `${new Date(run.startedMs).toISOString().slice(0, 16).replace("T", " ")} UTC`,
      run.file,
      run.source ?? "-",
      ...[run.counts.written, run.counts.replaced].map(String),
      stateOf(run, clock.now()),
    ]);
  const rows = [["RUN", "BEGAN", "FILE", "SOURCE", "WRITTEN", "REPLACED", "STATE"], ...lines];
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => (row[i] ?? "").length)));
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, i) => pad(cell, widths[i] ?? 0, i))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}

const pad = (cell: string, width: number, column: number): string =>
  column === 4 || column === 5 ? cell.padStart(width) : cell.padEnd(width);

function stateOf({ state, alive, undone }: Run, nowMs: number): string {
  if (state === "running") return isAlive(alive, nowMs) ? "under way" : "broke off";
  if (state === "stopped") return "interrupted";
  if (state === "undoing") return "undo broke off";
  return undone === undefined ? "done" : `undone ${new Date(undone.atMs).toISOString().slice(0, 10)}`;
}
