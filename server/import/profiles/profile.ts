import { z } from "zod";
import { MAX_SEVERITY, MIN_SEVERITY, REPORT_LAYERS } from "../../../tiles/layers.ts";
import { OperatorError } from "../../console/operator-error.ts";
import { TIME_FORMATS } from "../fields/time-format.ts";
import { findZone } from "../fields/zone.ts";
import { FORMATS } from "../files/row.ts";
import words311 from "./words-311.json" with { type: "json" };

/** Layer, category and severity of a report. Category null keeps what the file says. */
const kindSchema = z.tuple([
  z.enum(REPORT_LAYERS, `must be one of ${REPORT_LAYERS.join(", ")}`),
  z.string().min(1).max(40).nullable(),
  z
    .int(`must be a severity, ${MIN_SEVERITY} to ${MAX_SEVERITY}`)
    .min(MIN_SEVERITY, `must be at least ${MIN_SEVERITY}`)
    .max(MAX_SEVERITY, `must be at most ${MAX_SEVERITY}`),
]);
export type Kind = Readonly<z.infer<typeof kindSchema>>;

const name = z.string().min(1, "must not be empty").max(200);
const columnsSchema = z.union([name, z.array(name).min(1, "must name a column")]).transform((names) => [names].flat());
const wordSchema = z
  .tuple([name, ...kindSchema.def.items])
  .transform(([word, ...kind]) => ({ word: word.toLowerCase(), kind: kind as Kind }));

/** Words that 311 services of English-speaking cities have in the names of what they do. */
const WORDS_311 = z.array(wordSchema).parse(words311);

/** What may name the source that rows' ids belong to. */
const SOURCE_NAME = /^[A-Za-z0-9][\w.-]{0,63}$/;

/** What a profile's file holds, see docs/import-profiles.md. Unknown members are mistakes, so that a misspelt one is not passed over. */
const profileSchema = z
  .strictObject({
    name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, "must have small letters, digits and - only, at most 40"),
    title: z.string().optional(),
    page: z.url().optional(),
    // Left out where each city has ids of its own.
    source: z.string().regex(SOURCE_NAME, "must be up to 64 letters, digits, dots, hyphens and underscores").optional(),
    columns: z.strictObject({
      id: columnsSchema.optional(),
      time: columnsSchema,
      lon: columnsSchema.optional(),
      lat: columnsSchema.optional(),
      point: columnsSchema.optional(),
      category: columnsSchema.optional(),
      severity: columnsSchema.optional(),
      text: columnsSchema.optional(),
    }),
    format: z.enum(FORMATS, `must be one of ${FORMATS.join(", ")}`).optional(),
    encoding: name.optional(),
    delimiter: name.optional(),
    skipLines: z.int().min(0).optional(),
    rowsIn: name.optional(),
    timeFormat: z.enum(TIME_FORMATS, `must be one of ${TIME_FORMATS.join(", ")}`).optional(),
    timezone: name.refine((zone) => findZone(zone) !== undefined, "is no time zone").optional(),
    categories: z.record(z.string(), kindSchema).default({}),
    words: z.union([z.literal("311").transform(() => WORDS_311), z.array(wordSchema)]).default([]),
    otherwise: kindSchema,
    severities: z
      .record(z.string(), z.union([z.int().min(MIN_SEVERITY).max(MAX_SEVERITY), z.literal("round")]))
      .optional(),
  })
  .superRefine(({ columns, otherwise, severities }, ctx) => {
    const refuse = (path: string[], message: string) => ctx.addIssue({ code: "custom", path, message });
    const hasBoth = columns.lon !== undefined && columns.lat !== undefined;
    if (!hasBoth && columns.point === undefined) refuse(["columns"], "must have lon and lat, or point");
    if (columns.category === undefined && otherwise[1] === null) {
      refuse(["otherwise"], "must name a category, for there is no column of it");
    }
    if (severities !== undefined && columns.severity === undefined) {
      refuse(["severities"], "needs columns.severity");
    }
  });

/**
 * A source of data: how its columns are called, how its times are written, and what its categories are here. Names of columns are
 * alternatives, the first that a file has being taken.
 */
export type Profile = z.infer<typeof profileSchema>;

const LONGEST_LIST = 3;

/** @param path of the file, for what is told. @throws OperatorError that names the members at fault. */
export function parseProfile(text: string, path: string): Profile {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new OperatorError(`The profile ${path} is not JSON (${error instanceof Error ? error.message : error}).`);
  }
  return checkProfile(json, path);
}

export function checkProfile(json: unknown, path: string): Profile {
  const parsed = profileSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => `${issue.path.join(".") || "the profile"}: ${issue.message}`);
  const more = faults.length > LONGEST_LIST ? `; and ${faults.length - LONGEST_LIST} more` : "";
  throw new OperatorError(
    `The profile ${path} is not understood: ${faults.slice(0, LONGEST_LIST).join("; ")}${more}. docs/import-profiles.md has an example.`,
  );
}
