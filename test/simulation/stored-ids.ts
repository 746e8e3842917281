import { decodeAppended } from "../../server/store/dynamo/appended-report.ts";
import { idOfSortKey, logKey, nameOfFeedItem, REPORT_PREFIX } from "../../server/store/keys.ts";
import type { Item, Table } from "./table.ts";

/** Ids of the reports that have a row in a table. */
export const idsOfRows = (table: Table): string[] =>
  table.all().flatMap(({ sk }) => (sk.startsWith(REPORT_PREFIX) ? [idOfSortKey(sk)] : []));

/** Ids of the reports that lie in intents of the feed: they are stored, and their rows follow. */
export const idsOfIntents = (table: Table): string[] => table.all().flatMap((item) => idOfIntent(item) ?? []);

function idOfIntent({ pk, sk, report }: Item): string | undefined {
  const cell = pk.startsWith("feed#") ? nameOfFeedItem(sk)?.cell : undefined;
  return cell !== undefined && report instanceof Uint8Array ? decodeAppended(report, cell).report.id : undefined;
}

/** Whether a report is stored, whatever became of it. */
export function isStored(table: Table, id: string): boolean {
  const key = logKey(id);
  return (key !== undefined && table.get(key) !== undefined) || idsOfIntents(table).includes(id);
}

/** The id of the report with a text that has a row. */
export function idNamed(table: Table, text: string): string | undefined {
  const row = table.all().find((item) => item.text === text && item.sk.startsWith(REPORT_PREFIX));
  return row && idOfSortKey(row.sk);
}
