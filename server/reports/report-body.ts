import { z } from "zod";
import { MAX_LATITUDE } from "../../tiles/geo/tile-address.ts";
import { CATEGORIES, isReportLayer, MAX_SEVERITY, MIN_SEVERITY, REPORT_LAYERS } from "../../tiles/layers.ts";
import { cleanText } from "./clean-text.ts";
import { findContactData } from "./contact-data.ts";
import type { ReportDraft } from "./create-report.ts";

export const MAX_CATEGORY = 40;
export const MAX_TEXT = 280;

/** Messages complete a sentence that begins with the field's name. */
const orMissing = (message: string) => (issue: { input: unknown }) =>
  issue.input === undefined ? "is missing" : message;

/** Unicode code points: what people count, an emoji of one code point being one. */
const lengthOf = (text: string): number => [...text].length;

/** What a category may not have, anywhere. */
export const UNFIT_IN_CATEGORY = /[^\p{L}\p{M}\p{Nd} _'&/.-]/gu;
const CATEGORY = /^[\p{L}\p{Nd}][\p{L}\p{M}\p{Nd} _'&/.-]*$/u;

/** What files may say: cities name things differently. */
const freeCategorySchema = z
  .string({ error: orMissing("must be a string") })
  // One spelling per category: é may be sent as one code point or as two.
  .overwrite((text) => text.trim().normalize("NFC"))
  .superRefine((text, ctx) => {
    if (lengthOf(text) > MAX_CATEGORY) {
      ctx.addIssue({
        code: "custom",
        message: `must have at most ${MAX_CATEGORY} characters`,
        params: { limit: MAX_CATEGORY },
      });
    } else if (!CATEGORY.test(text)) {
      const message = "must begin with a letter or digit and have only letters, digits, spaces and _ ' & / . -";
      ctx.addIssue({ code: "custom", message });
    }
  })
  .meta({
    minLength: 1,
    maxLength: MAX_CATEGORY,
    description: "Letters and digits of any script, spaces and _ ' & / . - ; begins with a letter or digit.",
    example: "pothole",
  });

interface TextChecks {
  /** As the text is kept, where it can be told. */
  clean(text: string): string;
  readonly description: string;
  /** Completes a sentence that begins with the field's name; undefined: nothing is wrong. */
  faultOf?(text: string): string | undefined;
}

const textSchema = ({ clean, description, faultOf }: TextChecks) =>
  z
    .string({ error: "must be a string" })
    .overwrite((text) => (text.isWellFormed() ? clean(text) : text))
    .superRefine((text, ctx) => {
      const refuse = (message: string, limit?: number) =>
        ctx.addIssue({ code: "custom", message, ...(limit !== undefined && { params: { limit } }) });
      if (!text.isWellFormed()) return refuse("must be well-formed Unicode");
      if (lengthOf(text) > MAX_TEXT) return refuse(`must have at most ${MAX_TEXT} characters`, MAX_TEXT);
      const fault = faultOf?.(text);
      if (fault !== undefined) refuse(fault);
    })
    .meta({ maxLength: MAX_TEXT, description });

const CONTROL = /\p{Cc}/u;

/**
 * Of a file: control characters are refused, not taken out, for a file with some has other faults; an import then leaves the text out, or cleans
 * it where it is told to. Links and the like stay: whoever publishes a file has read it.
 */
const fileTextSchema = textSchema({
  clean: (text) => text.replace(/\r\n?/g, "\n").replaceAll("\t", " ").trim(),
  description: "No control characters but line ends; empty is none.",
  faultOf: (text) =>
    CONTROL.test(text.replaceAll("\n", "")) ? "must have no control characters but line ends" : undefined,
});

/** Of whoever reports: anybody reads it, and nobody reads it before. */
const openTextSchema = textSchema({
  clean: cleanText,
  description:
    "Counted in Unicode code points as it is kept: in NFC, trimmed, without control characters but line ends, and without characters that nobody sees; empty is none. " +
    "No links, e-mail addresses, phone numbers and account names.",
  faultOf(text) {
    const contact = findContactData(text);
    return (
      contact &&
      `seems to have ${contact} in it; anybody can read reports, so please leave links and contact details out`
    );
  },
});

const degreesSchema = (limit: number) => {
  const message = `must be a number from -${limit} to ${limit}`;
  return z
    .number({ error: orMissing(message) })
    .min(-limit, message)
    .max(limit, message);
};

const MERCATOR_END = MAX_LATITUDE.toFixed(4);

const SEVERITY = `must be an integer from ${MIN_SEVERITY} to ${MAX_SEVERITY}`;

const layerSchema = z.enum(REPORT_LAYERS, { error: orMissing(`must be one of ${REPORT_LAYERS.join(", ")}`) });

const measures = {
  severity: z
    .int({ error: orMissing(SEVERITY) })
    .min(MIN_SEVERITY, SEVERITY)
    .max(MAX_SEVERITY, SEVERITY),
  lat: degreesSchema(90).meta({
    description: `WGS 84 degrees, kept to five decimals; of sensitive categories (theft, assault, harassment) the middle of a cell of about 100 m. Beyond ${MERCATOR_END} and -${MERCATOR_END}, where Web Mercator ends, tiles and clusters show the report at their edge; everything else has it where it is.`,
    example: 37.7599,
  }),
  lon: degreesSchema(180).meta({ description: "WGS 84 degrees, kept as `lat` is.", example: -122.4148 }),
};

/** A report as a row of a file tells it: with a category of whatever name. */
export const fileReportSchema = z.strictObject({
  layer: layerSchema,
  category: freeCategorySchema,
  ...measures,
  text: fileTextSchema.optional(),
});

const ALL_CATEGORIES = REPORT_LAYERS.flatMap((layer) => CATEGORIES[layer]);

const tableCategorySchema = z
  .string({ error: orMissing("must be a string") })
  .meta({ enum: ALL_CATEGORIES, description: "One of its layer's.", example: "pothole" });

/**
 * What is wrong with the category of a body, beside its schema, which cannot tell it together with other faults: the layer does not have it. The
 * sentence lists those that it has. Undefined where it is fine, or no text.
 */
export function categoryFault(body: unknown): string | undefined {
  const { layer, category } = (body ?? {}) as { readonly layer?: unknown; readonly category?: unknown };
  if (typeof category !== "string") return undefined;
  if (typeof layer !== "string" || !isReportLayer(layer)) {
    return ALL_CATEGORIES.includes(category) ? undefined : "must be one of the categories of its layer";
  }
  const allowed = CATEGORIES[layer];
  return allowed.includes(category) ? undefined : `must be one of ${allowed.join(", ")} in the layer ${layer}`;
}

/** Body of `POST /api/reports`. */
export const reportBodySchema = z
  .strictObject(
    { layer: layerSchema, category: tableCategorySchema, ...measures, text: openTextSchema.optional() },
    {
      error: (issue) =>
        issue.code === "unrecognized_keys"
          ? "is not a field of a report; reports are anonymous, so nothing else is taken"
          : "must be a JSON object",
    },
  )
  .meta({
    id: "NewReport",
    oneOf: REPORT_LAYERS.map((layer) => ({
      properties: { layer: { enum: [layer] }, category: { enum: CATEGORIES[layer] } },
    })),
  });

export type FileReport = z.infer<typeof fileReportSchema>;

export function draftOfBody({ lat, lon, text, ...rest }: FileReport): ReportDraft {
  return { ...rest, lonDeg: lon, latDeg: lat, ...(text !== undefined && text !== "" && { text }) };
}

/** The `Idempotency-Key` header. */
export const idempotencyKeySchema = z
  .string()
  .regex(/^[\x21-\x7e]{1,255}$/, "must be 1 to 255 visible ASCII characters")
  .meta({ description: "Chosen by the client, best a UUID. A retry with it stores nothing twice for a day." });
