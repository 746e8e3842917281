import { execFileSync, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { FileCheck } from "./check-file.ts";

const fileOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

export const WRITING_PROCESS = fileOf("./writing-process.ts");
const MOST_OUTPUT_BYTES = 2 ** 28;

/** Has a fresh process look at files; the faults of each. @param job a file that is written for it */
export function checkInFreshProcess(job: string, checks: readonly FileCheck[]): string[][] {
  writeFileSync(job, JSON.stringify(checks));
  const options = { encoding: "utf8", maxBuffer: MOST_OUTPUT_BYTES } as const;
  return JSON.parse(execFileSync(process.execPath, [fileOf("./checking-process.ts"), job], options)) as string[][];
}

/** Starts a writing process that goes on until it is killed. @param name that no other run has */
export const startWriting = (path: string, name: string) => start([WRITING_PROCESS, path, name]);

/** Starts an import that goes on until it is killed, in batches of so many rows. */
export const startImporting = (path: string, rows: number) =>
  start([fileOf("./import-process.ts"), path, String(rows)]);

/** `said` is what it has printed. */
function start(command: readonly string[]) {
  const child = spawn(process.execPath, command, { stdio: ["ignore", "pipe", "inherit"] });
  const closed = new Promise((resolve) => child.once("close", resolve));
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  return {
    said: () => said,
    /** When it has printed so many lines. */
    async lines(count: number): Promise<void> {
      for (let seen = 0, at = 0; seen < count; ) {
        const next = said.indexOf("\n", at);
        if (next >= 0) [seen, at] = [seen + 1, next + 1];
        else await Promise.race([new Promise((resolve) => child.stdout.once("data", resolve)), closed]);
        if (next < 0 && child.exitCode !== null)
          throw new Error(`the writing process ended with code ${child.exitCode}`);
      }
    },
    /** By SIGKILL; resolves when all that it printed is there. */
    async kill(): Promise<void> {
      child.kill("SIGKILL");
      await closed;
    },
  };
}
