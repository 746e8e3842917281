import type { Format } from "./row.ts";

const FORMAT_OF_ENDING: Readonly<Record<string, Format>> = {
  csv: "csv",
  tsv: "tsv",
  tab: "tsv",
  ndjson: "ndjson",
  jsonl: "ndjson",
  geojsonl: "ndjson",
  geojsons: "ndjson",
  geojsonseq: "ndjson",
  jsonseq: "ndjson",
  geojson: "geojson",
  json: "geojson",
};

/** The format that a file's name tells, with or without `.gz`. */
export function formatOfName(name: string): Format | undefined {
  const ending = /\.([a-z]+)(\.gz)?$/i.exec(name)?.[1]?.toLowerCase() ?? "";
  return FORMAT_OF_ENDING[ending];
}
