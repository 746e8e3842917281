import { parseReportId } from "../../../tiles/report-id.ts";
import { type EditedReport, type LogCell, type ReportEdit, StoreUnavailableError } from "../../ports/report-store.ts";
import { type EditedVersion, editedReport, nextVersion, versionOfRow } from "../edits.ts";
import { editedKey, idOfSortKey } from "../keys.ts";
import type { EditedRow, ReportRow } from "../rows.ts";
import type { Publisher } from "./publisher.ts";
import type { Requests } from "./requests.ts";
import type { RowReader } from "./row-reader.ts";
import type { Shards } from "./shards.ts";

export interface RowEditorOptions {
  readonly requests: Requests;
  readonly publisher: Publisher;
  readonly shards: Shards;
  readonly readRow: RowReader["readRow"];
}

/** Clocks differ: what an edit made of a report outlives its row for everybody. */
const EDITED_SPARE_MS = 86_400_000;
/** Others who edit the same report at the same time. */
const MAX_TRIES = 8;

/** Edits reports; see `ReportStore.edit`. */
export function createRowEditor({ requests, publisher, shards, readRow }: RowEditorOptions) {
  async function putVersion(cell: LogCell, row: ReportRow, known: EditedRow | undefined, next: EditedVersion) {
    const { version, state, content } = next;
    const Item = {
      ...editedKey(cell, idOfSortKey(row.sk)),
      v: version,
      state,
      ...(content === undefined ? {} : { content }),
      expires_at: row.expires_at + EDITED_SPARE_MS / 1000,
    };
    // An item without a version is of an older program.
    const unchanged = known?.v === undefined ? "attribute_not_exists(v)" : "v = :known";
    const isNext = await requests.putIf({
      Item,
      ConditionExpression: unchanged,
      ...(known?.v !== undefined && { ExpressionAttributeValues: { ":known": known.v } }),
    });
    if (isNext) shards.note(cell, [Item], false);
    return isNext;
  }

  /**
   * Published before and after it is written, so that wherever this process dies, nobody keeps the version before for want of being
   * told: the first intent stands for writes of the second that follows, and the second is only written when the first is older.
   */
  return async function edit(id: string, change: ReportEdit): Promise<EditedReport | undefined> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const { row, edited: ofRow } = await readRow(id, true);
      const cell = parseReportId(id);
      if (row === undefined || cell === undefined) return undefined;
      const known = ofRow && versionOfRow(ofRow);
      const next = nextVersion(known, change);
      if (next === undefined) return undefined;
      const published = { layer: cell.layer, geohash5: cell.geohash5, from: id };
      await publisher.publish([published]);
      if (next !== known && !(await putVersion(cell, row, ofRow, next))) continue;
      if (next.state === "removed" && row.removed === undefined) await requests.put({ Item: blank(row) });
      await publisher.publish([published]);
      return editedReport(id, next, row);
    }
    throw new StoreUnavailableError(`report ${id} was edited by others ${MAX_TRIES} times`);
  };
}

/** A row that says nothing any more, but keeps its id taken. */
const blank = ({ pk, sk, expires_at, expires_ms }: ReportRow): ReportRow => ({
  pk,
  sk,
  ...(expires_ms === undefined ? {} : { expires_ms }),
  category: "",
  severity: 0,
  lon: 0,
  lat: 0,
  removed: true,
  expires_at,
});
