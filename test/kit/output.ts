import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";

const OUT = fileURLToPath(new URL("../../bench/out/", import.meta.url));

export type Cell = string | number | undefined;

/** Path of an output file, relative to where the command runs. */
export const outPath = (file: string): string => relative(process.cwd(), OUT + file);

/** Prints aligned columns: the first to the left, numbers to the right; undefined is a dash. */
export function printTable(title: string, head: readonly string[], rows: readonly (readonly Cell[])[]): void {
  const text = [head, ...rows.map((row) => row.map(formatCell))];
  const widths = head.map((_, i) => Math.max(...text.map((row) => (row[i] ?? "").length)));
  console.log(`\n${title}`);
  for (const row of text) {
    console.log(
      row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join("  "),
    );
  }
}

/** Three significant digits, whole from 100 on. */
export function formatCell(value: Cell): string {
  if (value === undefined) return "-";
  if (typeof value === "string") return value;
  if (!Number.isFinite(value)) return String(value);
  if (Math.abs(value) >= 100 || Number.isInteger(value))
    return Math.round(value).toLocaleString("en").replace(/,/g, " ");
  return String(Number(value.toPrecision(3)));
}

/** Writes a bench's figures with what they were measured on, and its charts (name to SVG), under `bench/out/`. */
export function writeResults(bench: string, figures: object, charts: Readonly<Record<string, string>> = {}): void {
  mkdirSync(OUT, { recursive: true });
  const machine = { node: process.version, cpu: cpus()[0]?.model, cores: cpus().length };
  const result = { bench, at: new Date().toISOString(), machine, ...figures };
  writeFileSync(`${OUT}${bench}.json`, `${JSON.stringify(result, null, 2)}\n`);
  for (const [chart, svg] of Object.entries(charts)) writeFileSync(`${OUT}${bench}-${chart}.svg`, svg);
}

export interface Check {
  readonly what: string;
  readonly limit: string;
  readonly found: Cell;
  readonly met: boolean;
}

/** Prints targets with what was found. */
export function printChecks(title: string, checks: readonly Check[]): void {
  printTable(
    title,
    ["target", "limit", "found", ""],
    checks.map(({ what, limit, found, met }) => [what, limit, found, met ? "pass" : "FAIL"]),
  );
}
