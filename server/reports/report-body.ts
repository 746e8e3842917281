import { z } from "zod";
import { MAX_LATITUDE } from "../../tiles/geo/tile-address.ts";
import { MAX_SEVERITY, MIN_SEVERITY, REPORT_LAYERS } from "../../tiles/layers.ts";
import type { ReportDraft } from "./create-report.ts";

const MAX_CATEGORY = 40;
const MAX_TEXT = 280;

/** Messages complete a sentence that begins with the field's name. */
const orMissing = (message: string) => (issue: { input: unknown }) =>
  issue.input === undefined ? "is missing" : message;

/** Unicode code points: what people count, an emoji of one code point being one. */
const lengthOf = (text: string): number => [...text].length;

const CATEGORY = /^[\p{L}\p{Nd}][\p{L}\p{M}\p{Nd} _'&/.-]*$/u;

const categorySchema = z
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

const CONTROL = /\p{Cc}/u;

/**
 * Line ends become \n and tabs spaces, as no form means more by them. Other control characters are refused, not stripped:
 * nobody types them, and what is acknowledged should be what was sent.
 */
const textSchema = z
  .string({ error: "must be a string" })
  .overwrite((text) => text.replace(/\r\n?/g, "\n").replaceAll("\t", " ").trim())
  .superRefine((text, ctx) => {
    if (lengthOf(text) > MAX_TEXT) {
      ctx.addIssue({
        code: "custom",
        message: `must have at most ${MAX_TEXT} characters`,
        params: { limit: MAX_TEXT },
      });
    }
    if (!text.isWellFormed()) ctx.addIssue({ code: "custom", message: "must be well-formed Unicode" });
    if (CONTROL.test(text.replaceAll("\n", ""))) {
      ctx.addIssue({ code: "custom", message: "must have no control characters but line ends" });
    }
  })
  .meta({
    maxLength: MAX_TEXT,
    description: "Counted in Unicode code points after trimming. No control characters but line ends; empty is none.",
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

/** Body of `POST /api/reports`. */
export const reportBodySchema = z
  .strictObject(
    {
      layer: z.enum(REPORT_LAYERS, { error: orMissing(`must be one of ${REPORT_LAYERS.join(", ")}`) }),
      category: categorySchema,
      severity: z
        .int({ error: orMissing(SEVERITY) })
        .min(MIN_SEVERITY, SEVERITY)
        .max(MAX_SEVERITY, SEVERITY),
      lat: degreesSchema(90).meta({
        description: `WGS 84 degrees, kept to 1e-6. Beyond ${MERCATOR_END} and -${MERCATOR_END}, where Web Mercator ends, tiles and clusters show the report at their edge; everything else has it where it is.`,
        example: 37.7599,
      }),
      lon: degreesSchema(180).meta({ description: "WGS 84 degrees, kept to 1e-6.", example: -122.4148 }),
      text: textSchema.optional(),
    },
    {
      error: (issue) =>
        issue.code === "unrecognized_keys"
          ? "is not a field of a report; reports are anonymous, so nothing else is taken"
          : "must be a JSON object",
    },
  )
  .meta({ id: "NewReport" });

export function draftOfBody({ lat, lon, text, ...rest }: z.infer<typeof reportBodySchema>): ReportDraft {
  return { ...rest, lonDeg: lon, latDeg: lat, ...(text !== undefined && text !== "" && { text }) };
}

/** The `Idempotency-Key` header. */
export const idempotencyKeySchema = z
  .string()
  .regex(/^[\x21-\x7e]{1,255}$/, "must be 1 to 255 visible ASCII characters")
  .meta({ description: "Chosen by the client, best a UUID. A retry with it stores nothing twice for a day." });
