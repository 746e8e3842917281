import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { errorCode, OperatorError } from "../../console/operator-error.ts";
import { type OpenedFile, openedByHandle } from "./opened-file.ts";

/** The path that stands for standard input. */
export const STDIN_PATH = "-";

/**
 * Keeps what comes in a temporary file, for an import reads twice. Its name is taken away as soon as it is open, so that nothing is
 * left of it however the process ends.
 * @throws OperatorError when the disk is full
 */
export async function keepStdin(input: Readable): Promise<OpenedFile> {
  const dir = await mkdtemp(join(tmpdir(), "import-stdin-"));
  const handle = await open(join(dir, "content"), "w+", 0o600);
  try {
    await rm(dir, { recursive: true });
    for await (const chunk of input) await handle.writeFile(chunk);
    return await openedByHandle("standard input", handle);
  } catch (error) {
    await handle.close();
    if (errorCode(error) !== "ENOSPC") throw error;
    throw new OperatorError(
      `There is no room in ${tmpdir()} for what came from standard input: save it as a file, or name another folder with TMPDIR.`,
    );
  }
}
