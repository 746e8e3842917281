import { z } from "@hono/zod-openapi";
import { TILE_LAYERS, type TileLayer } from "../../../tiles/layers.ts";
import type { ListedKey } from "../../accounts/key-table.ts";
import { isOriginRule } from "../../accounts/origins.ts";

const MAX_NAME = 80;
const MAX_ORIGINS = 20;
const MAX_OVERLAP_HOURS = 168;
const OVERLAP_HOURS = 24;

/** What a key may be for. Dashboards send none. */
export const KEY_KINDS = ["tiles", "trends", "exports"] as const;

const onlyOf = (what: string) => (issue: { readonly code?: string }) =>
  issue.code === "unrecognized_keys" ? `is not a field of ${what}` : "must be a JSON object";

const listOf = <T extends z.ZodType>(each: T, most: number, what: string) =>
  z
    .array(each, `must be a list of ${what}`)
    .min(1, `must have at least one of ${what}; leave it out for all`)
    .max(most, `must have at most ${most}`)
    .transform((all) => [...new Set(all)])
    .nullish();

const nameSchema = z
  .string("must be a text")
  .trim()
  .min(1, "must not be empty")
  .max(MAX_NAME, `must have at most ${MAX_NAME} characters`)
  .refine((text) => text.isWellFormed() && !/[\p{Cc}\p{Cf}]/u.test(text), "must not have control characters");

const originSchema = z
  .string("must be a text")
  .refine(
    isOriginRule,
    "must be an origin such as https://example.com, or https://*.example.com, in lower case and without a path",
  );

const layerNames = [...TILE_LAYERS] as [TileLayer, ...TileLayer[]];

export const newKeySchema = z
  .strictObject(
    {
      name: nameSchema.openapi({ example: "newsroom" }),
      origins: listOf(originSchema, MAX_ORIGINS, "origins").openapi({
        description: "Pages that may send it, by `Origin` or `Referer`. Programs can write what they like there.",
        example: ["https://news.example", "https://*.news.example"],
      }),
      layers: listOf(
        z.enum(layerNames, `must be one of ${TILE_LAYERS.join(", ")}`),
        TILE_LAYERS.length,
        "layers of tiles",
      ).openapi({ description: "Layers of tiles that it is for.", example: ["safety"] }),
      kinds: listOf(z.enum(KEY_KINDS, `must be one of ${KEY_KINDS.join(", ")}`), KEY_KINDS.length, "kinds").openapi({
        description: "Calls that it is for. One that lies in a page is best for tiles alone.",
        example: ["tiles"],
      }),
    },
    { error: onlyOf("a key") },
  )
  .openapi("NewKey");

export const rotationSchema = z
  .strictObject(
    {
      overlap_hours: z
        .int("must be a whole number")
        .min(0, "must be at least 0")
        .max(MAX_OVERLAP_HOURS, `must be at most ${MAX_OVERLAP_HOURS}`)
        .default(OVERLAP_HOURS)
        .openapi({ description: "So long the old key goes on working.", example: OVERLAP_HOURS }),
    },
    { error: onlyOf("a rotation") },
  )
  .openapi("KeyRotation");

const time = z.iso.datetime();

export const keySchema = z
  .object({
    id: z.uuid(),
    name: z.string(),
    prefix: z.string().openapi({ description: "The key's first characters." }),
    created_at: time,
    last_used_at: time.nullable(),
    expires_at: time.nullable().openapi({ description: "When a key ends that another took the place of." }),
    revoked_at: time.nullable(),
    origins: z.array(z.string()).nullable(),
    layers: z.array(z.string()).nullable(),
    kinds: z.array(z.string()).nullable(),
    calls_this_month: z.int().min(0),
  })
  .openapi("ApiKey");

export const shownKeySchema = keySchema
  .extend({ key: z.string().openapi({ description: "The key itself, which is told here once and kept nowhere." }) })
  .openapi("ShownApiKey");

const text = (time: Date | null): string | null => time?.toISOString() ?? null;

export function toKeyJson(key: ListedKey): z.infer<typeof keySchema> {
  return {
    id: key.id,
    name: key.name,
    prefix: key.prefix,
    created_at: key.createdAt.toISOString(),
    last_used_at: text(key.lastUsedAt),
    expires_at: text(key.expiresAt),
    revoked_at: text(key.revokedAt),
    origins: key.origins && [...key.origins],
    layers: key.layers && [...key.layers],
    kinds: key.kinds && [...key.kinds],
    calls_this_month: key.calls,
  };
}
