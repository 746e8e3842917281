import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import type { Report } from "../../../tiles/report.ts";
import { decodeAppended } from "../../store/dynamo/appended-report.ts";
import { createDocumentClient } from "../../store/dynamo/dynamo-client.ts";
import { createRequests } from "../../store/dynamo/requests.ts";
import { nameOfFeedItem } from "../../store/keys.ts";
import { createRestore, publishRestored, type TableItem } from "../../store/sqlite/restore.ts";
import { openSqlite } from "../../store/sqlite/schema.ts";
import { openSqliteStores } from "../../store/sqlite/sqlite.ts";
import type { DynamoAddress } from "./stores.ts";

/** Items of one page: of more an emulator's request takes too long. */
const PAGE_ITEMS = 1000;

/**
 * Moves what an older version of this program kept in its emulator of DynamoDB into an SQLite file. The file appears when all is in it,
 * so whatever ends this half way, the next start begins again.
 * @returns how many items were moved
 */
export async function moveEmulatorData(
  { tableName, ...address }: DynamoAddress,
  path: string,
  onProgress: (items: number) => void,
): Promise<number> {
  const unfinished = `${path}.new`;
  for (const file of filesOf(unfinished)) rmSync(file, { force: true });
  const client = createDocumentClient(address);
  const db = openSqlite(unfinished);
  const appended: Report[] = [];
  let items = 0;
  try {
    const restore = createRestore(db);
    const pages = createRequests({ client, table: tableName }).scanPages<TableItem>({ Limit: PAGE_ITEMS });
    for await (const page of pages) {
      items += restore(page);
      appended.push(...page.flatMap(appendedIn));
      onProgress(items);
    }
    publishRestored(db, Date.now());
  } catch (error) {
    // It was ended before it had made its table.
    if (((error as Error).cause as Error | undefined)?.name !== "ResourceNotFoundException") throw error;
  } finally {
    db.close();
    client.destroy();
  }
  const { store } = openSqliteStores({ path: unfinished, clock: { now: Date.now } });
  try {
    // Stored in their intents, when the process died that was to store their rows.
    items += (await store.putMany(appended)).written;
  } finally {
    await store.close();
  }
  if (existsSync(`${unfinished}-wal`)) throw new Error(`${unfinished} is open elsewhere`);
  renameSync(unfinished, path);
  // Before anything says that the move is over: a power cut must not leave neither.
  syncDirectory(dirname(path));
  return items;
}

function syncDirectory(path: string): void {
  // Windows has no such thing, nor the need of it.
  if (process.platform === "win32") return;
  const directory = openSync(path, "r");
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

const filesOf = (path: string): string[] => [path, `${path}-wal`, `${path}-shm`];

function appendedIn({ pk, sk, report }: TableItem): Report[] {
  const cell = pk.startsWith("feed#") ? nameOfFeedItem(sk)?.cell : undefined;
  if (cell === undefined || !(report instanceof Uint8Array)) return [];
  return [decodeAppended(report, cell).report];
}
