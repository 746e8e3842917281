import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { environmentWith } from "../kit/contestant.ts";
import { readProcessFigures } from "../kit/process-figures.ts";

/** What one run of the command took. */
export interface RunFigures {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakMb: number;
  /** Resident megabytes when a quarter, half, three quarters and all of the run's time had passed. */
  readonly quartersMb: readonly number[];
  readonly exitCode: number;
  /** What it said. */
  readonly output: string;
}

const COMMAND = fileURLToPath(new URL("../../server/cli/import.ts", import.meta.url));
const SAMPLE_EVERY_MS = 50;

/**
 * Runs `npm run import` in a process of its own, without npm.
 * @param command the command of another version, to compare with
 */
export async function runImport(args: readonly string[], dataDir: string, command = COMMAND): Promise<RunFigures> {
  const startMs = performance.now();
  const env = environmentWith({ DATA_DIR: dataDir });
  const child = spawn(process.execPath, [command, ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  child.stdout.on("data", (chunk) => (output += chunk));
  child.stderr.on("data", (chunk) => (output += chunk));
  const samples: number[] = [];
  let [cpuSeconds, peakMb] = [0, 0];
  const timer = setInterval(() => {
    const figures = readProcessFigures(child.pid);
    if (figures === undefined) return;
    samples.push(figures.rssBytes / 1e6);
    cpuSeconds = figures.cpuSeconds;
    peakMb = figures.peakRssBytes / 1e6;
  }, SAMPLE_EVERY_MS);
  const [exitCode] = await once(child, "close");
  clearInterval(timer);
  const quartersMb = [0.25, 0.5, 0.75, 1].map((share) => samples[Math.ceil(samples.length * share) - 1] ?? Number.NaN);
  return { seconds: (performance.now() - startMs) / 1000, cpuSeconds, peakMb, quartersMb, exitCode, output };
}
