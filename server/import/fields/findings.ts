import { looksProjected } from "./degrees.ts";
import { createFrequentValues } from "./frequent-values.ts";
import { MAPPED_FIELDS, mapOption } from "./map-lines.ts";
import type { Mapping } from "./mapping.ts";
import { createPlaceBoxes, formatBox } from "./place-box.ts";
import { doubtPlaces } from "./place-doubts.ts";
import { createPlaceOutliers } from "./place-outliers.ts";
import type { Change, Rejection, ToldByRow } from "./row-report.ts";
import { showValue } from "./show-value.ts";

/** What the rows of a file came to beside their numbers: where they lie, what was changed in them, which values do not fit. */
export interface Findings {
  accepted(told: ToldByRow): void;
  rejected(rejection: Rejection): void;
  /** Lines for the operator. @param unmetRules of value maps, where all rows were read */
  notes(unmetRules?: readonly string[]): string[];
}

export interface FindingsOptions {
  readonly mapping: Mapping;
  readonly clean?: boolean | undefined;
}

const MOST_VALUES = 10;
const HELD_VALUES = 1000;
const LONGEST_VALUE = 200;
const MOST_COLLISIONS = 5;
const MOST_UNMET = 10;

/** In bounded memory: 1 000 rejected values, 1 000 categories, and counts. */
export function createFindings({ mapping, clean }: FindingsOptions): Findings {
  const boxes = createPlaceBoxes();
  const outliers = createPlaceOutliers();
  const values = createFrequentValues(HELD_VALUES);
  const changes = createChangeCounts();
  const collisions = createCollisions();
  let [beyondLatitude, projected] = [0, 0];

  return {
    accepted({ place, report, changes: changed }) {
      boxes.add(place);
      outliers.add(place);
      for (const change of changed) changes.add(change);
      if (clean)
        collisions.add(changed.find(({ field }) => field === "category")?.from ?? report.category, report.category);
    },
    rejected({ field, value }) {
      const number = field === "lat" || field === "lon" ? Number(value) : Number.NaN;
      if (looksProjected(number)) projected++;
      else if (field === "lat" && Math.abs(number) > 90 && Math.abs(number) <= 180) beyondLatitude++;
      if ((MAPPED_FIELDS as readonly string[]).includes(field) && value.length <= LONGEST_VALUE)
        values.add(`${field}:${value}`);
    },
    notes(unmetRules = []) {
      const box = boxes.box();
      return [
        ...(box ? [`Places           ${formatBox(box)}`] : []),
        ...outliers.lines(),
        ...doubtPlaces(box, beyondLatitude, mapping),
        ...(box && projected > 0
          ? [
              `Places that look like metres or feet: ${projected}. Others were read as degrees, ${box.count}: check where they lie.`,
            ]
          : []),
        ...changes.lines(),
        ...collisions.lines(),
        ...unmetLines(unmetRules),
        ...valueLines(values, clean === true),
      ];
    },
  };
}

const countLine = (label: string, count: number): string =>
  `${label.padEnd(20)}${count.toLocaleString("en-US").replaceAll(",", " ").padStart(8)}`;

function createChangeCounts() {
  const counts = new Map<string, { count: number; readonly first: Change }>();
  return {
    add(change: Change): void {
      const key = `${change.field} ${change.to === undefined ? change.why : "cleaned"}`;
      const found = counts.get(key);
      if (found) found.count++;
      else counts.set(key, { count: 1, first: { ...change, from: change.from.slice(0, LONGEST_VALUE) } });
    },
    lines: (): string[] => [...counts.values()].map(({ count, first }) => changeLine(count, first)),
  };
}

function remedyOf(why: string): string {
  if (why.includes("--")) return ", and --clean keeps the rest";
  return why.includes("at most") ? ": --truncate-text keeps their beginnings" : ": --clean makes them fit";
}

function changeLine(count: number, { field, from, to, why }: Change): string {
  if (to === undefined) {
    return `${countLine("Texts left out", count)}  text ${why}${remedyOf(why ?? "")}`;
  }
  const label = field === "category" ? "Categories cleaned" : "Texts cleaned or cut";
  return `${countLine(label, count)}  as ${showValue(from)} -> ${showValue(to)}`;
}

/** Which categories cleaning made the same, of the first 1 000. */
function createCollisions() {
  const firsts = new Map<string, string>();
  const found = new Map<string, string>();
  return {
    add(from: string, to: string): void {
      const first = firsts.get(to);
      if (first === undefined) {
        if (firsts.size < HELD_VALUES) firsts.set(to, from.slice(0, LONGEST_VALUE));
      } else if (first !== from.slice(0, LONGEST_VALUE) && found.size < MOST_COLLISIONS && !found.has(to)) {
        found.set(to, from.slice(0, LONGEST_VALUE));
      }
    },
    lines: (): string[] =>
      [...found].map(
        ([to, from]) =>
          `${showValue(firsts.get(to) ?? "")} and ${showValue(from)} are both ${showValue(to)} now: keep them apart with --map if they are not the same.`,
      ),
  };
}

function unmetLines(rules: readonly string[]): string[] {
  if (rules.length === 0) return [];
  const shown = rules.slice(0, MOST_UNMET).map((rule) => `--map ${showValue(rule)}`);
  const more = rules.length > MOST_UNMET ? ` and ${rules.length - MOST_UNMET} more` : "";
  return [
    `No row has the value of ${shown.join(", ")}${more}: a slip of the pen? Values are compared letter by letter.`,
  ];
}

function valueLines(values: ReturnType<typeof createFrequentValues>, clean: boolean): string[] {
  const lines = values.top(MOST_VALUES).map(({ key, count }) => {
    const at = key.indexOf(":");
    const field = MAPPED_FIELDS.find((name) => name === key.slice(0, at));
    const option = field && mapOption(field, key.slice(at + 1));
    return `${countLine("", count)}  ${option ?? showValue(key)}`;
  });
  if (lines.length === 0) return [];
  const hasCategory = lines.some((line) => line.includes("category:"));
  const often = values.isExact() ? "Most frequent rejected values" : "Most frequent rejected values, at least so often";
  return [
    `${often}, and the options that replace them (put in what you mean):`,
    ...lines,
    ...(hasCategory && !clean ? ["Or say --clean, which makes every category fit."] : []),
  ];
}
