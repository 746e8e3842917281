import type { Report } from "../../tiles/report.ts";
import type { App } from "./app.ts";
import type { Edit, Ledger } from "./ledger.ts";
import { idsOfIntents, idsOfRows } from "./stored-ids.ts";
import type { Table } from "./table.ts";

/** What is stored in the end, which tiles and lists must show: no more and no less. */
export interface Truth {
  /** Every report that was ever stored or acknowledged. */
  readonly ids: readonly string[];
  /** Those that are shown, as they are now. */
  readonly live: ReadonlyMap<string, Report>;
  /** The name of the action that made a report. */
  nameOf(id: string): string;
}

/** Reads the truth, and holds it to what clients were told. */
export async function readTruth(table: Table, app: App, ledger: Ledger, nowMs: number): Promise<Truth> {
  // An intent that came so late that nobody reads it any more is none: then nobody was thanked for its report.
  const stored = [...idsOfRows(table), ...idsOfIntents(table)];
  const thanked = [...ledger.posts.values()].flatMap(({ report }) => report?.id ?? []);
  const ids = [...new Set([...stored, ...thanked, ...ledger.imported.keys()])].sort();
  const live = new Map((await app.store.getMany(ids)).map((report) => [report.id, report]));
  const nameOf = (id: string): string => {
    const post = [...ledger.posts.values()].find(({ report }) => report?.id === id);
    return live.get(id)?.text ?? post?.action.name ?? ledger.imported.get(id)?.report.text ?? id;
  };
  const truth = { ids, live, nameOf };
  checkPosts(truth, ledger);
  checkImports(truth, ledger, nowMs);
  checkEdits(truth, ledger, nowMs);
  return truth;
}

function checkPosts({ live }: Truth, ledger: Ledger): void {
  const idsOf = Map.groupBy(live.values(), ({ text = "" }) => text);
  for (const [name, { report, isGivenUp }] of ledger.posts) {
    const made = idsOf.get(name) ?? [];
    if (made.length > 1) ledger.violate("nothing is stored twice", `${name}: ${made.map(({ id }) => id)}`);
    if (report === undefined) {
      if (!isGivenUp) ledger.violate("who tries again is thanked in the end", name);
      continue;
    }
    if (isEdited(ledger, report.id)) continue;
    const found = live.get(report.id);
    if (found === undefined) ledger.violate("what was thanked for is stored", `${name}: ${report.id}`);
    else if (!isSame(found, report)) ledger.violate("what is stored is what was sent", `${name}: ${report.id}`);
  }
}

/** A store may take a report for expired that has a second left by another clock. */
const EXPIRY_SLACK_MS = 5_000;

function checkImports({ live }: Truth, ledger: Ledger, nowMs: number): void {
  for (const { report, isDone } of ledger.imported.values()) {
    if (!isDone || isEdited(ledger, report.id) || report.expiresAtMs < nowMs + EXPIRY_SLACK_MS) continue;
    const found = live.get(report.id);
    if (found === undefined) ledger.violate("what was imported is stored", `${report.text}: ${report.id}`);
    else if (!isSame(found, report)) ledger.violate("what is stored is what was sent", `${report.text}: ${report.id}`);
  }
}

const isEdited = ({ edits }: Ledger, id: string): boolean => edits.some((edit) => edit.id === id);

const isSame = (a: Report, b: Report): boolean =>
  a.layer === b.layer &&
  a.category === b.category &&
  a.severity === b.severity &&
  a.lonDeg === b.lonDeg &&
  a.latDeg === b.latDeg &&
  a.text === b.text;

/**
 * The last acknowledged edit holds, unless one that was not acknowledged does: that may have been done at any time. Whoever
 * hides, restores or removes says nothing of the content, and who replaces nothing of whether it is shown; nothing brings
 * back what was removed.
 */
function checkEdits({ live, nameOf }: Truth, ledger: Ledger, nowMs: number): void {
  for (const [id, edits] of Map.groupBy(ledger.edits, (edit) => edit.id)) {
    if ((ledger.imported.get(id)?.report.expiresAtMs ?? Infinity) < nowMs + EXPIRY_SLACK_MS) continue;
    const found = live.get(id);
    const fault = visibilityFault(edits, found) ?? contentFault(edits, found);
    if (fault === undefined) continue;
    const told = edits
      .map(({ action, edit, endMs }) => `${action} ${edit.kind}${endMs < Infinity ? "" : "?"}`)
      .join(", ");
    ledger.violate("the latest edit holds", `${nameOf(id)} ${fault} after ${told}`);
  }
}

/** Those of which each may be the last: acknowledged ones that none is known to have followed, and all others. */
function possiblyLast(edits: readonly Edit[]): Edit[] {
  const acknowledged = edits.filter(({ endMs }) => endMs < Infinity);
  const latest = acknowledged.filter((edit) => !acknowledged.some((other) => other.startMs > edit.endMs));
  return [...latest, ...edits.filter(({ endMs }) => endMs === Infinity)];
}

const isCertain = (edits: readonly Edit[]): boolean => edits.some(({ endMs }) => endMs < Infinity);

function visibilityFault(edits: readonly Edit[], found: Report | undefined): string | undefined {
  const removals = edits.filter(({ edit }) => edit.kind === "remove");
  if (isCertain(removals)) return found === undefined ? undefined : "is shown";
  const others = edits.filter(({ edit }) => edit.kind === "hide" || edit.kind === "restore");
  const possible = [...possiblyLast(others), ...removals];
  const mayShow = !isCertain(others) || possible.some(({ edit }) => edit.kind === "restore");
  const mayNot = possible.some(({ edit }) => edit.kind !== "restore");
  if (found !== undefined) return mayShow ? undefined : "is shown";
  return mayNot ? undefined : "is not shown";
}

function contentFault(edits: readonly Edit[], found: Report | undefined): string | undefined {
  const contents = edits.filter(({ edit }) => edit.kind === "replace");
  if (found === undefined || !isCertain(contents)) return undefined;
  const isOne = possiblyLast(contents).some(({ edit }) => edit.kind === "replace" && isSame(edit.report, found));
  return isOne ? undefined : `reads ${found.category} ${found.severity}`;
}
