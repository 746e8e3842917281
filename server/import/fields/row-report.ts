import { encodeGeohash } from "../../../tiles/geo/geohash.ts";
import { kept } from "../../../tiles/kept.ts";
import { REPORT_LIFETIME_MS, type ReportLayer } from "../../../tiles/layers.ts";
import { type Report, roundDegrees } from "../../../tiles/report.ts";
import { formatReportId } from "../../../tiles/report-id.ts";
import { draftOfBody, type FileReport, fileReportSchema, MAX_TEXT } from "../../reports/report-body.ts";
import type { RowTails } from "../ids/row-ids.ts";
import { cleanCategory, cleanFileText, cutText, withFewMarks } from "./clean.ts";
import { type Field, type FieldValues, isField } from "./mapping.ts";
import { type Place, type PlaceOptions, placeOfRow } from "./place.ts";
import { showValue } from "./show-value.ts";
import type { TimeReader } from "./time-reader.ts";

/** Why a row is no report. `kind` is the same for all rows with the same fault, `reason` has the value. */
export interface Rejection {
  readonly kind: string;
  readonly reason: string;
  /** `place` and `point` besides those of a mapping. */
  readonly field: string;
  /** "" where it is missing. */
  readonly value: string;
}

export interface RowReportOptions {
  readonly nowMs: number;
  readonly readTime: TimeReader;
  /** Where on today's clock a time of the file lies, or why it lies nowhere: the same sentence for every such time. */
  readonly mapTime: (timeMs: number) => number | { readonly problem: string };
  /** Cuts a longer text to this many code points instead of rejecting the row. */
  readonly truncateText?: number | undefined;
  /** Makes categories and texts fit instead of rejecting the rows and leaving the texts out. */
  readonly clean?: boolean | undefined;
  readonly place?: PlaceOptions | undefined;
  /** Layers in which an import before may have put the row. Default: none but its own. */
  readonly formerLayers?: readonly ReportLayer[] | undefined;
}

/**
 * Every imported row goes into write shard 0: its id must be the same in every run, whatever is hot then, and an import can
 * wait where DynamoDB takes only 1 000 rows a second of a cell.
 */
const SHARD = 0;
const BAD_BYTES = "has bytes that are not of the file's encoding: --encoding names another";
const EXPIRED = "is more than 90 days ago, so it has expired";
const FUTURE = "is in the future";

/** Whether a row was understood, and is no report only because of its age. */
export const isOutOfTime = ({ kind }: Pick<Rejection, "kind">): boolean =>
  kind === `time ${EXPIRED}` || kind === `time ${FUTURE}`;

/** The report that a row tells, by the rules of `POST /api/reports` but for its category, which may be any, and for a text that is unfit, which it goes without, or why there is none. */
export function reportOfRow(values: FieldValues, tails: RowTails, options: RowReportOptions): Report | Rejection {
  const told = toldByRow(values, tails, options);
  return "report" in told ? told.report : told;
}

export interface ToldByRow {
  readonly report: Report;
  /** Ids that programs before gave it: the first of them did not cut places and times. None where none is looked for. */
  readonly formerIds: readonly string[];
  /** As the file has it, before anything is cut. */
  readonly place: Place;
  /** What is not as the file has it. */
  readonly changes: readonly Change[];
}

/** A value that was made fit, or a text that was left out because it is not. */
export interface Change {
  readonly field: "category" | "text";
  readonly from: string;
  /** `undefined`: left out. */
  readonly to?: string;
  /** Why it was left out; completes a sentence that begins with the field. */
  readonly why?: string;
}

