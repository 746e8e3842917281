import { OperatorError } from "../console/operator-error.ts";
import { parseOptions } from "../console/parse-options.ts";
import { isDatedNow } from "./dating.ts";
import { parseBbox } from "./fields/bbox.ts";
import { FIELDS, type Field, type FieldSource, type Mapping, parseSource, parseValueMaps } from "./fields/mapping.ts";
import { parseTimeFormat } from "./fields/time-format.ts";
import { parseTimezone } from "./fields/zone.ts";
import { parseEncoding } from "./files/encoding.ts";
import type { ImportOptions } from "./import-options.ts";
import {
  parseCount,
  parseDelimiter,
  parseEvery,
  parseFormat,
  parseIntoLast,
  parseLimit,
  parseSourceName,
} from "./option-values.ts";
import { parseMaxRejects } from "./outcome.ts";
import { parseRunsCommand, type RunsCommand } from "./runs-command.ts";

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
