import type { Report } from "../../tiles/report.ts";
import type { Cause, ModerationCase } from "./case.ts";

/** A report that can be moderated, whether it is shown or not. */
export interface Subject {
  readonly report: Report;
  readonly city?: string;
  readonly known?: ModerationCase;
}

export interface SubjectOptions {
  /** Id of the city that a report lies in. */
  cityOf(report: Report): Promise<string | undefined>;
}

/** A report of which there is no case. */
export async function subjectIn({ cityOf }: SubjectOptions, report: Report): Promise<Subject> {
  const city = await cityOf(report);
  return { report, ...(city !== undefined && { city }) };
}

export const subjectOf = (known: ModerationCase): Subject => ({
  report: known.report,
  ...(known.city !== undefined && { city: known.city }),
  known,
});

/** Its case before anything was done. */
export const newCase = ({ report, city }: Subject, cause: Cause): ModerationCase => ({
  report,
  ...(city !== undefined && { city }),
  state: "shown",
  cause,
  history: [],
});
