import { OperatorError } from "../console/operator-error.ts";
import type { FirstPass } from "./first-pass.ts";
import type { ImportOptions, ImportSummary } from "./import-options.ts";
import { formatCount } from "./progress.ts";
import { refusal } from "./sample.ts";

/** How many rows may be rejected: so many, or such a share of all. */
export type MaxRejects = { readonly rows: number } | { readonly share: number };

/** Of the rows; above it an import without --max-rejects warns. */
const WARN_SHARE = 0.1;

/** @throws OperatorError when the text is neither a number nor a percentage */
export function parseMaxRejects(text: string): MaxRejects {
  const [, digits, percent] = /^(\d{1,15}(?:\.\d{1,3})?)(%?)$/.exec(text.trim()) ?? [];
  const number = Number(digits);
  if (percent === "%" && number <= 100) return { share: number / 100 };
  if (percent === "" && Number.isInteger(number)) return { rows: number };
  throw new OperatorError(`--max-rejects ${text} is neither a number of rows nor a percentage such as 5%.`);
}

const exceeds = (rejected: number, rows: number, most: MaxRejects): boolean =>
  rejected > ("rows" in most ? most.rows : most.share * rows);

/**
 * Ends an import before anything is stored of whose rows too many would be rejected.
 * @param unmapped rows that can be read but lie outside of what times are mapped to
 * @throws OperatorError
 */
export function checkMaxRejects({ judged, rows }: FirstPass, unmapped: number, options: ImportOptions): void {
  const { maxRejects, dryRun, limit } = options;
  // A dry run goes on, to show what would be rejected.
  if (maxRejects === undefined || dryRun || judged.rows > Math.min(rows, limit ?? rows)) return;
  const rejected = judged.rejected + unmapped;
  if (!exceeds(rejected, judged.rows, maxRejects)) return;
  const worst =
    judged.worst === undefined ? "" : ` Most often, ${formatCount(judged.worst.count)} times: ${judged.worst.kind}.`;
  throw new OperatorError(
    `${tooMany(rejected, judged.rows, maxRejects)}, so nothing was stored.${worst} --dry-run --rejects FILE writes them all with their reasons.`,
  );
}

const tooMany = (rejected: number, rows: number, most: MaxRejects): string =>
  `${formatCount(rejected)} of ${formatCount(rows)} rows are rejected, more than --max-rejects ${formatMost(most)}`;

const formatMost = (most: MaxRejects): string =>
  "rows" in most ? String(most.rows) : `${Number((most.share * 100).toFixed(3))}%`;

type Ended = Pick<
  ImportSummary,
  "rowsRead" | "written" | "replaced" | "existing" | "rejected" | "reasons" | "interrupted"
>;

/** Why the command fails, if it does: a sentence. */
export function failureOf(ended: Ended, { judged }: FirstPass, { maxRejects }: ImportOptions): string | undefined {
  const { rowsRead, written, replaced, existing, rejected, reasons, interrupted } = ended;
  if (interrupted || rowsRead === 0) return undefined;
  if (written + replaced + existing === 0) {
    if (judged.rejected === judged.rows) return refusal({ ...judged, rows: rowsRead }, "");
    const [[kind] = [""]] = [...reasons].sort(([, a], [, b]) => b - a);
    return `None of the ${formatCount(rowsRead)} rows can be imported: ${kind}.`;
  }
  return maxRejects !== undefined && exceeds(rejected, rowsRead, maxRejects)
    ? `${tooMany(rejected, rowsRead, maxRejects)}.`
    : undefined;
}

/** A sentence on many rejected rows, where nothing was said of how many may be. */
export function warningsOf({ rowsRead, rejected }: Ended, { maxRejects }: ImportOptions): string[] {
  if (maxRejects !== undefined || rejected <= WARN_SHARE * rowsRead) return [];
  const share = Math.round((100 * rejected) / rowsRead);
  return [`Warning: ${share}% of the rows were rejected. --max-rejects 5% stores nothing where more are.`];
}
