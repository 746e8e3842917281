import { printable } from "../console/printable.ts";
import type { ImportOptions, ImportSummary } from "./import-options.ts";
import { formatCount } from "./progress.ts";

const MOST_REASONS = 12;

/** What an import came to, as lines for the person who started it. */
export function formatSummary(summary: ImportSummary, options: Pick<ImportOptions, "dryRun" | "intoLastMs">): string {
  const { rowsRead, written, replaced, existing, rejected, rejectsPath, blankLines } = summary;
  const writtenLabel = options.dryRun ? "fit to import" : "written";
  const lines = [
    countLine("Rows read", rowsRead),
    countLine(`  ${writtenLabel}`, written),
    ...(replaced > 0 ? [countLine(options.dryRun ? "  would change" : "  replaced", replaced)] : []),
    countLine("  already there", existing),
    countLine("  rejected", rejected) + (rejectsPath === undefined ? "" : `  see ${rejectsPath}`),
    ...reasonLines(summary),
    ...(blankLines > 0 ? [countLine("Empty lines", blankLines)] : []),
    ...datedLine(summary, options),
    ...summary.notes,
    ...(summary.runId === undefined ? [] : [`Run ${summary.runId}: --undo ${summary.runId} takes it back.`]),
  ];
  if (options.dryRun) lines.push("This was a dry run: nothing was stored.");
  if (summary.interrupted) {
    lines.push("Interrupted. Run the same command again, without --new-anchor, to import the rest.");
  }
  return printable(`${lines.join("\n")}\n`);
}

const countLine = (label: string, count: number): string => label.padEnd(16) + formatCount(count).padStart(12);

function reasonLines({ reasons }: ImportSummary): string[] {
  const sorted = [...reasons].sort(([, a], [, b]) => b - a);
  const shown = sorted.slice(0, MOST_REASONS).map(([kind, count]) => `${countLine("", count)}  ${kind}`);
  const hidden = sorted.slice(MOST_REASONS).reduce((sum, [, count]) => sum + count, 0);
  return hidden > 0 ? [...shown, `${countLine("", hidden)}  for other reasons`] : shown;
}

function datedLine(
  { span, importEpochMs }: ImportSummary,
  { intoLastMs }: Pick<ImportOptions, "intoLastMs">,
): string[] {
  if (span === undefined || importEpochMs === undefined || intoLastMs === undefined) return [];
  const from = `${formatMinute(span.oldestMs)} to ${formatMinute(span.newestMs)}`;
  return [
    `Times mapped     ${from}  ->  ${formatMinute(importEpochMs - intoLastMs)} to ${formatMinute(importEpochMs)} UTC`,
  ];
}

const formatMinute = (ms: number): string => new Date(ms).toISOString().slice(0, 16).replace("T", " ");
