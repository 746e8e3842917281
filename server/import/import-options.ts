import type { Clock } from "../ports/clock.ts";
import type { DerivedStore } from "../ports/derived-store.ts";
import type { ReportStore } from "../ports/report-store.ts";
import type { Mapping } from "./fields/mapping.ts";
import type { PlaceOptions } from "./fields/place.ts";
import type { TimeSpan } from "./fields/time.ts";
import type { TimeFormat } from "./fields/time-format.ts";
import type { SourceOptions } from "./files/source.ts";
import type { MaxRejects } from "./outcome.ts";
import type { Profile } from "./profiles/profile.ts";

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
