import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { countMadeNyc311, type MadeNyc311Options, madeNyc311Lines } from "../../test/kit/cities/nyc311/made-nyc311.ts";
import { type Check, printTable } from "../../test/kit/output.ts";
import { runImport } from "./import-run.ts";

/** Of rows with a place. */
const LEAST_WRITTEN = 0.97;
const DAY_MS = 86_400_000;

/** A made-up file of New York's 311 by its profile, stored: today's, the same again, and tomorrow's download. */
export async function runCity(dir: string, rows: number, checks: Check[]) {
  const today = { rows, endsAtMs: Date.now() - 2 * DAY_MS };
  const tomorrow = { ...today, isNextDay: true };
  const found = [];
  for (const [name, options] of [
    ["today", today],
    ["again", today],
    ["tomorrow", tomorrow],
  ] as const) {
    const path = await write(join(dir, `nyc311-${options === tomorrow ? 2 : 1}.csv`), options);
    const { output, ...figures } = await runImport([path, "--profile", "nyc311"], join(dir, "city"));
    const [written, existing, rejected] = ["written", "already there", "rejected"].map((label) =>
      countOf(output, label),
    );
    found.push({ name, written, existing, rejected, ...figures });
  }
  const { placed } = countMadeNyc311(today);
  const { new: added, told } = countMadeNyc311(tomorrow);
  printTable(
    `a made-up file of New York's 311 with ${rows} rows, ${placed} with a place; tomorrow ${added} are new and ${told} tell something else`,
    ["", "written", "there", "rejected", "CPU s", "peak MB"],
    found.map((each) => [each.name, each.written, each.existing, each.rejected, each.cpuSeconds, each.peakMb]),
  );
  const share = (found[0]?.written ?? 0) / placed;
  checks.push({
    what: "rows with a place that are written",
    limit: `${LEAST_WRITTEN}`,
    found: share,
    met: share >= LEAST_WRITTEN,
  });
  const again = found[1]?.written ?? Number.NaN;
  checks.push({ what: "rows that are written again", limit: "0", found: again, met: again === 0 });
  const next = (found[2]?.written ?? Number.NaN) - added;
  checks.push({
    what: "rows of tomorrow's that are written and not new",
    limit: `${told}`,
    found: next,
    met: next <= told,
  });
  return found;
}

const write = async (path: string, options: MadeNyc311Options): Promise<string> => {
  await pipeline(Readable.from(madeNyc311Lines(options)), createWriteStream(path));
  return path;
};

/** A number of the summary. */
function countOf(output: string, label: string): number {
  const [, count = ""] = new RegExp(`^  ${label} +([\\d ]+)`, "m").exec(output) ?? [];
  return Number(count.replaceAll(" ", "") || Number.NaN);
}
