import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const ENTRY = fileURLToPath(new URL("../../../server/node.ts", import.meta.url));
const children = new Set<ChildProcess>();

export interface Process {
  readonly pid: number;
  /** Everything that it printed so far. */
  output(): string;
  /** Where it serves, once it says so. */
  readonly url: Promise<string>;
  stop(signal: "SIGINT" | "SIGTERM" | "SIGKILL"): Promise<number | null>;
  readonly exitCode: Promise<number | null>;
}

export interface ProcessOptions {
  /** A folder of the test's own. */
  readonly home: string;
  readonly entry?: string;
}

/** `npm start`, with an environment that holds no more than what the test gives. */
export function startProcess(env: Record<string, string>, { home, entry = ENTRY }: ProcessOptions): Process {
  const base = { PATH: process.env.PATH ?? "", HOME: home, PORT: "0", SEED: "off", DATA_DIR: join(home, "unused") };
  const child = spawn(process.execPath, [entry], { env: { ...base, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  children.add(child);
  let output = "";
  const url = new Promise<string>((resolve, reject) => {
    const take = (chunk: Buffer) => {
      output += chunk.toString();
      const said = /is at (http:\S+) /.exec(output)?.[1];
      if (said !== undefined) resolve(said);
    };
    child.stdout.on("data", take);
    child.stderr.on("data", take);
    child.once("close", () => reject(new Error(output)));
  });
  url.catch(() => {});
  const exitCode = new Promise<number | null>((resolve) => child.once("close", resolve));
  return {
    pid: child.pid ?? 0,
    output: () => output,
    url,
    exitCode,
    stop(signal) {
      child.kill(signal);
      return exitCode;
    },
  };
}

/** Ends what a test left running. */
export function killProcesses(): void {
  for (const child of children) child.kill("SIGKILL");
  children.clear();
}
