import { REPORT_LIFETIME_MS } from "../../tiles/layers.ts";
import { OperatorError } from "../console/operator-error.ts";
import { parseOptions } from "../console/parse-options.ts";
import { parseSpan } from "../kit/time-span.ts";
import { isDatedNow } from "./dating.ts";
import { parseBbox } from "./fields/bbox.ts";
import { FIELDS, type Field, type FieldSource, type Mapping, parseSource, parseValueMaps } from "./fields/mapping.ts";
import { parseTimeFormat } from "./fields/time-format.ts";
import { parseTimezone } from "./fields/zone.ts";
import { parseEncoding } from "./files/encoding.ts";
import { FORMATS, type Format } from "./files/row.ts";
import type { ImportOptions } from "./import-file.ts";
import { parseMaxRejects } from "./outcome.ts";
import { PROFILE_NAMES } from "./profiles/named-profiles.ts";
import { parseRunsCommand, type RunsCommand } from "./runs-command.ts";
import { LEAST_INTERVAL_MS, LONGEST_INTERVAL_MS } from "./watch.ts";

export const USAGE = `npm run import -- FILE [options]

FILE is CSV or TSV with a header, newline-delimited JSON, or a GeoJSON FeatureCollection of points, of any size; .gz is
fine, and .zip with one file in it. - is standard input.

What a report is made of: a column's name, or =VALUE for the same in every row. Without the option, the column of that
name is taken; for GeoJSON lon and lat are the geometry's, and its properties are the columns.
  --lon --lat             degrees, WGS 84
  --time                  ISO 8601, Unix time, or any other shape that means one thing only
  --layer                 safety, vibe, infrastructure or opportunity
  --category              1 to 40 characters
  --severity              1 to 5
  --text                  at most 280 characters; may be left out, as an unfit one is
  --map FIELD:FROM=TO     replaces a value that was read, as in --map severity:murder=5; FROM * is every other value,
                          and \\= an equals sign of the value. Can be given many times. Severities also by ranges,
                          severity:1..3=2, "severity:>=8=5", and by "severity:*=round" to the nearest whole number.

Places and values:
  --point COLUMN          longitude and latitude in one: POINT (-73.9 40.7), GeoJSON and [-73.9, 40.7] with the
                          longitude first; (40.7, -73.9), also behind an address, with the latitude first;
                          {"latitude": ..., "longitude": ...}, also as the columns COLUMN.latitude and .longitude
  --lon-first             pairs such as 40.7, -73.9 have the longitude first
  --decimal-comma         -73,950 is a number with a decimal comma; without it, where it may be thousands, rejected
  --bbox W,S,E,N          rejects what lies outside of this box of degrees, also over the 180th meridian
  --allow-null-island     takes 0,0 as a place; without it, it stands for an unknown one and is rejected
  --clean                 makes categories and texts fit: characters that they may not have go, long ones are cut

How times are written:
  --time-format FORMAT    us (month first), eu (day first) or ymd (year first), also with years of two digits; unix or
                          unix-ms; excel or excel-1904 (numbers of days); compact (YYYYMMDD[HHMM[SS]]); default iso,
                          which takes what means one thing only and rejects the rest
  --timezone AREA/CITY    the zone of times that tell none, as America/New_York; UTC without it

Known sources (docs/import-profiles.md):
  --profile NAME|FILE     columns, times, zone and categories of ${PROFILE_NAMES.slice(0, 3).join(", ")},
                          ${PROFILE_NAMES.slice(3).join(", ")} or a FILE.json of your own; other options win

From the Web, once or again and again; FILE may be an address, too:
  --watch URL|FILE        instead of FILE: imports it whenever it has changed, until Ctrl-C; needs --id or a profile
  --every SPAN            how often it is looked at: 10m by default, 1m at least

Old data, and data without times:
  --into-last SPAN        maps the file's time span onto the last 89d, 36h, 2w, up to 90d; rows far outside are rejected
  --time =now             dates all rows by the moment of the file's first import
  --anchor NAME           the name of these dates, by which they are found again: a file that has grown or was mended
                          goes on with them, and rows that are there are not doubled
  --new-anchor            dates the file by now again, making new reports of rows imported before

Rows that change, and runs, each of which can be taken back:
  --id COLUMN             which row it is: one that has changed replaces its report, one that is gone leaves it
  --source NAME           whose ids these are, as publishers number their rows alike: "file", or what the profile
                          says, by default; needed with profiles of many cities, as socrata and open311
  --runs                  lists the newest imports that stored something; without FILE
  --undo RUN              takes back what a run stored and replaced; without FILE

How much is taken, and what becomes of the rest:
  --truncate-text         cut longer texts instead of leaving them out
  --limit N               read only the first N rows
  --dry-run               check every row, store nothing
  --max-rejects N|N%      fail, before anything is stored, when more rows than that would be rejected
  --rejects FILE          where rows that cannot be imported go, to be mended and imported by the same options; default
                          FILE.rejects.csv, .tsv or .ndjson, and none in a dry run

How the file is written:
  --format FORMAT         csv, tsv, ndjson or geojson (also other JSON), when the file's name does not tell
  --delimiter CHARACTER   between the fields of a CSV file, "," by default; "tab" for a tab
  --encoding NAME         utf-8 by default; windows-1252, latin1, utf-16le and others. A byte order mark goes before
  --skip-lines N          the header is behind so many lines
  --rows-in MEMBER        the member of a JSON file that holds the rows, as issues or result.records

A second run writes nothing twice, and one that was interrupted can simply be run again.
`;

