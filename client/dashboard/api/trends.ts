import type { ReportLayer } from "../../../tiles/layers.ts";
import type { Confidence, ScoreName } from "../../../tiles/scores/scores.ts";
import type { AreaRankingJson } from "../../api/areas.ts";
import { addressOf } from "./ask.ts";

/** Week over week: the mean of the neighbourhoods that are known in both weeks. */
export interface ChangesJson {
  readonly changes: readonly CityChangeJson[];
  readonly area?: { readonly id: string; readonly name: string };
}

export interface CityChangeJson {
  readonly city: string;
  readonly this_week: number | null;
  readonly last_week: number | null;
  /** Null unless both weeks have medium confidence. */
  readonly change: number | null;
  readonly confidence: Confidence | null;
  readonly neighborhoods: number;
}

export interface AverageJson {
  readonly average: number | null;
  readonly lowest: number | null;
  readonly highest: number | null;
  readonly neighborhoods: number;
}

export interface DailyJson {
  readonly days: readonly { readonly day: string; readonly reports: number; readonly severity: number | null }[];
  readonly neighborhoods: readonly PlacedCountsJson[];
  readonly left_out: number;
}

export interface PlacedCountsJson {
  readonly geohash: string;
  readonly name: string;
  readonly lat: number;
  readonly lon: number;
  readonly total: number;
}

export interface RiseJson {
  readonly name: string;
  readonly reports: number;
  readonly reports_last_month: number;
  readonly change_percent: number | null;
  readonly is_small: boolean;
}

export interface RisingJson {
  readonly this_month: { readonly from: string; readonly to: string };
  readonly neighborhoods: readonly (RiseJson & { readonly lat: number; readonly lon: number })[];
  readonly areas: readonly (RiseJson & { readonly id: string })[];
}

/** Where a question is about: an area of a city, or all of the city. */
export interface Where {
  readonly city: string;
  readonly area?: string | undefined;
}

const placeOf = ({ city, area }: Where) => (area === undefined ? { city } : { area });

export const changesAddress = (where: Where, layer: ScoreName): string =>
  addressOf("/api/trends/changes", { ...placeOf(where), layer });

export const averageAddress = (where: Where, layer: ScoreName, days: number): string =>
  addressOf("/api/trends/average", { ...placeOf(where), layer, days });

export const dailyAddress = (where: Where, layer: ReportLayer | undefined, days: number, limit = 0): string =>
  addressOf("/api/trends/daily", { ...placeOf(where), layer, days, ...(limit > 0 && { limit }) });

export const risingAddress = (where: Where, layer: ReportLayer, limit: number): string =>
  addressOf("/api/trends/rising", { ...placeOf(where), layer, min_change: 0, limit });

/** Areas of a city, ordered by what a score changed in a week: so many that a city has them all. */
export const movesAddress = (city: string, layer: ScoreName): string =>
  addressOf("/api/trends/areas", { city, layer, order: "rising", limit: 500 });

/** Up to four areas beside each other. */
export const comparedAddress = (ids: readonly string[]): string =>
  addressOf("/api/trends/areas", { ids: ids.join(), layer: "overall" });

export type RankingJson = AreaRankingJson;
