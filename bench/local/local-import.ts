import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { environmentWith, type Settings } from "../kit/contestant.ts";
import { readProcessFigures } from "../kit/process-figures.ts";
import type { CityFile } from "./local-city.ts";

export interface ImportFigures {
  readonly rows: number;
  /** Until every row is stored, and until every zoom shows it. */
  readonly storedSeconds: number;
  readonly rightSeconds: number;
  readonly storedPerSecond: number;
  readonly rightPerSecond: number;
  /** Of the importing process. */
  readonly peakMb: number | undefined;
  readonly cpuSeconds: number | undefined;
}

const COMMAND = fileURLToPath(new URL("../../server/cli/import.ts", import.meta.url));
const SAMPLE_EVERY_MS = 50;

/** `npm run import` of the city into the stores that the variables choose. @throws Error when a row is not stored. */
export async function importCity({ path, rows }: CityFile, settings: Settings): Promise<ImportFigures> {
  const args = [COMMAND, path, "--time", "created_at", "--truncate-text"];
  const startMs = performance.now();
  const child = spawn(process.execPath, args, { env: environmentWith(settings), stdio: ["ignore", "pipe", "pipe"] });
  let [output, errors, storedMs] = ["", "", startMs];
  child.stdout.on("data", (chunk) => {
    output += chunk;
  });
  child.stderr.on("data", (chunk) => {
    errors += chunk;
    // The last line of the progress comes when the last row is stored.
    if (String(chunk).includes("Importing")) storedMs = performance.now();
  });
  let last = readProcessFigures(child.pid);
  const timer = setInterval(() => {
    last = readProcessFigures(child.pid) ?? last;
  }, SAMPLE_EVERY_MS);
  const [code] = await once(child, "close");
  clearInterval(timer);
  const written = Number(/written +([\d ]+)$/m.exec(output)?.[1]?.replaceAll(" ", ""));
  if (code !== 0 || written !== rows) throw new Error(`the import ended with ${code}:\n${output}${errors}`);
  return {
    ...ratesOf(rows, (storedMs - startMs) / 1000, (performance.now() - startMs) / 1000),
    peakMb: last && last.peakRssBytes / 1e6,
    cpuSeconds: last?.cpuSeconds,
  };
}

export const ratesOf = (rows: number, storedSeconds: number, rightSeconds: number) => ({
  rows,
  storedSeconds,
  rightSeconds,
  storedPerSecond: rows / storedSeconds,
  rightPerSecond: rows / rightSeconds,
});