const MAX_TEXT = 280;

const OPTIONS = {
  lon: { type: "string" },
  lat: { type: "string" },
  time: { type: "string" },
  layer: { type: "string" },
  category: { type: "string" },
  severity: { type: "string" },
  text: { type: "string" },
  map: { type: "string", multiple: true },
  "time-format": { type: "string" },
  timezone: { type: "string" },
  point: { type: "string" },
  "lon-first": { type: "boolean" },
  "decimal-comma": { type: "boolean" },
  bbox: { type: "string" },
  "allow-null-island": { type: "boolean" },
  clean: { type: "boolean" },
  profile: { type: "string" },
  watch: { type: "string" },
  every: { type: "string" },
  "into-last": { type: "string" },
  anchor: { type: "string" },
  "new-anchor": { type: "boolean" },
  "max-rejects": { type: "string" },
  "truncate-text": { type: "boolean" },
  limit: { type: "string" },
  "dry-run": { type: "boolean" },
  format: { type: "string" },
  delimiter: { type: "string" },
  encoding: { type: "string" },
  "skip-lines": { type: "string" },
  "rows-in": { type: "string" },
  rejects: { type: "string" },
  id: { type: "string" },
  source: { type: "string" },
  runs: { type: "boolean" },
  undo: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

export interface CommandLine
  extends Omit<ImportOptions, "store" | "derived" | "clock" | "signal" | "onProgress" | "profile"> {
  /** Name or path of a profile. */
  readonly profile?: string | undefined;
  /** How often the file or address is looked at, in milliseconds, instead of once. */
  readonly watchMs?: number | undefined;
}

/** Reads the arguments behind the script's name; "help" and the like when they ask for it. @throws OperatorError on a mistake in them. */
export function parseCommandLine(args: readonly string[]): CommandLine | RunsCommand | "help" {
  const { values, positionals } = parseOptions(args, OPTIONS);
  if (values.help) return "help";
  const aboutRuns = parseRunsCommand(values, positionals);
  if (aboutRuns !== undefined) return aboutRuns;
  const [path, surplus] = values.watch === undefined ? positionals : [values.watch, ...positionals];
  if (path === undefined)
    throw new OperatorError("Name the file to import: npm run import -- FILE. --help tells more.");
  if (surplus !== undefined) throw new OperatorError(`One file at a time: ${path} or ${surplus}?`);
  if (values.every !== undefined && values.watch === undefined) throw new OperatorError("--every goes with --watch.");
  const intoLastMs = values["into-last"] === undefined ? undefined : parseIntoLast(values["into-last"]);
  const mapping = {
    sources: sourcesOf(values),
    values: parseValueMaps(values.map ?? []),
    point: values.point === undefined ? undefined : parsePoint(values.point, values),
    id: values.id === undefined ? undefined : { column: values.id },
  };
  checkAnchorOptions(values, mapping);
  return {
    path,
    format: values.format === undefined ? undefined : parseFormat(values.format),
    delimiter: values.delimiter === undefined ? undefined : parseDelimiter(values.delimiter),
    encoding: values.encoding === undefined ? undefined : parseEncoding(values.encoding),
    skipLines: values["skip-lines"] === undefined ? undefined : parseCount("skip-lines", values["skip-lines"]),
    rowsIn: values["rows-in"],
    timeFormat: values["time-format"] === undefined ? undefined : parseTimeFormat(values["time-format"]),
    timezone: values.timezone === undefined ? undefined : parseTimezone(values.timezone),
    mapping,
    place: {
      lonFirst: values["lon-first"],
      decimalComma: values["decimal-comma"],
      bbox: values.bbox === undefined ? undefined : parseBbox(values.bbox),
      allowNullIsland: values["allow-null-island"],
    },
    clean: values.clean,
    profile: values.profile,
    watchMs: values.watch === undefined ? undefined : parseEvery(values.every ?? "10m"),
    intoLastMs,
    newImportEpoch: values["new-anchor"],
    anchor: values.anchor,
    source: values.source === undefined ? undefined : parseSourceName(values.source),
    maxRejects: values["max-rejects"] === undefined ? undefined : parseMaxRejects(values["max-rejects"]),
    limit: values.limit === undefined ? undefined : parseLimit(values.limit),
    dryRun: values["dry-run"],
    truncateText: values["truncate-text"] ? MAX_TEXT : undefined,
    rejectsPath: values.rejects,
  };
}

function parsePoint(text: string, { lon, lat }: { readonly lon?: string; readonly lat?: string }): FieldSource {
  if (lon !== undefined || lat !== undefined) {
    throw new OperatorError("--point holds both the longitude and the latitude: leave --lon and --lat away.");
  }
  return parseSource(text);
}

function sourcesOf(values: Readonly<Partial<Record<Field, string>>>): Partial<Record<Field, FieldSource>> {
  const sources: Partial<Record<Field, FieldSource>> = {};
  for (const field of FIELDS) {
    const given = values[field];
    if (given !== undefined) sources[field] = parseSource(given);
  }
  return sources;
}

interface AnchorValues {
  readonly anchor?: string | undefined;
  readonly "new-anchor"?: boolean | undefined;
  readonly "into-last"?: string | undefined;
}

/** @throws OperatorError on options that do not go together, or a name that is none */
function checkAnchorOptions(values: AnchorValues, mapping: Mapping): void {
  const intoLast = values["into-last"];
  if (isDatedNow(mapping) && intoLast !== undefined) {
    throw new OperatorError(
      "--time =now dates all rows by one moment: leave out --into-last, or name the column of times.",
    );
  }
  if (isDatedNow(mapping) || intoLast !== undefined) {
    if (values.anchor === undefined || /^[A-Za-z0-9][\w.-]{0,63}$/.test(values.anchor)) return;
    throw new OperatorError(
      `--anchor ${values.anchor} is no name: up to 64 letters, digits, dots, hyphens and underscores.`,
    );
  }
  const alone = values["new-anchor"] ? "--new-anchor" : values.anchor === undefined ? undefined : "--anchor";
  if (alone !== undefined) throw new OperatorError(`${alone} goes with --into-last or --time =now.`);
}

function parseIntoLast(text: string): number {
  const span = parseSpan(text.trim());
  if (!span) throw new OperatorError(`--into-last ${text} is not a span of time such as 89d, 36h or 2w.`);
  if (span > REPORT_LIFETIME_MS) throw new OperatorError(`--into-last ${text} is too long: reports expire after 90d.`);
  return span;
}

function parseEvery(text: string): number {
  const span = parseSpan(text.trim());
  if (!span) throw new OperatorError(`--every ${text} is not a span of time such as 10m, 1h or 1d.`);
  if (span < LEAST_INTERVAL_MS) throw new OperatorError(`--every ${text} is too often: 1m is the least.`);
  if (span > LONGEST_INTERVAL_MS) throw new OperatorError(`--every ${text} is too seldom: 2w is the longest.`);
  return span;
}

function parseFormat(text: string): Format {
  const format = FORMATS.find((name) => name === text.toLowerCase());
  if (format === undefined) throw new OperatorError(`--format ${text} is not one of ${FORMATS.join(", ")}.`);
  return format;
}

function parseDelimiter(text: string): string {
  const delimiter = text === "tab" || text === "\\t" ? "\t" : text;
  if (!/^[\t -~]$/.test(delimiter) || delimiter === '"') {
    throw new OperatorError(`--delimiter ${text} is not one ASCII character, or tab.`);
  }
  return delimiter;
}

function parseCount(option: string, text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new OperatorError(`--${option} ${text} is not a number of lines.`);
  return Number(text);
}

function parseSourceName(text: string): string {
  if (/^[A-Za-z0-9][\w.-]{0,63}$/.test(text)) return text;
  throw new OperatorError(`--source ${text} is no name: up to 64 letters, digits, dots, hyphens and underscores.`);
}

function parseLimit(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new OperatorError(`--limit ${text} is not a number of rows.`);
  return Number(text);
}
