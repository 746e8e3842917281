import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** `npm run areas`, on the store of a running server. */
export async function runAreas(dataDir: string, ...args: string[]): Promise<void> {
  const env = { PATH: process.env.PATH, DATA_DIR: dataDir, LOG_LEVEL: "error" };
  await promisify(execFile)(
    process.execPath,
    [fileURLToPath(import.meta.resolve("../../server/cli/areas.ts")), ...args],
    { env },
  );
}
