import { open } from "node:fs/promises";
import { constants, gunzipSync } from "node:zlib";
import type { Profile } from "./profile.ts";

/** Members before the rows, as a service's figures of its pages, are short. */
const HEAD_BYTES = 1 << 16;

export interface WithRowsIn {
  readonly path: string;
  readonly profile?: Profile | undefined;
  readonly rowsIn?: string | undefined;
}

/**
 * Options with the member of a JSON document that holds its rows, where the profile knows it and the file begins with one: the same source
 * may have a CSV file, an array, or GeoJSON as well. A file that cannot be read is left to whoever opens it.
 */
export async function withRowsIn<Options extends WithRowsIn>(options: Options): Promise<Options> {
  const rowsIn = options.profile?.rowsIn;
  if (rowsIn === undefined || options.rowsIn !== undefined) return options;
  return hasRowsIn(await headOf(options.path), rowsIn) ? { ...options, rowsIn } : options;
}

/** @param text the beginning of a file */
function hasRowsIn(text: string, member: string): boolean {
  const escaped = member.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return /^\uFEFF?\s*\{/.test(text) && new RegExp(`"${escaped}"\\s*:\\s*\\[`).test(text);
}

async function headOf(path: string): Promise<string> {
  const file = await open(path).catch(() => undefined);
  if (file === undefined) return "";
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    const head = buffer.subarray(0, bytesRead);
    const isGzip = head[0] === 0x1f && head[1] === 0x8b;
    // Of a file that is cut short here, as much as is there.
    return (isGzip ? gunzipSync(head, { finishFlush: constants.Z_SYNC_FLUSH }) : head).toString("utf8");
  } catch {
    return "";
  } finally {
    await file.close();
  }
}
