import { OperatorError } from "../console/operator-error.ts";
import type { Clock } from "../ports/clock.ts";
import type { DerivedStore } from "../ports/derived-store.ts";
import { type ReportStore, StoreUnavailableError } from "../ports/report-store.ts";
import { type Dating, dateFile, mapsTimes, timeReaderOf } from "./dating.ts";
import { digestedFields } from "./fields/digested-fields.ts";
import { createFindings } from "./fields/findings.ts";
import { createFieldReader, type Mapping } from "./fields/mapping.ts";
import type { PlaceOptions } from "./fields/place.ts";
import { type RowReportOptions, toldByRow } from "./fields/row-report.ts";
import type { TimeSpan } from "./fields/time.ts";
import type { TimeFormat } from "./fields/time-format.ts";
import type { Row } from "./files/row.ts";
import { openSource, type Source, type SourceOptions } from "./files/source.ts";
import { type FirstPass, readFirstPass } from "./first-pass.ts";
import { createRowIdentity, type RowIdentity } from "./ids/row-identity.ts";
import { identifyByIds } from "./ids/rows-of-ids.ts";
import { findFormerLayers } from "./keeping/former-layers.ts";
import { noteKnownOtherwise } from "./keeping/known-otherwise.ts";
import { openRun } from "./keeping/open-run.ts";
import { patiently } from "./keeping/patiently.ts";
import { findRemembered, type Remembered } from "./keeping/remembered.ts";
import { listRuns } from "./keeping/run-items.ts";
import type { ReportWriter } from "./keeping/writer.ts";
import { checkMaxRejects, failureOf, type MaxRejects, warningsOf } from "./outcome.ts";
import { applyProfile } from "./profiles/apply-profile.ts";
import { readFirstColumns } from "./profiles/first-columns.ts";
import { mapColumns } from "./profiles/map-columns.ts";
import type { Profile } from "./profiles/profile.ts";
import { withRowsIn } from "./profiles/rows-in.ts";
import { formatCount } from "./progress.ts";
import { type PreparedRejects, prepareRejects } from "./rejects.ts";
import { SAMPLE_ROWS } from "./sample.ts";

export interface ImportOptions extends SourceOptions {
  readonly path: string;
  readonly mapping: Mapping;
  /** What is known of the file's source; what the other options say wins. */
  readonly profile?: Profile | undefined;
  readonly store: Pick<ReportStore, "putMany" | "getMany" | "readCell" | "edit" | "remember" | "isEmpty">;
  readonly derived: DerivedStore;
  readonly clock: Clock;
  /** Whose ids `mapping.id` are: a name. Default: `file`. */
  readonly source?: string | undefined;
  /** What times mean that can mean more than one thing. Default: `iso`, which rejects them. */
  readonly timeFormat?: TimeFormat | undefined;
  /** IANA name of the zone of times that tell none. Default: UTC, and a note. */
  readonly timezone?: string | undefined;
  /** Maps the file's time span onto this many milliseconds before now, or before the now of the first such import. */
  readonly intoLastMs?: number | undefined;
  /** Forgets that now: the file's rows become new reports. */
  readonly newImportEpoch?: boolean | undefined;
  /** By which the operator knows that now again, whatever the file is called and has become. */
  readonly anchor?: string | undefined;
  /** Fails when more rows are rejected, before anything is stored. Default: any number, with a warning. */
  readonly maxRejects?: MaxRejects | undefined;
  /** Reads only so many rows. */
  readonly limit?: number | undefined;
  /** Checks every row, but stores nothing. */
  readonly dryRun?: boolean | undefined;
  /** Cuts longer texts to so many code points instead of rejecting their rows. */
  readonly truncateText?: number | undefined;
  /** Makes categories and texts fit instead of rejecting the rows and leaving the texts out. */
  readonly clean?: boolean | undefined;
  readonly place?: PlaceOptions | undefined;
  /** Default: the path and `.rejects.csv`, `.tsv` or `.ndjson`; in a dry run none. */
  readonly rejectsPath?: string | undefined;
  /** What that default begins with in place of the path, for a file that is nowhere where the operator looks. */
  readonly rejectsBase?: string | undefined;
  /** First wait when the store is unavailable. */
  readonly retryMs?: number | undefined;
  /** When aborted, what was read is stored and the import resolves with `interrupted`. */
  readonly signal?: AbortSignal | undefined;
  onProgress?(progress: ImportProgress): void;
}

/** "first pass" is the first pass, which stores nothing; "import" the second. */
export interface ImportProgress {
  readonly phase: "first-pass" | "import";
  readonly rows: number;
  /** Known from the second pass on. */
  readonly totalRows?: number;
  readonly bytes: number;
  readonly totalBytes: number;
  readonly written: number;
  readonly existing: number;
  readonly rejected: number;
}

/** rowsRead = written + replaced + existing + rejected, always. */
export interface ImportSummary {
  readonly rowsRead: number;
  /** New in the store; in a dry run what would be written or is there. */
  readonly written: number;
  /** Rows whose ids are known, and which say something else than before. */
  readonly replaced: number;
  readonly existing: number;
  readonly rejected: number;
  /** The run's, by which it can be taken back; only where something was stored. */
  readonly runId?: string | undefined;
  /** How many rows were rejected for which kind of reason. */
  readonly reasons: ReadonlyMap<string, number>;
  /** Where they are; only when there are any. */
  readonly rejectsPath?: string;
  /** Lines without content, which are not rows. */
  readonly blankLines: number;
  /** Of the times in the file that were mapped, without what was cut. */
  readonly span?: TimeSpan;
  /** The now that the file's newest row was mapped to. */
  readonly importEpochMs?: number;
  readonly interrupted: boolean;
  /** Why the import counts as failed, as a sentence; left out where it does not. */
  readonly failure?: string;
  /** Sentences for the operator: what was guessed, what looks wrong, and what to say instead. */
  readonly notes: readonly string[];
}

