import { MAX_SEVERITY, MIN_SEVERITY } from "../../../tiles/layers.ts";
import { OperatorError } from "../../console/operator-error.ts";
import { FIELDS, type Field, isField } from "./field.ts";

/** What a field's value becomes, by the value that was read; `*` stands for every value that is not listed. */
export type ValueMaps = Readonly<Partial<Record<Field, ReadonlyMap<string, string>>>>;

/** What a number becomes by `severity:RULE=round`: the nearest whole one, halves upwards. */
const ROUND = "round";

const NUMBER = "[+-]?\\d{1,15}(?:\\.\\d{0,15})?";
const RANGE = new RegExp(`^(${NUMBER})\\.\\.(${NUMBER})$`);
const COMPARISON = new RegExp(`^(>=|<=|>|<)\\s*(${NUMBER})$`);
const PLAIN_NUMBER = new RegExp(`^${NUMBER}$`);

/** `\=` is an equals sign of the value; one that compares belongs to the rule. */
const VALUE_MAP = /^([a-z]+):((?:[<>]=)?(?:\\=|[^=])*)=(.*)$/s;

/**
 * Reads value mappings such as `severity:murder=5`, `category:*=other`, `severity:1..3=2` or `severity:*=round`; the value that is
 * looked for ends at the first `=` without a backslash.
 * @throws OperatorError on one that is not of that form.
 */
export function parseValueMaps(texts: readonly string[]): ValueMaps {
  const values: Partial<Record<Field, Map<string, string>>> = {};
  for (const text of texts) {
    const [, field = "", from = "", to = ""] = VALUE_MAP.exec(text) ?? [];
    if (!isField(field)) {
      throw new OperatorError(
        `--map ${text} is not understood: write field:value=new value, where field is one of ${FIELDS.join(", ")}.`,
      );
    }
    if (field === "severity" && to.trim() !== "" && to.trim() !== ROUND && !isSeverity(to)) {
      throw new OperatorError(
        `--map ${text} gives no severity: write ${MIN_SEVERITY} to ${MAX_SEVERITY}, or ${ROUND}.`,
      );
    }
    const map = values[field] ?? new Map<string, string>();
    values[field] = map.set(from.replaceAll("\\=", "=").trim(), to);
  }
  return values;
}

const isSeverity = (text: string): boolean =>
  Number.isInteger(Number(text)) && Number(text) >= MIN_SEVERITY && Number(text) <= MAX_SEVERITY;

export interface ValueMap {
  /** What a trimmed value becomes: by its own rule, else by the first range it lies in, else by `*`, else it stays. */
  apply(value: string): string;
  /** Rules that no value has met, `*` not among them, as they were given. */
  unmet(): string[];
}

/** Compiles the rules of a field. Only severities are compared as numbers: `1..3` may well be a category. */
export function createValueMap(field: Field, rules: ReadonlyMap<string, string> = new Map()): ValueMap {
  if (rules.size === 0) return { apply: (value) => value, unmet: () => [] };
  const ranges = field === "severity" ? [...rules.keys()].flatMap(rangeOf) : [];
  const listed = new Set(rules.keys());
  const met = new Set<string>();

  function ruleFor(value: string): string | undefined {
    if (rules.has(value)) return value;
    const number = PLAIN_NUMBER.test(value) ? Number(value) : Number.NaN;
    return ranges.find(({ has }) => has(number))?.rule ?? (rules.has("*") ? "*" : undefined);
  }

  return {
    apply(value) {
      const rule = ruleFor(value);
      if (rule === undefined) return value;
      // A profile's map knows values that it does not list.
      if (listed.has(rule)) met.add(rule);
      const to = (rules.get(rule) ?? "").trim();
      return field === "severity" && to === ROUND ? rounded(value) : to;
    },
    unmet: () => [...listed].filter((rule) => rule !== "*" && !met.has(rule)),
  };
}

const rounded = (value: string): string => (PLAIN_NUMBER.test(value) ? String(Math.floor(Number(value) + 0.5)) : value);

interface Range {
  readonly rule: string;
  has(number: number): boolean;
}

function rangeOf(rule: string): Range[] {
  const [, low, high] = RANGE.exec(rule) ?? [];
  if (low !== undefined) return [{ rule, has: (number) => number >= Number(low) && number <= Number(high) }];
  const [, comparison = "", bound] = COMPARISON.exec(rule) ?? [];
  const has = COMPARE[comparison];
  return has === undefined ? [] : [{ rule, has: (number) => has(number, Number(bound)) }];
}

const COMPARE: Readonly<Record<string, (number: number, bound: number) => boolean>> = {
  ">=": (number, bound) => number >= bound,
  "<=": (number, bound) => number <= bound,
  ">": (number, bound) => number > bound,
  "<": (number, bound) => number < bound,
};
