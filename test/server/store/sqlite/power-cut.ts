import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Random } from "../../../kit/random.ts";
import { DIRECTORY, type FileCall } from "./system-calls.ts";

/** What a disk writes whole. */
const SECTOR_BYTES = 512;

/** A file that a name has stood for. */
interface Inode {
  readonly file: string;
  /** What changed its content, by the number of the call. */
  readonly changes: { readonly n: number; readonly call: FileCall }[];
  /** What had returned before that is on the disk. */
  syncedTo: number;
}

interface Entry {
  readonly n: number;
  readonly kind: "create" | "unlink";
  readonly inode: Inode;
}

/**
 * Files as a power cut leaves them, from the calls that were made before it:
 *
 * - all that was done to a file before its last synchronisation began is there;
 * - of what came behind each write is there, or is not, or some of its sectors are; each change of the length is there or is not;
 * - names appear and vanish in order, as file systems with a journal have it: those before the last synchronisation of the directory
 *   have, of the others some of the first.
 *
 * It does not tell of disks that lie about what they have written, of file systems that reorder names, or of sectors that are
 * damaged while they are written.
 */
export function filesAfterCut(calls: readonly FileCall[], cut: number, random: Random): Map<string, Buffer> {
  const { entries, durable } = readCalls(calls, cut);
  const kept = durable + random.below(entries.length - durable + 1);
  const names = new Map<string, Inode>();
  for (const { kind, inode } of entries.slice(0, kept)) {
    if (kind === "create") names.set(inode.file, inode);
    else names.delete(inode.file);
  }
  return new Map([...names].map(([name, inode]) => [name, contentAfterCut(inode, random)]));
}

function readCalls(calls: readonly FileCall[], cut: number) {
  const present = new Map<string, Inode>();
  const entries: Entry[] = [];
  let durable = 0;
  for (const [n, call] of calls.slice(0, cut).entries()) {
    const { file } = call;
    if (file === DIRECTORY) {
      if (call.kind === "sync") durable = Math.max(durable, entries.filter((entry) => entry.n < call.since).length);
      continue;
    }
    const inode = present.get(file) ?? { file, changes: [], syncedTo: 0 };
    // Another process's, begun before the last one, may end after it.
    if (call.kind === "sync") inode.syncedTo = Math.max(inode.syncedTo, call.since);
    else if (call.kind === "unlink") {
      if (present.delete(file)) entries.push({ n, kind: "unlink", inode });
    } else if (call.kind !== "create") inode.changes.push({ n, call });
    if (call.kind !== "create" || present.has(file)) continue;
    present.set(file, inode);
    entries.push({ n, kind: "create", inode });
  }
  return { entries, durable };
}

function contentAfterCut({ changes, syncedTo }: Inode, random: Random): Buffer {
  const content = createContent(Math.max(0, ...changes.map(({ call }) => endOf(call))));
  for (const { n, call } of changes) {
    const isThere = (call.kind === "write" ? call.until - 1 : n) < syncedTo;
    if (call.kind === "truncate") {
      if (isThere || random.chance(0.5)) content.resize(call.length);
    } else if (call.kind === "write") content.write(call, isThere ? 1 : random.pick([0, 1, 0.5]), random);
  }
  return content.bytes();
}

function endOf(call: FileCall): number {
  if (call.kind === "write") return call.at + call.data.length;
  return call.kind === "truncate" ? call.length : 0;
}

/** The content of a file that never grows beyond a length. */
function createContent(most: number) {
  const buffer = Buffer.alloc(most);
  let length = 0;
  return {
    bytes: (): Buffer => buffer.subarray(0, length),
    resize(to: number): void {
      buffer.fill(0, Math.min(to, length));
      length = to;
    },
    /** @param share of the sectors that are there */
    write({ at, data }: Extract<FileCall, { kind: "write" }>, share: number, random: Random): void {
      if (share === 0) return;
      const end = at + data.length;
      length = Math.max(length, end);
      for (let from = at; from < end; ) {
        const to = Math.min(end, (Math.floor(from / SECTOR_BYTES) + 1) * SECTOR_BYTES);
        if (share === 1 || random.chance(share)) data.copy(buffer, from, from - at, to - at);
        from = to;
      }
    },
  };
}

/** Puts files into a new directory. */
export function writeFiles(directory: string, files: ReadonlyMap<string, Buffer>): void {
  mkdirSync(directory);
  for (const [name, content] of files) writeFileSync(join(directory, name), content);
}