/**
 * Imports a file in two passes, each in memory that does not grow with the file: the first finds the span of times, the
 * number of rows and whether the file can be read at all; the second stores. Ids come from the rows and a key of the store, so a second import
 * of a file, or of one that was interrupted, writes only what is not there.
 * @throws OperatorError when the file or the mapping is at fault, or the store stays away; rows of bad content never are.
 */
export async function importFile(given: ImportOptions): Promise<ImportSummary> {
  const applied = await withRowsIn(applyProfile(given));
  const source = await openSource(applied.path, applied);
  return importSource(applied, source).finally(source.close);
}

async function importSource(applied: ImportOptions, source: Source): Promise<ImportSummary> {
  const { signal, onProgress, profile } = applied;
  const rejects = await prepareRejects(applied, source.rejectsEnding);
  const mapping = profile ? mapColumns(profile, applied.mapping, await readFirstColumns(source)) : applied.mapping;
  const options = { ...applied, mapping };
  const totalBytes = source.sizeBytes;
  const nothing = { written: 0, replaced: 0, existing: 0, rejected: 0 };
  const patientStore = <T>(act: Promise<T>): Promise<T> =>
    act.catch((error: unknown) => {
      throw storeFailure(error, nothing);
    });
  const dryRun = options.dryRun && !(await patientStore(knowsRows(options)));
  const remembered = await patientStore(findRemembered({ ...options, dryRun }));
  const identity = identityOf(options, remembered);
  const firstPass = await readFirstPass({
    source,
    mapping,
    identity,
    rules: { ...rulesOf(options), mapsTimes: mapsTimes(options) },
    judgedRows: judgedRowsOf(options),
    signal,
    onProgress: (progress) => onProgress?.({ phase: "first-pass", ...progress, totalBytes, ...nothing }),
  });
  if (signal?.aborted)
    return { rowsRead: 0, ...nothing, reasons: new Map(), blankLines: 0, interrupted: true, notes: [] };

  const check = (mapTime: Dating["mapTime"]): void => {
    const unmapped = firstPass.times.count((timeMs) => typeof mapTime(timeMs) !== "number");
    checkMaxRejects(firstPass, unmapped, options);
  };
  const { looksForFormer } = remembered;
  const dating = await patientStore(dateFile({ options, firstPass, looksForFormer, check }));
  const counts = await storeRows({ options, source, identity, firstPass, remembered, dating, rejects });
  const interrupted = signal?.aborted === true && counts.rowsRead < rowsToRead(options, firstPass);
  const ended = { ...counts, interrupted };
  const failure = failureOf(ended, firstPass, options);
  const { span, importEpochMs } = dating;
  return {
    ...ended,
    ...(span && { span }),
    ...(importEpochMs !== undefined && { importEpochMs }),
    ...(failure !== undefined && { failure }),
    notes: [...dating.notes, ...counts.notes, ...(failure === undefined ? warningsOf(ended, options) : [])],
  };
}

/** All rows, where all are needed: for the span that is mapped, and to end before anything is stored. */
function judgedRowsOf({ intoLastMs, maxRejects, limit = Number.POSITIVE_INFINITY }: ImportOptions): number {
  if (intoLastMs !== undefined) return Number.POSITIVE_INFINITY;
  return maxRejects === undefined ? Math.min(SAMPLE_ROWS, limit) : limit;
}

const rowsToRead = ({ limit }: ImportOptions, { rows }: FirstPass): number => Math.min(limit ?? rows, rows);

interface SecondPass {
  readonly options: ImportOptions;
  readonly source: Source;
  readonly identity: RowIdentity;
  readonly firstPass: FirstPass;
  readonly remembered: Remembered;
  readonly dating: Dating;
  readonly rejects: PreparedRejects;
}

type Counts = Pick<
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

async function storeRows(pass: SecondPass): Promise<Counts> {
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
    reasons.set(kind, (reasons.get(kind) ?? 0) + 1);
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
async function knowsRows(options: ImportOptions): Promise<boolean> {
  const source = sourceOfIds(options);
  if (source === undefined) return false;
  const runs = await patiently(() => listRuns(options.derived), options.retryMs);
  return runs.some(({ run }) => run.source === source);
}

function identityOf(options: ImportOptions, { looksForFormer }: Remembered): RowIdentity {
  const { mapping, source = "file", limit } = options;
  const fields = digestedFields(mapping);
  if (mapping.id === undefined) return createRowIdentity({ fields, looksForFormer });
  return identifyByIds({ fields, column: mapping.id.column, source, limit });
}

const repeatedNote = (rows: number): string =>
  `${formatCount(rows)} rows have an id that a later row of the file has too: the last one of each counts.`;

/** By which rows are judged in both passes. */
function rulesOf(options: ImportOptions): Omit<RowReportOptions, "mapTime"> {
  const { clock, truncateText, clean, place } = options;
  return { nowMs: clock.now(), readTime: timeReaderOf(options), truncateText, clean, place };
}

function rowOptionsOf({ options, firstPass: { isProjected }, dating: { mapTime } }: SecondPass): RowReportOptions {
  return { ...rulesOf(options), mapTime, place: { ...options.place, isProjected } };
}

function storeFailure(error: unknown, { written, existing }: Pick<ReportWriter, "written" | "existing">): unknown {
  if (!(error instanceof StoreUnavailableError)) return error;
  return new OperatorError(
    `The store stopped answering (${error.message}) after ${written} reports were written and ${existing} found there. ` +
      "Run the same command again: it goes on with what is missing.",
  );
}
