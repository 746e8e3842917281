import { type Dating, dateFile, mapsTimes } from "./dating.ts";
import { openSource, type Source } from "./files/source.ts";
import { readFirstPass } from "./first-pass.ts";
import type { ImportOptions, ImportSummary } from "./import-options.ts";
import { findRemembered } from "./keeping/remembered.ts";
import { checkMaxRejects, failureOf, warningsOf } from "./outcome.ts";
import { applyProfile, noteOfSource } from "./profiles/apply-profile.ts";
import { readFirstColumns } from "./profiles/first-columns.ts";
import { mapColumns } from "./profiles/map-columns.ts";
import { withRowsIn } from "./profiles/rows-in.ts";
import { prepareRejects } from "./rejects.ts";
import { SAMPLE_ROWS } from "./sample.ts";
import { identityOf, knowsRows, rowsToRead, rulesOf, storeFailure, storeRows } from "./second-pass.ts";

/**
 * Imports a file in two passes, each in memory that does not grow with the file: the first finds the span of times, the
 * number of rows and whether the file can be read at all; the second stores. Ids come from the rows and a key of the store, so a second import
 * of a file, or of one that was interrupted, writes only what is not there.
 * @throws OperatorError when the file or the mapping is at fault, or the store stays away; rows of bad content never are.
 */
export async function importFile(given: ImportOptions): Promise<ImportSummary> {
  const applied = await withRowsIn(applyProfile(given));
  const source = await openSource(applied.path, applied);
  const summary = await importSource(applied, source).finally(source.close);
  const isKnownById = given.mapping.id !== undefined || given.profile?.columns.id !== undefined;
  return { ...summary, notes: [...summary.notes, ...noteOfSource(given, isKnownById)] };
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
  const identity = identityOf(options, remembered, source);
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
