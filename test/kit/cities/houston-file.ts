import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { type Column, readDataFrame } from "./r-data.ts";

/**
 * 86 314 incidents of the Houston Police Department, January to August 2010, published as the data set `crime` of the R package
 * ggmap. They are not ours to hand on, so they are no part of the project: `npm run houston` gets them.
 */
export const HOUSTON_SOURCE =
  "https://raw.githubusercontent.com/dkahle/ggmap/29ed82523e46332aa77364717bd042f8ee314337/data/crime.rda";

const NAME = "houston-incidents-2010.csv.gz";
/** Where `npm run houston` puts the file. */
export const HOUSTON_TARGET = fileURLToPath(new URL(`../../../bench/data/${NAME}`, import.meta.url));
/** Or beside the project, for several clones. */
const BESIDE = fileURLToPath(new URL(`../../../../shared/data/${NAME}`, import.meta.url));

export const HOUSTON_MISSING = "Houston's incidents are not here; `npm run houston` gets them";

/** Path of the incidents, gzipped CSV; undefined where nobody got them. */
export const houstonFile = (): string | undefined => [HOUSTON_TARGET, BESIDE].find((path) => existsSync(path));

const HEAD = "occurred_at,offense,premise,lon,lat";
const SHA256 = "efc3efdc2e611061f80d6d82a7a036e2f35487cf2341f565617921b92d308fe3";

/**
 * The incidents as CSV, out of `crime.rda`.
 * @throws RangeError when they are not those that the figures in docs/benchmarks.md were measured with
 */
export function houstonCsv(rda: Buffer): string {
  const csv = incidentsCsv(rda);
  const found = createHash("sha256").update(csv).digest("hex");
  if (found !== SHA256) throw new RangeError(`the file holds other incidents than it did: SHA-256 ${found}`);
  return csv;
}

/** The data frame `crime` of an `.rda` file as CSV; what is not known is NA, as in R. */
export function incidentsCsv(rda: Buffer): string {
  const frame = readDataFrame(gunzipSync(rda), "crime");
  const columns = ["time", "offense", "location", "lon", "lat"].map((name) => columnOf(frame, name));
  const [times = []] = columns;
  const lines = times.map((_, row) => {
    const [seconds, ...fields] = columns.map((column) => column[row]);
    return [isoTime(Number(seconds)), ...fields.map(csvField)].join(",");
  });
  return `${[HEAD, ...lines].join("\n")}\n`;
}

function columnOf(frame: ReadonlyMap<string, Column>, name: string): Column {
  const column = frame.get(name);
  if (column === undefined) throw new RangeError(`no column ${name} among ${[...frame.keys()].join(", ")}`);
  return column;
}

function isoTime(unixSeconds: number): string {
  return new Date(unixSeconds * 1000).toISOString().replace(".000Z", "Z");
}

function csvField(value: string | number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return "NA";
  // R writes numbers to 15 digits.
  const text = typeof value === "number" ? String(Number(value.toPrecision(15))) : value;
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
