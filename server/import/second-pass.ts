import { OperatorError } from "../console/operator-error.ts";
import { StoreUnavailableError } from "../ports/report-store.ts";
import { type Dating, timeReaderOf } from "./dating.ts";
import { digestedFields } from "./fields/digested-fields.ts";
import { createFindings } from "./fields/findings.ts";
import { createFieldReader } from "./fields/mapping.ts";
import { type RowReportOptions, toldByRow } from "./fields/row-report.ts";
import type { Row } from "./files/row.ts";
import type { Source } from "./files/source.ts";
import type { FirstPass } from "./first-pass.ts";
import { createRowIdentity, type RowIdentity } from "./ids/row-identity.ts";
import { identifyByIds } from "./ids/rows-of-ids.ts";
import type { ImportOptions, ImportSummary } from "./import-options.ts";
import { findFormerLayers } from "./keeping/former-layers.ts";
import { noteKnownOtherwise } from "./keeping/known-otherwise.ts";
import { openRun } from "./keeping/open-run.ts";
import { patiently } from "./keeping/patiently.ts";
import type { Remembered } from "./keeping/remembered.ts";
import { listRuns } from "./keeping/run-items.ts";
import type { ReportWriter } from "./keeping/writer.ts";
import { formatCount } from "./progress.ts";
import type { PreparedRejects } from "./rejects.ts";

/** Of the file's, or as many as were asked for. */
export const rowsToRead = ({ limit }: ImportOptions, { rows }: FirstPass): number => Math.min(limit ?? rows, rows);

/** All that the second pass goes by. */
export interface SecondPass {
  readonly options: ImportOptions;
  readonly source: Source;
  readonly identity: RowIdentity;
  readonly firstPass: FirstPass;
  readonly remembered: Remembered;
  readonly dating: Dating;
  readonly rejects: PreparedRejects;
}

/** What it comes to. */
export type Counts = Pick<
  ImportSummary,
  | "rowsRead"
  | "written"
  | "replaced"
  | "existing"
  | "rejected"
  | "rejectsPath"
  | "runId"
  | "reasons"
  | "blankLines"
  | "notes"
>;

/** Names out of a file are in some reasons: of more than so many different ones the rest is counted together. */
const MOST_REASONS = 1000;
const ANY_OTHER = "something else";

