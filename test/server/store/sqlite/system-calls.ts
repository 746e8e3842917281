import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename, dirname } from "node:path";

/** What a process did to a file, in the order in which it did it. */
export type FileCall =
  | { readonly kind: "create" | "unlink"; readonly file: string }
  | {
      readonly kind: "write";
      readonly file: string;
      readonly at: number;
      readonly data: Buffer;
      /** The number of the call that was next when it had returned. */
      until: number;
    }
  | { readonly kind: "append"; readonly file: string; readonly data: Buffer }
  | { readonly kind: "truncate"; readonly file: string; readonly length: number }
  /** It has returned. All that had returned before `since`, the number of a call, was there when it began. */
  | { readonly kind: "sync"; readonly file: string; readonly since: number };

/** Stands for the directory where a call is about one. */
export const DIRECTORY = ".";

const CALLS = "pwrite64,write,fsync,fdatasync,ftruncate,openat,unlink,unlinkat";
/** Those that nobody here knows how to replay: SQLite and Node do without them. */
const UNKNOWN_CALLS = "pwritev,pwritev2,writev,rename,renameat,renameat2,fallocate,copy_file_range,sendfile,truncate";

/** Why system calls cannot be recorded here; undefined when they can. */
export function whyNoTrace(): string | undefined {
  const { error, status } = spawnSync("strace", ["-f", "--seccomp-bpf", "-o", "/dev/null", "true"]);
  if (error !== undefined) return "strace is not installed";
  return status === 0 ? undefined : "strace may not trace here, or is older than 5.3";
}

/** Runs a shell command until it ends, and records what all its processes do to the files of a directory, which nobody else changes. */
export function recordCalls(directory: string, command: string, output: string): FileCall[] {
  const calls = `trace=${CALLS},${UNKNOWN_CALLS}`;
  execFileSync("strace", [
    "-f",
    "--seccomp-bpf",
    "-y",
    "-xx",
    "-s",
    "1000000",
    "-o",
    output,
    "-e",
    calls,
    "sh",
    "-c",
    command,
  ]);
  return parseCalls(readFileSync(output), directory);
}

/** A call takes effect when it begins, and a synchronisation when it has ended. */
function parseCalls(text: Buffer, directory: string): FileCall[] {
  const calls: FileCall[] = [];
  /** What has begun in a thread and not ended, and the number of the call that was next then. */
  const begun = new Map<
    string,
    { readonly line: string; readonly since: number; readonly call?: FileCall | undefined }
  >();
  for (let from = 0; from < text.length; ) {
    const end = text.indexOf(10, from);
    const line = text.toString("latin1", from, end);
    from = end + 1;
    const [, thread = "", rest = ""] = /^(\d+) +(.*)$/.exec(line) ?? [];
    const isResumed = rest.startsWith("<... ");
    const first = isResumed ? begun.get(thread) : { line: rest, since: calls.length };
    if (first === undefined || !/^\w+\(/.test(first.line)) continue;
    const isUnfinished = rest.endsWith("<unfinished ...>");
    if (isResumed && first.call?.kind === "write") first.call.until = calls.length;
    const isSync = /^f(?:data)?sync\(/.test(first.line);
    if (isSync && isUnfinished) begun.set(thread, first);
    if (isSync ? isUnfinished : isResumed) continue;
    if (/\) += -1 /.test(rest)) continue;
    const call = callOf(first.line, first.since, directory);
    if (isUnfinished) begun.set(thread, { ...first, call });
    if (call?.kind === "write" && !isUnfinished) call.until = first.since + 1;
    if (call !== undefined) calls.push(call);
  }
  return calls;
}

function callOf(line: string, since: number, directory: string): FileCall | undefined {
  const [, name = "", args = ""] = /^(\w+)\((.*)$/.exec(line) ?? [];
  const [path = "", data = ""] = pathsAndData(name, args);
  const file = path === directory ? DIRECTORY : dirname(path) === directory ? basename(path) : undefined;
  if (file === undefined) return undefined;
  const numbers = /((?:, -?\d+)*)(?:\)| <unfinished)/.exec(args.slice(args.lastIndexOf('"') + 1))?.[1] ?? "";
  const last = Number(/(\d+)$/.exec(numbers)?.[1]);
  switch (name) {
    case "pwrite64":
      return { kind: "write", file, at: last, data: bytesOf(data), until: Number.POSITIVE_INFINITY };
    case "write":
      return { kind: "append", file, data: bytesOf(data) };
    case "ftruncate":
      return { kind: "truncate", file, length: Number(/, (\d+)/.exec(args)?.[1]) };
    case "fsync":
    case "fdatasync":
      return { kind: "sync", file, since };
    case "unlink":
    case "unlinkat":
      return { kind: "unlink", file };
    case "openat":
      return args.includes("O_CREAT") ? { kind: "create", file } : undefined;
    default:
      throw new Error(`a call that cannot be replayed: ${line.slice(0, 200)}`);
  }
}

/** Paths of open files stand in angle brackets, others and data in quotation marks, all as hexadecimal escapes. */
function pathsAndData(name: string, args: string): string[] {
  const quoted = [...args.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)].map(([, text = ""]) => text);
  if (/^(?:openat|unlink|unlinkat|rename)/.test(name)) return [bytesOf(quoted[0] ?? "").toString()];
  const [, path = ""] = /<((?:\\x[0-9a-f]{2})*)>/.exec(args) ?? [];
  return [bytesOf(path).toString(), quoted[0] ?? ""];
}

const bytesOf = (escaped: string): Buffer => Buffer.from(escaped.replaceAll("\\x", ""), "hex");
