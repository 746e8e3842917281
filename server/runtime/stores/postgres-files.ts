import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { OperatorError } from "../../console/operator-error.ts";
import { postgresImage } from "./postgres-image.ts";

/** The major version of PostgreSQL inside PGlite: the one whose files it can open. */
export const POSTGRES_MAJOR = "18";

/**
 * Opens PostgreSQL's files, making them on the first start. They are made beside their place and renamed when complete, so a
 * crash in the middle leaves nothing that looks like a database; what an older crash left is thrown away.
 * @throws OperatorError when there are files but not ones that this PostgreSQL can open.
 */
export async function openPostgresFiles(dir: string): Promise<PGlite> {
  if (!isComplete(dir)) await makeFiles(dir);
  try {
    return await PGlite.create(dir);
  } catch (error) {
    throw new OperatorError(
      `The PostgreSQL files in ${dir} cannot be opened (${reasonOf(error)}): restore them from a backup, or move that directory ` +
        "away to start with an empty database.",
    );
  }
}

async function makeFiles(dir: string): Promise<void> {
  const unfinished = `${dir}.new`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(dirname(dir), { recursive: true });
  const db = await PGlite.create({ dataDir: unfinished, loadDataDir: await postgresImage() });
  await db.close();
  setAside(dir);
  renameSync(unfinished, dir);
}

/** What lies at the place is no database, but whoever put it there may want it back. */
function setAside(dir: string): void {
  if (!existsSync(dir)) return;
  const aside = `${dir}.incomplete`;
  rmSync(aside, { recursive: true, force: true });
  renameSync(dir, aside);
}

/** False when there is no database: no directory, or one in which initdb did not come as far as its control file. */
function isComplete(dir: string): boolean {
  const kind = statSync(dir, { throwIfNoEntry: false });
  if (kind === undefined) return false;
  if (!kind.isDirectory()) {
    throw new OperatorError(`${dir} is a file where PostgreSQL's directory belongs: move it away and start again.`);
  }
  if (!existsSync(join(dir, "global", "pg_control"))) return false;
  const version = readVersion(dir);
  if (version === POSTGRES_MAJOR) return true;
  throw new OperatorError(
    `The PostgreSQL files in ${dir} were made by version ${version}, and this is version ${POSTGRES_MAJOR}: dump them with version ` +
      `${version} (pg_dump), move that directory away, start again and load the dump.`,
  );
}

function readVersion(dir: string): string {
  const path = join(dir, "PG_VERSION");
  if (existsSync(path)) return readFileSync(path, "utf8").trim();
  throw new OperatorError(
    `The PostgreSQL files in ${dir} lack PG_VERSION: restore them from a backup, or move that directory away to start with an ` +
      "empty database.",
  );
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message.split("\n", 1).join("") : String(error);
}
