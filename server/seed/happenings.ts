import type { ReportLayer } from "../../tiles/layers.ts";
import type { Kind } from "./city-sketch.ts";
import type { Rhythm, Week } from "./rhythms.ts";
import texts from "./texts.json" with { type: "json" };

/** What residents report under a category: how often, where, when, how bad and in which words. */
export interface Happening {
  readonly layer: ReportLayer;
  readonly category: string;
  /** How often, compared with the others. */
  readonly weight: number;
  /** How much more often at places of a kind than at any other place, which counts 0.03. */
  readonly kinds: Readonly<Partial<Record<Kind, number>>>;
  readonly rhythm: Rhythm;
  readonly week: Week;
  /** How often severity 1, 2, 3, 4 and 5. */
  readonly severities: readonly [number, number, number, number, number];
  readonly texts: readonly string[];
}

/**
 * What residents write, by category. `{where}` is "on Valencia St", "at Dolores Park" or "in the Sunset"; `{near}` a place
 * around; `{n}` a number from 2 to 9; `{m}` one of 10, 15 … 45. A template with `{near}` is taken only where one is near.
 */
const TEXTS: Readonly<Record<string, readonly string[]>> = texts;

type Row = Omit<Happening, "layer" | "texts">;

const SAFETY: readonly Row[] = [
  row("theft", 12, { shops: 3, tourist: 4, transit: 2, homes: 1.2, park: 1 }, "evening", "errands", [2, 8, 7, 2, 0]),
  row("assault", 3.5, { nightlife: 4, transit: 2.5, plaza: 1 }, "lateNight", "lateWeek", [0, 1, 4, 7, 3]),
  row("unsafe-corner", 6, { plaza: 3, nightlife: 2, transit: 2, homes: 0.6 }, "afterDark", "every", [1, 5, 8, 3, 0]),
  row("harassment", 4, { transit: 4, nightlife: 2.5, plaza: 2 }, "evening", "every", [1, 5, 7, 3, 0]),
  row("vandalism", 5, { arts: 1.5, shops: 2, homes: 1, park: 1 }, "daytime", "every", [5, 9, 3, 0, 0]),
  row("poor-lighting", 5, { homes: 1.4, park: 2.5, low: 1 }, "afterDark", "every", [3, 9, 4, 1, 0]),
  row("traffic-danger", 9, { traffic: 5, transit: 1, homes: 0.5, campus: 1 }, "commute", "errands", [0, 4, 8, 6, 2]),
];

const INFRASTRUCTURE: readonly Row[] = [
  row("pothole", 10, { traffic: 4, homes: 1.5 }, "daytime", "workdays", [2, 8, 7, 2, 0]),
  row("flooding", 1.5, { low: 12, homes: 0.3, traffic: 0.6 }, "evening", "every", [0, 2, 6, 6, 2]),
  row("street-light", 6, { homes: 2, park: 1, traffic: 1 }, "afterDark", "every", [3, 9, 4, 0, 0]),
  row("construction", 8, { homes: 1.4, work: 3, traffic: 1.2, shops: 0.6 }, "earlyWork", "workdays", [2, 8, 7, 1, 0]),
  row("transit-delay", 7, { transit: 8 }, "commute", "workdays", [2, 9, 7, 2, 0]),
  row("water-leak", 3, { homes: 2, low: 1 }, "daytime", "every", [1, 5, 7, 3, 1]),
  row("sidewalk", 6, { homes: 2, shops: 1.4 }, "daytime", "errands", [3, 9, 5, 1, 0]),
];

const VIBE: readonly Row[] = [
  row("live-music", 5, { nightlife: 4, arts: 3, park: 1, plaza: 1 }, "nightOut", "weekend", [0, 2, 6, 7, 4]),
  row("street-art", 3, { arts: 8, shops: 0.6 }, "afternoon", "errands", [1, 4, 7, 5, 2]),
  row("friendly", 5, { homes: 1.2, shops: 1.5, park: 2 }, "daytime", "errands", [1, 4, 8, 5, 2]),
  row("noise", 7, { nightlife: 4, homes: 0.9 }, "lateNight", "lateWeek", [2, 6, 8, 4, 1]),
  row("festival", 1.5, { park: 3, plaza: 3, shops: 0.6 }, "afternoon", "weekend", [0, 2, 5, 7, 4]),
  row("green-space", 4, { park: 12 }, "daytime", "weekend", [1, 4, 7, 5, 3]),
  row("late-night", 4, { nightlife: 6 }, "lateNight", "lateWeek", [1, 5, 7, 4, 1]),
];

const OPPORTUNITY: readonly Row[] = [
  row("new-business", 5, { shops: 5, nightlife: 1.5 }, "daytime", "errands", [1, 4, 8, 5, 2]),
  row("for-lease", 4, { shops: 5, work: 1.5 }, "daytime", "workdays", [3, 7, 6, 2, 0]),
  row("hiring", 4, { shops: 4, nightlife: 2, work: 1 }, "daytime", "workdays", [2, 6, 7, 3, 1]),
  row("pop-up", 2.5, { shops: 2, arts: 4, plaza: 2 }, "afternoon", "weekend", [2, 6, 6, 3, 1]),
  row("market", 2.5, { plaza: 4, park: 2, shops: 1 }, "afternoon", "weekend", [1, 4, 7, 5, 2]),
  row("co-working", 1.5, { work: 6, shops: 0.8, campus: 1.5 }, "daytime", "workdays", [2, 5, 6, 3, 1]),
  row("development", 2.5, { work: 2, homes: 0.8, traffic: 1, shops: 1 }, "daytime", "workdays", [2, 5, 6, 4, 2]),
];

export const HAPPENINGS: readonly Happening[] = [
  ...ofLayer("safety", SAFETY),
  ...ofLayer("infrastructure", INFRASTRUCTURE),
  ...ofLayer("vibe", VIBE),
  ...ofLayer("opportunity", OPPORTUNITY),
];

/** A happening by its category. @throws RangeError when there is none. */
export function findHappening(category: string): Happening {
  const found = HAPPENINGS.find((happening) => happening.category === category);
  if (found === undefined) throw new RangeError(`nothing happens under ${category}`);
  return found;
}

function row(
  category: string,
  weight: number,
  kinds: Row["kinds"],
  rhythm: Rhythm,
  week: Week,
  severities: Row["severities"],
): Row {
  return { category, weight, kinds, rhythm, week, severities };
}

function ofLayer(layer: ReportLayer, rows: readonly Row[]): Happening[] {
  return rows.map((happening) => ({ layer, ...happening, texts: TEXTS[happening.category] ?? [] }));
}
