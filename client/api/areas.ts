import type { ScoreName } from "../../tiles/scores/scores.ts";
import { type AreaCardJson, request } from "./api.ts";

/** An area in a list. */
export interface ListedAreaJson {
  readonly id: string;
  readonly name: string;
}

/** Areas of a city by name, as many as one page has. @throws RequestError */
export async function fetchAreaNames(city: string): Promise<readonly ListedAreaJson[]> {
  const parameters = new URLSearchParams({ city, format: "list", limit: "500" });
  return (await request<{ areas: readonly ListedAreaJson[] }>(`/api/areas?${parameters}`)).areas;
}

export type AreaOrder = "best" | "worst" | "rising" | "name";

/** Areas of a city in an order, a page of them. */
export interface AreaRankingJson {
  readonly areas: readonly RankedAreaJson[];
  readonly next_cursor: string | null;
}

export interface RankedAreaJson
  extends Pick<AreaCardJson, "id" | "name" | "kind" | "scores" | "confidence" | "change_7d"> {
  readonly city: { readonly id: string; readonly name: string };
  /** Null where nothing is known. */
  readonly report_count_30d: number | null;
}

/** The areas of a city by a score, from a page's cursor on. @throws RequestError, or the signal's reason when aborted. */
export function fetchAreaRanking(
  { city, layer, order }: { readonly city: string; readonly layer: ScoreName; readonly order: AreaOrder },
  signal?: AbortSignal,
  cursor?: string,
): Promise<AreaRankingJson> {
  const parameters = new URLSearchParams({ city, layer, order, ...(cursor !== undefined && { cursor }) });
  return request(`/api/trends/areas?${parameters}`, signal && { signal });
}
