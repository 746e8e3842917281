import { OperatorError } from "../console/operator-error.ts";
import { adviseOn } from "./fields/advice.ts";
import { isOutOfTime, type Rejection } from "./fields/row-report.ts";

/** So many rows of a file are judged before the rest is read. */
export const SAMPLE_ROWS = 1000;

/** What the first pass found of the rows that it judged. */
export interface Judged {
  readonly rows: number;
  readonly rejected: number;
  /** Rejected for another reason than their age. */
  readonly unreadable: number;
  /** The most frequent reason for which rows were rejected. */
  readonly worst?: Reason;
}

export interface Reason {
  readonly kind: string;
  /** Empty where the row could not be read at all. */
  readonly field: string;
  readonly count: number;
  /** The first row's, with its value. */
  readonly example: string;
  /** The values of the first rows, as far as they are kept. */
  readonly values: readonly string[];
}

export interface Judging {
  take(rejection: Rejection | undefined): void;
  readonly judged: Judged;
}

/** Other reasons than so many are counted, and not told apart. */
const MOST_REASONS = 100;
const KEPT_VALUE_LENGTH = 100;

export function createJudging(): Judging {
  const reasons = new Map<string, { field: string; count: number; example: string; values: string[] }>();
  let [rows, rejected, unreadable] = [0, 0, 0];

  return {
    take(rejection) {
      rows++;
      if (rejection === undefined) return;
      rejected++;
      if (!isOutOfTime(rejection)) unreadable++;
      const known = reasons.get(rejection.kind);
      if (known === undefined && reasons.size === MOST_REASONS) return;
      const { field, value } = rejection;
      const reason = known ?? { field, count: 0, example: rejection.reason, values: [] };
      reason.count++;
      if (reason.values.length < SAMPLE_ROWS && value !== "") reason.values.push(value.slice(0, KEPT_VALUE_LENGTH));
      reasons.set(rejection.kind, reason);
    },
    get judged() {
      const [worst] = [...reasons].sort(([, a], [, b]) => b.count - a.count);
      return {
        rows,
        rejected,
        unreadable,
        ...(worst && { worst: { kind: worst[0], ...worst[1] } }),
      };
    },
  };
}

/** Whether rows were judged, none of them can be imported, and not for their age alone. */
export const isHopeless = ({ rows, rejected, unreadable }: Judged): boolean =>
  rows > 0 && rejected === rows && unreadable > 0;

/** Why none of the rows that were judged can be imported, and what to say instead. */
export function refusal({ rows, worst }: Judged, which: string): string {
  const of = rows === 1 ? `The ${which}row cannot` : `None of the ${which}${rows} rows can`;
  const reason = worst === undefined ? "" : `: ${worst.example}`;
  const advice = worst && adviceFor(worst);
  return `${of} be imported${reason}.${advice === undefined ? "" : ` ${advice}`}`;
}

function adviceFor({ kind, field, values }: Reason): string | undefined {
  if (isOutOfTime({ kind })) {
    return kind.includes("ago") ? "--into-last 89d moves old times into the last 89 days." : undefined;
  }
  return adviseOn(field, values);
}

/** @throws OperatorError when no row of the sample can be imported, and reading the rest would only take time */
export function checkSample(judged: Judged): void {
  if (isHopeless(judged)) throw new OperatorError(refusal(judged, "first "));
}