/** The same, with the ids by which an import of old may have stored it. */
export function toldByRow(values: FieldValues, tails: RowTails, options: RowReportOptions): ToldByRow | Rejection {
  const damaged = values.damaged?.find((field) => field !== "text");
  if (damaged !== undefined) return rejection(damaged, values[damaged] ?? "", BAD_BYTES);
  const time = options.readTime(values.time);
  if (typeof time !== "number") return rejection("time", values.time, time.problem);
  const timeMs = options.mapTime(time);
  if (typeof timeMs === "number") {
    if (timeMs > options.nowMs) return rejection("time", values.time, FUTURE);
    if (timeMs + REPORT_LIFETIME_MS < options.nowMs) return rejection("time", values.time, EXPIRED);
  }

  const place = placeOfRow(values, options.place ?? {});
  if ("message" in place) return rejection(place.field, place.value, place.message);
  const fit = fitBody(values, place, options);
  if ("kind" in fit) return fit;
  // A row that is no report in any case did not count for where times are mapped to.
  if (typeof timeMs !== "number") return rejection("time", values.time, timeMs.problem);
  const draft = draftOfBody(fit.body);
  const coarse = kept(draft.layer, draft.category, { ...draft, createdAtMs: timeMs });
  const { createdAtMs } = coarse;
  const expiresAtMs = createdAtMs + REPORT_LIFETIME_MS;
  if (expiresAtMs < options.nowMs) return rejection("time", values.time, EXPIRED);
  const idOf = (tail: string, atMs: number, { lonDeg, latDeg }: Place, layer = draft.layer): string => {
    const geohash5 = encodeGeohash(lonDeg, latDeg, 5);
    return formatReportId({ layer, shard: SHARD, createdAtMs: atMs, geohash5, tail });
  };
  const id = idOf(tails.tail, createdAtMs, coarse);
  const formerIds = new Set<string>();
  if (tails.former !== undefined) {
    const { keyed, bare } = tails.former;
    const fine = { lonDeg: roundDegrees(draft.lonDeg), latDeg: roundDegrees(draft.latDeg) };
    if (keyed !== undefined && keyed !== tails.tail) formerIds.add(idOf(keyed, createdAtMs, coarse));
    formerIds.add(idOf(bare, createdAtMs, coarse)).add(idOf(bare, timeMs, fine));
  }
  for (const layer of options.formerLayers ?? []) {
    if (layer === draft.layer) continue;
    const there = kept(layer, draft.category, { ...draft, createdAtMs: timeMs });
    formerIds.add(idOf(tails.tail, there.createdAtMs, there, layer));
  }
  return { report: { ...draft, ...coarse, id, expiresAtMs }, formerIds: [...formerIds], place, changes: fit.changes };
}

interface FitBody {
  readonly body: FileReport;
  readonly changes: readonly Change[];
}

/** A row as a request body that passes the checks of one, with what was changed for that. A text is optional: one that does not pass is left out. */
function fitBody(read: FieldValues, { lonDeg, latDeg }: Place, options: RowReportOptions): FitBody | Rejection {
  const values = { ...read, category: withFewMarks(read.category), text: withFewMarks(read.text) };
  const category = options.clean ? cleanCategory(values.category) : values.category;
  const isLost = !options.clean && values.damaged?.includes("text") === true;
  const text = isLost ? "" : fitText(values.text, options);
  const body = {
    ...present("layer", values.layer),
    ...present("category", category),
    ...present("severity", numberOf(values.severity, options.place?.decimalComma)),
    ...{ lon: lonDeg, lat: latDeg, text },
  };
  const changes: Change[] = [
    ...(category === values.category || category === values.category.normalize("NFC")
      ? []
      : [{ field: "category", from: values.category, to: category } as const]),
    ...(text === values.text
      ? []
      : [{ field: "text", from: values.text, ...(isLost ? { why: BAD_BYTES } : { to: text }) } as const]),
  ];
  const parsed = fileReportSchema.safeParse(body);
  if (parsed.success) return { body: parsed.data, changes };
  const issue = parsed.error.issues.find(({ path }) => path[0] !== "text");
  if (issue !== undefined) {
    const field = String(issue.path[0] ?? "");
    return rejection(field, isField(field) ? values[field] : "", issue.message);
  }
  const why = parsed.error.issues[0]?.message ?? "is not valid";
  const withoutText = fileReportSchema.parse({ ...body, text: undefined });
  return { body: withoutText, changes: [...changes, { field: "text", from: values.text, why }] };
}

function fitText(text: string, { clean, truncateText }: RowReportOptions): string {
  const length = truncateText ?? (clean ? MAX_TEXT : undefined);
  const cleaned = clean ? cleanFileText(text) : text;
  return length === undefined ? cleaned : cutText(cleaned, length);
}

const present = (field: Field, value: string | number): Record<string, unknown> =>
  value === "" ? {} : { [field]: value };

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?$/i;

function numberOf(text: string, decimalComma = false): number | string {
  const number = decimalComma ? text.replace(/^([+-]?\d+),(\d+)$/, "$1.$2") : text;
  return NUMBER.test(number) ? Number(number) : text;
}

function rejection(field: string, value: string, message: string): Rejection {
  const kind = `${field} ${message}`;
  if (value === "") return { kind, reason: kind, field, value };
  return { kind, field, value, reason: `${field} ${showValue(value)} ${message}` };
}
