import { encodeGeohash } from "../../../tiles/geo/geohash.ts";
import { kept } from "../../../tiles/kept.ts";
import { REPORT_LIFETIME_MS } from "../../../tiles/layers.ts";
import { type Report, roundDegrees } from "../../../tiles/report.ts";
import { formatReportId } from "../../../tiles/report-id.ts";
import { draftOfBody, fileReportSchema } from "../../reports/report-body.ts";
import type { RowTails } from "../ids/row-ids.ts";
import { type Field, type FieldValues, isField } from "./mapping.ts";
import type { TimeReader } from "./time-reader.ts";

/** Why a row is no report. `kind` is the same for all rows with the same fault, `reason` has the value. */
export interface Rejection {
  readonly kind: string;
  readonly reason: string;
}

export interface RowReportOptions {
  readonly nowMs: number;
  readonly readTime: TimeReader;
  /** Where on today's clock a time of the file lies. */
  readonly mapTime: (timeMs: number) => number;
  /** Cuts a longer text to this many code points instead of rejecting the row. */
  readonly truncateText?: number | undefined;
}

/**
 * Every imported row goes into write shard 0: its id must be the same in every run, whatever is hot then, and an import can
 * wait where DynamoDB takes only 1 000 rows a second of a cell.
 */
const SHARD = 0;
const LONGEST_QUOTED_VALUE = 60;
const EXPIRED = "is more than 90 days ago, so it has expired";

/** The report that a row tells, by the rules of `POST /api/reports` but for its category, which may be any, or why there is none. */
export function reportOfRow(values: FieldValues, tails: RowTails, options: RowReportOptions): Report | Rejection {
  const told = toldByRow(values, tails, options);
  return "report" in told ? told.report : told;
}

export interface ToldByRow {
  readonly report: Report;
  /** Ids that programs before gave it: the first of them did not cut places and times. None where none is looked for. */
  readonly formerIds: readonly string[];
}

/** The same, with the ids by which an import of old may have stored it. */
export function toldByRow(values: FieldValues, tails: RowTails, options: RowReportOptions): ToldByRow | Rejection {
  const time = options.readTime(values.time);
  if (typeof time !== "number") return rejection("time", values.time, time.problem);
  const timeMs = options.mapTime(time);
  if (timeMs > options.nowMs) return rejection("time", values.time, "is in the future");
  if (timeMs + REPORT_LIFETIME_MS < options.nowMs) return rejection("time", values.time, EXPIRED);

  const parsed = fileReportSchema.safeParse(bodyOf(values, options.truncateText));
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const field = String(issue?.path[0] ?? "");
    return rejection(field, isField(field) ? values[field] : "", issue?.message ?? "is not valid");
  }
  const draft = draftOfBody(parsed.data);
  const coarse = kept(draft.layer, draft.category, { ...draft, createdAtMs: timeMs });
  const { createdAtMs } = coarse;
  const expiresAtMs = createdAtMs + REPORT_LIFETIME_MS;
  if (expiresAtMs < options.nowMs) return rejection("time", values.time, EXPIRED);
  const idOf = (tail: string, atMs: number, { lonDeg, latDeg }: Pick<Report, "lonDeg" | "latDeg">): string => {
    const geohash5 = encodeGeohash(lonDeg, latDeg, 5);
    return formatReportId({ layer: draft.layer, shard: SHARD, createdAtMs: atMs, geohash5, tail });
  };
  const id = idOf(tails.tail, createdAtMs, coarse);
  const formerIds = new Set<string>();
  if (tails.former !== undefined) {
    const { keyed, bare } = tails.former;
    const fine = { lonDeg: roundDegrees(draft.lonDeg), latDeg: roundDegrees(draft.latDeg) };
    if (keyed !== undefined && keyed !== tails.tail) formerIds.add(idOf(keyed, createdAtMs, coarse));
    formerIds.add(idOf(bare, createdAtMs, coarse)).add(idOf(bare, timeMs, fine));
  }
  return { report: { ...draft, ...coarse, id, expiresAtMs }, formerIds: [...formerIds] };
}

/** A row as a request body: absent what is empty, and numbers where the text is one. */
function bodyOf(values: FieldValues, truncateText: number | undefined): Record<string, unknown> {
  const { text } = values;
  return {
    ...present("layer", values.layer),
    ...present("category", values.category),
    ...present("severity", numberOf(values.severity)),
    ...present("lon", numberOf(values.lon)),
    ...present("lat", numberOf(values.lat)),
    ...present("text", truncateText === undefined ? text : cutText(text, truncateText)),
  };
}

const present = (field: Field, value: string | number): Record<string, unknown> =>
  value === "" ? {} : { [field]: value };

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?$/i;

function numberOf(text: string): number | string {
  return NUMBER.test(text) ? Number(text) : text;
}

function cutText(text: string, length: number): string {
  if (text.length <= length) return text;
  const points = [...text];
  return points.length <= length ? text : `${points.slice(0, length - 1).join("")}…`;
}

function rejection(field: string, value: string, message: string): Rejection {
  const kind = `${field} ${message}`;
  if (value === "") return { kind, reason: kind };
  const quoted = value.length <= LONGEST_QUOTED_VALUE ? value : `${value.slice(0, LONGEST_QUOTED_VALUE)}…`;
  return { kind, reason: `${field} ${JSON.stringify(quoted)} ${message}` };
}
