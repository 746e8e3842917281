import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";

/** What a command and all that it started took. */
export interface Usage {
  readonly code: number;
  readonly wallSeconds: number;
  /** Undefined where there is no /proc to tell. */
  readonly cpuSeconds: number | undefined;
}

/** The kernel counts in hundredths of a second towards programs, on every architecture. */
const TICKS_PER_SECOND = 100;
const SAMPLE_EVERY_MS = 250;

interface Process {
  readonly id: string;
  readonly pid: number;
  readonly parent: number;
  /** Its own and that of the children that it has waited for. */
  readonly ticks: number;
}

/**
 * Runs a command and sums up the processor time of its whole tree. A process that is waited for is counted by its parent, down to
 * ours; one whose parent dies first, as most of a browser's do, is nobody's then, and counts with what it had when it was last seen.
 */
export async function measure(command: string, args: readonly string[]): Promise<Usage> {
  const startMs = performance.now();
  const child = spawn(command, args, { stdio: "inherit" });
  const tree = new Map<string, Process>();
  const orphans = new Map<string, Process>();
  const sample = () => {
    const ours = new Set([process.pid]);
    const left = readProcesses();
    for (let found = true; found; ) {
      found = false;
      for (const each of left) {
        if (!ours.has(each.parent)) continue;
        ours.add(each.pid);
        tree.set(each.id, each);
        left.delete(each);
        found = true;
      }
    }
    for (const each of left) if (tree.has(each.id) || orphans.has(each.id)) orphans.set(each.id, each);
  };
  const timer = setInterval(sample, SAMPLE_EVERY_MS);
  const code = await new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? 1));
  });
  clearInterval(timer);
  sample();
  const waited = readProcess(process.pid)?.waited;
  const ticks = [...orphans.values()].reduce((sum, each) => sum + each.ticks, waited ?? 0);
  return {
    code,
    wallSeconds: (performance.now() - startMs) / 1000,
    cpuSeconds: waited === undefined ? undefined : ticks / TICKS_PER_SECOND,
  };
}

function readProcesses(): Set<Process> {
  const found = new Set<Process>();
  for (const name of readDirectory("/proc")) {
    const each = /^\d+$/.test(name) ? readProcess(Number(name)) : undefined;
    if (each !== undefined) found.add(each);
  }
  return found;
}

function readDirectory(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

/** See proc_pid_stat(5). Undefined when it has ended. */
function readProcess(pid: number): (Process & { readonly waited: number }) | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch {
    return undefined;
  }
  // Behind the name, which may contain anything.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const number = (field: number) => Number(fields[field - 3]);
  const waited = number(16) + number(17);
  return { id: `${pid} ${fields[19]}`, pid, parent: number(4), ticks: number(14) + number(15) + waited, waited };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [name = "", command = "", ...args] = process.argv.slice(2);
  const { code, wallSeconds, cpuSeconds } = await measure(command, args);
  console.log(`${name}: ${cpuSeconds?.toFixed(0) ?? "?"} CPU s, ${wallSeconds.toFixed(0)} s`);
  process.exitCode = code;
}
