import { MAX_SEVERITY, MIN_SEVERITY, REPORT_LAYERS } from "../../../tiles/layers.ts";
import { cleanCategory } from "./clean.ts";
import type { Field } from "./field.ts";
import { shellQuote } from "./show-value.ts";

/** What words for a severity usually stand for; only ever proposed, to be read by whoever pastes it. */
const SEVERITY_OF_WORD: Readonly<Record<string, number>> = {
  ...{ trivial: 1, minimal: 1, "very low": 1, none: 1, low: 2, minor: 2, slight: 2 },
  ...{ medium: 3, moderate: 3, normal: 3, routine: 3, standard: 3 },
  ...{ high: 4, major: 4, serious: 4, urgent: 4, critical: 5, severe: 5, emergency: 5, fatal: 5, "very high": 5 },
};

/** Fields whose values are words that an operator can put others in place of. */
export const MAPPED_FIELDS = ["layer", "category", "severity"] as const satisfies readonly Field[];
export type MappedField = (typeof MAPPED_FIELDS)[number];

/**
 * The option that makes a rejected value fit, quoted for a shell; `N` and `LAYER` where only the operator knows what it stands for.
 * `undefined` for a value that `--map` cannot name.
 */
export function mapOption(field: MappedField, value: string): string | undefined {
  if (value === "*" || value.endsWith("\\")) return undefined;
  return `--map ${shellQuote(`${field}:${value.replaceAll("=", "\\=")}=${proposal(field, value)}`)}`;
}

function proposal(field: MappedField, value: string): string {
  if (field === "layer") return REPORT_LAYERS.find((layer) => layer === value.toLowerCase()) ?? "LAYER";
  if (field === "category") return cleanCategory(value) || "other";
  const word = SEVERITY_OF_WORD[value.toLowerCase()];
  if (word !== undefined) return String(word);
  const rounded = value === "" ? Number.NaN : Math.floor(Number(value) + 0.5);
  return rounded >= MIN_SEVERITY && rounded <= MAX_SEVERITY ? String(rounded) : "N";
}
