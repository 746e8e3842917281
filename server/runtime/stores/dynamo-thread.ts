import type { IncomingMessage, Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import dynalite from "dynalite";
import { OperatorError } from "../../console/operator-error.ts";
import { serveThread, type ThreadInput } from "./thread.ts";

/** Requests under way get this long to finish when the store closes. */
const CLOSE_GRACE_MS = 3_000;

await serveThread(openDynamo);

async function openDynamo({ dir }: ThreadInput) {
  if (dir !== undefined) await finishTables(dir);
  const delays = { createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 };
  const server = dynalite(dir === undefined ? delays : { ...delays, path: dir });
  surviveAbortedRequests(server);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => close(server) };
}

/**
 * dynalite throws what a request emits as `error`, so a client that dies in the middle of a body (an import that is killed)
 * would take the store with it.
 */
function surviveAbortedRequests(server: Server): void {
  server.on("request", (request: IncomingMessage) => {
    request.removeAllListeners("error");
    request.on("error", () => {});
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

interface LevelLike {
  open(): Promise<void>;
  iterator(range: { gte: string; lt: string }): AsyncIterable<[string, unknown]>;
  put(key: string, value: unknown): Promise<void>;
  close(): Promise<void>;
}
type LevelFactory = new (path: string, options: { valueEncoding: "json" }) => LevelLike;

/**
 * dynalite marks a new table ACTIVE a moment after it acknowledged it as CREATING: killed in between, the table would stay
 * CREATING for good. Opening the files first also tells what is wrong with them, which dynalite keeps to itself.
 */
async function finishTables(dir: string): Promise<void> {
  // dynalite's own copy: two versions of LevelDB on the same files would not end well.
  const { Level } = createRequire(import.meta.resolve("dynalite"))("level") as { Level: LevelFactory };
  const level = new Level(dir, { valueEncoding: "json" });
  try {
    await level.open();
    for await (const [key, table] of level.iterator({ gte: "table~", lt: "table~\xff" })) {
      if (isCreating(table)) await level.put(key, { ...table, TableStatus: "ACTIVE" });
    }
    await level.close();
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw new OperatorError(
      `The DynamoDB files in ${dir} cannot be opened (${(cause as Error).message}): restore them from a backup, or move that ` +
        "directory away to start empty.",
    );
  }
}

function isCreating(table: unknown): table is { TableStatus: "CREATING" } {
  return typeof table === "object" && table !== null && "TableStatus" in table && table.TableStatus === "CREATING";
}