/** Reads the file again and stores its rows, or counts them in a dry run. @throws OperatorError when the store stays away */
export async function storeRows(pass: SecondPass): Promise<Counts> {
  const { options, source, identity, firstPass, remembered } = pass;
  const { mapping, signal, onProgress } = options;
  const totalRows = rowsToRead(options, firstPass);
  const reader = source.rows();
  const rejects = pass.rejects.open(reader.rejects);
  const fieldsOf = createFieldReader(mapping, reader.columns);
  const tailsOf = identity.naming(reader.columns, remembered.rowKey);
  const reasons = new Map<string, number>();
  const findings = createFindings(options);
  const formerLayers = await findFormerLayers(options).catch((error: unknown) => {
    throw storeFailure(error, { written: 0, existing: 0 });
  });
  const rowOptions = { ...rowOptionsOf(pass), formerLayers };
  let [rowsRead, rejected, repeated, bytes] = [0, 0, 0, 0];

  const openedRun = await openRun({
    ...options,
    rowKey: remembered.rowKey,
    source: sourceOfIds(options),
    onBatch: () => tell(),
  }).catch((error: unknown) => {
    throw storeFailure(error, { written: 0, existing: 0 });
  });
  const { writer } = openedRun;
  const tell = (): void => {
    const { written, existing } = writer;
    const sizes = { bytes, totalBytes: source.sizeBytes };
    onProgress?.({ phase: "import", rows: rowsRead, totalRows, ...sizes, written, existing, rejected });
  };

  async function reject(row: Row, kind: string, reason: string): Promise<void> {
    rejected++;
    const told = reasons.has(kind) || reasons.size < MOST_REASONS ? kind : ANY_OTHER;
    reasons.set(told, (reasons.get(told) ?? 0) + 1);
    await rejects.add(row, reason);
  }

  /** False when no further row is wanted. */
  async function take(rows: Iterable<Row>): Promise<boolean> {
    for (const row of rows) {
      if (rowsRead === totalRows || signal?.aborted) return false;
      rowsRead++;
      if (row.problem !== undefined) {
        await reject(row, row.problem, row.problem);
        continue;
      }
      const tails = tailsOf(row);
      if (tails.isRepeated) {
        repeated++;
        writer.addRepeated();
        continue;
      }
      if (tails.fault !== undefined) {
        await reject(row, tails.fault, tails.fault);
        continue;
      }
      const result = toldByRow(fieldsOf(row), tails, rowOptions);
      if ("kind" in result) {
        findings.rejected(result);
        await reject(row, result.kind, result.reason);
      } else {
        findings.accepted(result);
        await writer.add(result, tails.key);
      }
    }
    return true;
  }

  try {
    let more = totalRows > 0;
    for await (const chunk of source.read((size) => (bytes = size))) {
      more &&= await take(reader.push(chunk));
      if (!more) break;
      tell();
    }
    if (more) await take(reader.end());
    await writer.finish();
    await openedRun.close(rowsRead === totalRows ? "done" : "stopped", rejected);
  } catch (error) {
    await rejects.discard();
    await writer.abandon();
    await openedRun.close("running", rejected).catch(() => {});
    throw storeFailure(error, writer);
  }
  const rejectsPath = await rejects.finish();
  tell();
  const { written, replaced, existing } = writer;
  // Rows that were not read may have the values that no rule met.
  const unmet = rowsRead === firstPass.rows ? fieldsOf.unmetRules() : [];
  const notes = [
    ...findings.notes(unmet),
    ...rowOptions.readTime.notes(),
    ...pass.rejects.notes(rejectsPath, rejected),
  ];
  if (repeated > 0) notes.push(repeatedNote(repeated));
  // What is stored is stored: a store that stays away now costs the warning only.
  if (written > 0)
    notes.push(...(await noteKnownOtherwise({ ...options, source: sourceOfIds(options) }).catch(() => [])));
  const { runId } = openedRun;
  const counts = {
    rowsRead,
    written,
    replaced,
    existing,
    runId,
    rejected,
    reasons,
    blankLines: reader.blankLines,
    notes,
  };
  return { ...counts, ...(rejectsPath !== undefined && { rejectsPath }) };
}

const sourceOfIds = ({ mapping, source = "file" }: ImportOptions): string | undefined =>
  mapping.id === undefined ? undefined : source;

/** Whether there are rows that a dry run can compare with. */
export async function knowsRows(options: ImportOptions): Promise<boolean> {
  const source = sourceOfIds(options);
  if (source === undefined) return false;
  const runs = await patiently(() => listRuns(options.derived), options.retryMs);
  return runs.some(({ run }) => run.source === source);
}

/** Which report a row is: by its id, or by what it tells. */
export function identityOf(
  options: ImportOptions,
  { looksForFormer }: Remembered,
  { sizeBytes }: Pick<Source, "sizeBytes">,
): RowIdentity {
  const { mapping, source = "file", limit } = options;
  const fields = digestedFields(mapping);
  if (mapping.id === undefined) return createRowIdentity({ fields, looksForFormer, sizeBytes });
  return identifyByIds({ fields, column: mapping.id.column, source, limit });
}

const repeatedNote = (rows: number): string =>
  `${rows === 1 ? "1 row has" : `${formatCount(rows)} rows have`} an id that a later row of the file has too: the last one of each that can be imported counts.`;

/** By which rows are judged in both passes. */
export function rulesOf(options: ImportOptions): Omit<RowReportOptions, "mapTime"> {
  const { clock, truncateText, clean, place } = options;
  return { nowMs: clock.now(), readTime: timeReaderOf(options), truncateText, clean, place };
}

function rowOptionsOf({ options, firstPass: { isProjected }, dating: { mapTime } }: SecondPass): RowReportOptions {
  return { ...rulesOf(options), mapTime, place: { ...options.place, isProjected } };
}

/** An error as it is told, where the store was away. */
export function storeFailure(
  error: unknown,
  { written, existing }: Pick<ReportWriter, "written" | "existing">,
): unknown {
  if (!(error instanceof StoreUnavailableError)) return error;
  return new OperatorError(
    `The store stopped answering (${error.message}) after ${written} reports were written and ${existing} found there. ` +
      "Run the same command again: it goes on with what is missing.",
  );
}
