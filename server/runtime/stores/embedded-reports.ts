import { existsSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Log } from "../../console/log.ts";
import { errorCode, OperatorError } from "../../console/operator-error.ts";
import { IN_MEMORY } from "../../store/sqlite/schema.ts";
import { openSqliteStores, type SqliteStores } from "../../store/sqlite/sqlite.ts";
import type { OpenReportsOptions } from "./opened-reports.ts";
import type { Stores } from "./stores.ts";

/**
 * The embedded report store: one SQLite file in DATA_DIR, which any number of processes have open together. What an older version kept
 * there in its emulator is moved into it once.
 * @throws OperatorError when the file cannot be used
 */
export async function openEmbeddedReports(
  path: string,
  stores: Stores,
  { clock, log, onProgress = () => {} }: OpenReportsOptions,
): Promise<SqliteStores> {
  if (path !== IN_MEMORY) await moveOldData(path, stores, log, onProgress);
  try {
    return openSqliteStores({
      path,
      clock,
      onDeath: (error) => log.error("nothing can be written any more, restart the server", { error }),
    });
  } catch (error) {
    const reason = `The reports in ${path} cannot be opened (${(error as Error).message})`;
    throw new OperatorError(
      errorCode(error) === "EACCES"
        ? `${reason}: give that file, and those beside it that begin like it, to the user that runs this.`
        : `${reason}: restore that file from a backup, or move it away, with those beside it that begin like it, to start empty.`,
    );
  }
}

async function moveOldData(
  path: string,
  stores: Stores,
  log: Log,
  onProgress: (detail: string) => void,
): Promise<void> {
  const old = join(dirname(path), "dynamodb");
  if (!existsSync(old)) return;
  if (existsSync(path)) {
    log.error("reports of an older version lie beside those that are served, and are not shown", {
      dir: old,
      advice:
        "an older version was started after its reports had been moved: move reports.sqlite* away to take these over, or dynamodb/",
    });
    return;
  }
  if (!(await stores.ownsDataDir())) {
    throw new OperatorError(
      `${dirname(path)} holds the reports of an older version, and another process uses it: stop that one, then start this again, ` +
        "which moves them into the present form.",
    );
  }
  // It needs the AWS SDK.
  const { moveEmulatorData } = await import("./move-emulator.ts");
  const items = await moveEmulatorData(await stores.dynamo(), path, (count) =>
    onProgress(`moving ${count} items from dynamodb/`),
  );
  // Kept, for whoever wants to go back.
  renameSync(old, `${old}.moved`);
  log.info("moved the reports of an older version", { items, from: old, kept: `${old}.moved` });
}
