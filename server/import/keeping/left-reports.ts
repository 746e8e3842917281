import { parseReportId } from "../../../tiles/report-id.ts";
import { mapLimited } from "../../kit/map-limited.ts";
import type { DerivedStore } from "../../ports/derived-store.ts";
import type { ReportStore } from "../../ports/report-store.ts";
import { createIdSet, type IdSet } from "../ids/id-set.ts";
import { segmentName } from "./journal.ts";
import { encodeSegment, expiryOf, type JournalEntry } from "./journal-items.ts";
import { patiently } from "./patiently.ts";
import { journalGroup, LEFT_GROUP, type Run } from "./run-items.ts";
import { readSegments } from "./segments.ts";

export interface LeftOptions {
  readonly store: Pick<ReportStore, "readCell">;
  readonly derived: Pick<DerivedStore, "list" | "get" | "put">;
  readonly retryMs?: number | undefined;
  /** The id of an entry's report, which another undo may have put back under another. */
  idNow(entry: JournalEntry): string;
}

const CELLS_AT_ONCE = 8;
/** Sorts after every id. */
const LAST_ID = "~";
const LEFT_AN_ITEM = 10_000;

/** Writes down which of a run's reports moderators have hidden or removed, before the first is touched. */
export async function noteLeft(run: Run, { store, derived, retryMs, idNow }: LeftOptions): Promise<void> {
  const ids = createIdSet();
  /** Ids in the journal of reports that have another now. */
  const former = new Map<string, string>();
  const cells = new Map<string, string>();
  const group = journalGroup(run.source);
  for await (const { entries } of readSegments({ derived, group, runId: run.id, retryMs })) {
    for (const entry of entries) {
      if (entry.kind === "replaced") continue;
      const id = idNow(entry);
      ids.add(id);
      if (id !== entry.id) former.set(id, entry.id);
      cells.set(id.slice(10, 16), id);
    }
  }
  const left: JournalEntry[] = (
    await mapLimited([...cells.values()], CELLS_AT_ONCE, (id) => patiently(() => leftInCell(store, id, ids), retryMs))
  ).flatMap((found) => found.map((id) => ({ kind: "created", id: former.get(id) ?? id }) as const));
  for (let at = 0, number = 0; at < left.length; at += LEFT_AN_ITEM, number++) {
    const entries = left.slice(at, at + LEFT_AN_ITEM);
    const body = encodeSegment({ entries, doneBelow: 0 });
    const name = segmentName(run.id, number);
    await patiently(async () => {
      const expected = (await derived.get(LEFT_GROUP, name, { consistent: true }))?.version;
      await derived.put(LEFT_GROUP, name, body, { expected, expiresAtMs: expiryOf(entries) });
    }, retryMs);
  }
}

async function leftInCell(store: LeftOptions["store"], id: string, ids: IdSet): Promise<string[]> {
  const cell = parseReportId(id);
  if (cell === undefined) return [];
  const { edited } = await store.readCell(cell, { from: LAST_ID });
  return [...edited.values()].filter((report) => !report.isShown && ids.has(report.id)).map((report) => report.id);
}
