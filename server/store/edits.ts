import type { Report } from "../../tiles/report.ts";
import type { EditedReport, ReportEdit } from "../ports/report-store.ts";
import { editedOfSortKey } from "./keys.ts";
import { isLive } from "./log-changes.ts";
import {
  contentOf,
  type EditedRow,
  type EditedState,
  type ReportContent,
  type ReportRow,
  reportOfRow,
} from "./rows.ts";

/** What an edit makes of a report: everything that is known of it beside its row. */
export interface EditedVersion {
  readonly version: number;
  readonly state: EditedState;
  readonly content?: ReportContent;
}

export const versionOfRow = ({ v = 1, state = "hidden", content }: EditedRow): EditedVersion => ({
  version: v,
  state,
  ...(content === undefined ? {} : { content }),
});

const STATE_AFTER = { hide: "hidden", restore: "shown", remove: "removed" } as const;

/**
 * The next version of a report; the known one when the edit changes nothing, and undefined when there is none to change: a
 * removed report stays removed.
 */
export function nextVersion(known: EditedVersion | undefined, edit: ReportEdit): EditedVersion | undefined {
  const { version, state, content }: EditedVersion = known ?? { version: 0, state: "shown" };
  if (state === "removed") return edit.kind === "remove" ? known : undefined;
  if (edit.kind === "replace") {
    const replaced = contentOf(edit.report);
    return sameContent(content, replaced) ? known : { version: version + 1, state, content: replaced };
  }
  const after = STATE_AFTER[edit.kind];
  if (known !== undefined && after === state) return known;
  const kept = after === "removed" || content === undefined ? {} : { content };
  return { version: version + 1, state: after, ...kept };
}

function sameContent(a: ReportContent | undefined, b: ReportContent): boolean {
  const same = (name: keyof ReportContent) => a?.[name] === b[name];
  return a !== undefined && (["category", "severity", "lon", "lat", "text"] as const).every(same);
}

/** An edited report as readers see it, with what it says where its row was read. */
export function editedReport(id: string, { version, state, content }: EditedVersion, row?: ReportRow): EditedReport {
  const isShown = state === "shown";
  return { id, version, isShown, report: isShown && row !== undefined ? reportOfRow(row, content ?? row) : undefined };
}

/** The newest of several versions of reports that were read, by id. */
export function newestVersions(rows: Iterable<EditedRow>, known: Map<string, EditedRow>): void {
  for (const row of rows) {
    const id = editedOfSortKey(row.sk);
    if (id === undefined) continue;
    const before = known.get(id);
    if (before === undefined || (before.v ?? 1) <= (row.v ?? 1)) known.set(id, row);
  }
}

/** A row's report as it reads now; undefined when it is not shown. */
export function shownReport(row: ReportRow, edited: EditedRow | undefined, nowMs: number): Report | undefined {
  const { state, content }: Pick<EditedVersion, "state" | "content"> =
    edited === undefined ? { state: "shown" } : versionOfRow(edited);
  if (state !== "shown" || row.removed === true) return undefined;
  const report = reportOfRow(row, content ?? row);
  return isLive(report, nowMs) ? report : undefined;
}
