import type { LogCell, LogChange } from "../../ports/report-store.ts";
import { cellName, cellOfPartition, FROM_THE_BEGINNING, type Key, REPORT_PREFIX } from "../keys.ts";
import type { Requests } from "./requests.ts";

/** Items looked through in one request: a whole megabyte takes an emulator longer than a request may. */
const PAGE_ITEMS = 1000;

/** Cells of all rows that there are, each once. */
export async function* cellsOf(requests: Requests): AsyncGenerator<LogCell> {
  const seen = new Set<string>();
  const pages = requests.scanPages<Key>({
    FilterExpression: "begins_with(sk, :report)",
    ExpressionAttributeValues: { ":report": REPORT_PREFIX },
    ProjectionExpression: "pk",
    Limit: PAGE_ITEMS,
  });
  for await (const page of pages) {
    for (const { pk } of page) {
      const cell = cellOfPartition(pk);
      if (cell === undefined || seen.has(cellName(cell))) continue;
      seen.add(cellName(cell));
      yield cell;
    }
  }
}

/** For a reader who slept longer than the feed remembers. */
export async function everyCell(requests: Requests): Promise<LogChange[]> {
  const changes: LogChange[] = [];
  for await (const cell of cellsOf(requests)) changes.push({ ...cell, from: FROM_THE_BEGINNING });
  return changes;
}
