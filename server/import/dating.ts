import { hash } from "node:crypto";
import { realpath } from "node:fs/promises";
import { OperatorError } from "../console/operator-error.ts";
import type { Mapping } from "./fields/mapping.ts";
import type { RowReportOptions } from "./fields/row-report.ts";
import type { TimeSpan } from "./fields/time.ts";
import { createTimeReader, type TimeReader } from "./fields/time-reader.ts";
import type { FirstPass } from "./first-pass.ts";
import type { ImportOptions } from "./import-options.ts";
import { mapByAnchor } from "./keeping/anchor.ts";
import { type AnchorRequest, formatMinute, keepAnchor, type PlannedAnchor, planAnchor } from "./keeping/anchors.ts";
import { findFormerEpoch } from "./keeping/former-epoch.ts";
import { patiently } from "./keeping/patiently.ts";
import type { CutRows, TypicalSpan } from "./keeping/time-counts.ts";

/** Where the times of a file's rows lie. */
export interface Dating {
  readonly mapTime: RowReportOptions["mapTime"];
  /** Of the file's times, and the now that its end was moved to; only where times are mapped. */
  readonly span?: TimeSpan;
  readonly importEpochMs?: number;
  readonly notes: readonly string[];
}

export interface DatingOptions {
  readonly options: ImportOptions;
  readonly firstPass: FirstPass;
  /** Whether programs before may have dated the file. */
  readonly looksForFormer: boolean;
  /** Is asked before anything is kept. @throws OperatorError when too many rows would be rejected */
  check(mapTime: Dating["mapTime"]): void;
}

const MOST_TRIES = 5;

/** Whether all rows are to have the moment of the file's first import: `--time =now`. */
export function isDatedNow({ sources: { time } }: Mapping): boolean {
  return time !== undefined && "constant" in time && time.constant.trim().toLowerCase() === "now";
}

/** Whether rows get other times than the file has. */
export const mapsTimes = ({ intoLastMs, mapping }: ImportOptions): boolean =>
  intoLastMs !== undefined || isDatedNow(mapping);

/** What reads a file's times, for one pass. */
export function timeReaderOf({ mapping, timeFormat, timezone, clock }: ImportOptions): TimeReader {
  if (!isDatedNow(mapping)) return createTimeReader({ format: timeFormat, zone: timezone });
  const nowMs = clock.now();
  return Object.assign(() => nowMs, { notes: () => [] });
}

/**
 * Decides where the times of a file lie, as an earlier import of it did where there was one, and keeps it for later ones; a dry run does
 * not keep it.
 * @throws OperatorError when the operator has to say what is meant
 * @throws StoreUnavailableError when the store stays away
 */
export async function dateFile({ options, firstPass, looksForFormer, check }: DatingOptions): Promise<Dating> {
  const { derived, clock, dryRun, retryMs } = options;
  if (!mapsTimes(options)) return checked({ mapTime: (timeMs) => timeMs, notes: [] }, check);
  const nowMs = clock.now();
  const span = isDatedNow(options.mapping) ? momentOf(firstPass, nowMs) : firstPass.times.typical();
  // No row can be imported: each is rejected for what it says.
  if (span === undefined) return checked({ mapTime: () => nowMs, notes: [] }, check);

  const request = await requestOf({ options, firstPass, looksForFormer, span, nowMs });
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const planned = await patiently(() => planAnchor(derived, request), retryMs);
    const dating = checked(datingBy(planned, span, nowMs), check);
    if (dryRun || (await patiently(() => keepAnchor(derived, planned), retryMs))) return dating;
  }
  throw new OperatorError(`Other imports of ${options.path} begin all the time: run the same command again.`);
}

function checked(dating: Dating, check: DatingOptions["check"]): Dating {
  check(dating.mapTime);
  return dating;
}

const momentOf = ({ judged }: FirstPass, nowMs: number): TypicalSpan | undefined =>
  judged.rejected < judged.rows ? { oldestMs: nowMs, newestMs: nowMs } : undefined;

interface RequestParts extends Omit<DatingOptions, "check"> {
  readonly span: TypicalSpan;
  readonly nowMs: number;
}

async function requestOf({ options, firstPass, looksForFormer, span, nowMs }: RequestParts): Promise<AnchorRequest> {
  const { path, store, clock, mapping, intoLastMs, dryRun, anchor, newImportEpoch = false } = options;
  const { contentHash, sketch, readableSpan } = firstPass;
  return {
    shownPath: path,
    file: {
      path: path === "-" ? undefined : await realpath(path).catch(() => path),
      contentHash,
      timeReading: timeReadingOf(options),
    },
    least: sketch.least(),
    span,
    lastMs: isDatedNow(mapping) ? 0 : (intoLastMs ?? 0),
    nowMs,
    name: anchor,
    renew: newImportEpoch,
    countTimes: firstPass.times.count,
    async findFormer() {
      if (!looksForFormer || dryRun || intoLastMs === undefined || readableSpan === undefined) return undefined;
      const epochMs = await findFormerEpoch({ store, clock, contentHash, intoLastMs, mapping });
      return epochMs === undefined ? undefined : { ...readableSpan, epochMs, latestMs: epochMs, lastMs: intoLastMs };
    },
  };
}

function timeReadingOf({ mapping, timeFormat, timezone }: ImportOptions): string {
  const { sources, values } = mapping;
  const parts = [sources.time ?? null, [...(values.time ?? [])].sort(), timeFormat ?? null, timezone ?? null];
  return hash("sha256", JSON.stringify(parts), "hex").slice(0, 16);
}

function datingBy({ anchor, isKept }: PlannedAnchor, found: TypicalSpan, nowMs: number): Dating {
  const mapTime = mapByAnchor(anchor, nowMs);
  const { epochMs, lastMs, oldestMs, newestMs } = anchor;
  if (lastMs === 0) {
    const first = isKept ? ", the moment of the first import of this file (--new-anchor: now)" : "";
    return { mapTime, notes: [`All rows are dated ${formatMinute(epochMs)} UTC${first}.`] };
  }
  const notes = isKept
    ? []
    : [found.before, found.after].flatMap((rows) => (rows === undefined ? [] : [cutNote(rows)]));
  return { mapTime, span: { oldestMs, newestMs }, importEpochMs: epochMs, notes };
}

function cutNote({ rows, oldestMs, newestMs }: CutRows): string {
  const [from, to] = [formatMinute(oldestMs), formatMinute(newestMs)];
  const dated = rows === 1 ? `1 row, dated ${from}, lies` : `${rows} rows, dated ${from} to ${to}, lie`;
  return `${dated} so far from the others that ${rows === 1 ? "it was" : "they were"} rejected instead of stretching the time span.`;
}
