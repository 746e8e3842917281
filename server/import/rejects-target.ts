import { createHash } from "node:crypto";
import { constants, createReadStream, type Stats } from "node:fs";
import { access, open, realpath, stat } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { errorCode, OperatorError } from "../console/operator-error.ts";
import { userPath } from "../console/user-path.ts";
import { REJECT_REASON, REJECT_ROW } from "./files/row.ts";
import { STDIN_PATH } from "./files/stdin-file.ts";
import type { WrittenRejects } from "./keeping/written-rejects.ts";

/** Where rejected rows go. */
export interface RejectsTarget {
  readonly path: string;
  /** SHA-256 of the earlier rejects that are there and may go, in hex. */
  readonly replaces?: string;
  /** A device or pipe, which is written to as it is. */
  readonly isStream?: boolean;
  /** The file that is left alone, where the rejects go beside it. */
  readonly leaves?: string;
}

export interface RejectsTargetOptions {
  /** Of the file that is imported, or `-`. */
  readonly inputPath: string;
  /** What the operator named. */
  readonly named?: string | undefined;
  /** What the default begins with. Default: the input's path. */
  readonly base?: string | undefined;
  /** Of the file's name. */
  readonly ending: string;
  readonly written: Pick<WrittenRejects, "has">;
}

const MOST_NUMBERED = 1000;
const HEAD_BYTES = 1 << 16;
const REJECTS_HEAD = new RegExp(
  `${REJECT_ROW}"?[^\\w\\r\\n]"?${REJECT_REASON}"?\\r?(?:\\n|$)|"${REJECT_ROW}":\\d+,"${REJECT_REASON}":|^row,reason,original\\n`,
);

/**
 * Finds where rejected rows may go without touching what an import did not write. Rejects of an earlier run are replaced as long as
 * nobody has changed them; beside those that somebody has, there is a number in the name.
 * @throws OperatorError when that is the imported file, another file, a folder, or where nothing may be written
 */
export async function findRejectsTarget(options: RejectsTargetOptions): Promise<RejectsTarget> {
  const { inputPath, named, written } = options;
  const path = await resolveLinks(named ?? (await defaultPath(options)));
  await checkFolder(path);
  const input = inputPath === STDIN_PATH ? undefined : await stat(inputPath);
  for (let n = 1; n < MOST_NUMBERED; n++) {
    const numbered = n === 1 ? path : numberedPath(path, n);
    const found = await statOf(numbered);
    const beside = n === 1 ? {} : { leaves: path };
    if (found === undefined) return { path: numbered, ...beside };
    if (input !== undefined && input.dev === found.dev && input.ino === found.ino) {
      throw new OperatorError(`Rejected rows cannot go to ${numbered}, which is the file to import: ${ANOTHER}`);
    }
    if (found.isCharacterDevice() || found.isFIFO()) return { path: numbered, isStream: true };
    if (!found.isFile())
      throw new OperatorError(`Rejected rows cannot go to ${numbered}, which is no file: ${ANOTHER}`);
    const contentHash = await hashFile(numbered);
    if (found.size === 0 || (await written.has(contentHash)))
      return { path: numbered, ...beside, replaces: contentHash };
    if (!(await looksLikeRejects(numbered))) {
      throw new OperatorError(`${numbered} is there and was not written by an import, so it is left alone: ${ANOTHER}`);
    }
  }
  throw new OperatorError(`There are too many files of rejected rows beside ${path}: ${ANOTHER}`);
}

const ANOTHER = "name another file with --rejects.";

/** Beside the imported file, or where the user is when nothing may be written there. */
async function defaultPath({ inputPath, base, ending }: RejectsTargetOptions): Promise<string> {
  if (base !== undefined) return `${base}.rejects.${ending}`;
  const name = `${inputPath === STDIN_PATH ? "stdin" : basename(inputPath)}.rejects.${ending}`;
  if (inputPath === STDIN_PATH) return userPath(name);
  const isWritable = await access(dirname(inputPath), constants.W_OK).then(
    () => true,
    () => false,
  );
  return isWritable ? join(dirname(inputPath), name) : userPath(name);
}

/** The path of the file itself, where it or a folder on the way is a link. @throws OperatorError on a link to nothing */
async function resolveLinks(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw cannotWrite(path, error);
  }
  const folder = await realpath(dirname(path)).catch((error: unknown) => {
    throw cannotWrite(path, error);
  });
  return join(folder, basename(path));
}

async function checkFolder(path: string): Promise<void> {
  await access(dirname(path), constants.W_OK).catch((error: unknown) => {
    if (!path.startsWith("/dev/")) throw cannotWrite(path, error);
  });
}

/** What a failure to write rejected rows says. */
export const cannotWrite = (path: string, error: unknown): OperatorError =>
  new OperatorError(`Rejected rows cannot be written to ${path} (${errorCode(error) ?? error}): ${ANOTHER}`);

/** `x.csv.rejects.csv` as `x.csv.rejects-2.csv`. */
export function numberedPath(path: string, n: number): string {
  const ending = extname(path);
  return `${path.slice(0, path.length - ending.length)}-${n}${ending}`;
}

export async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw cannotWrite(path, error);
  }
}

/** SHA-256 of a file, in hex. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk);
  } catch (error) {
    throw cannotWrite(path, error);
  }
  return hash.digest("hex");
}

async function looksLikeRejects(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return REJECTS_HEAD.test(buffer.toString("utf8", 0, bytesRead));
  } finally {
    await file.close();
  }
}
