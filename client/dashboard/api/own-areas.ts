import type { GeoJSON } from "geojson";
import { ask, askOnce, forgetAnswers } from "./ask.ts";

export interface OwnAreaJson {
  readonly id: string;
  readonly name: string;
  readonly created_at: string;
  readonly west: number;
  readonly south: number;
  readonly east: number;
  readonly north: number;
  /** `counting`: its reports of the past are not all counted yet; `paused`: beyond what the plan gives. */
  readonly state: "counting" | "ready" | "paused";
}

export interface OwnAreasJson {
  readonly areas: readonly OwnAreaJson[];
  /** Most that the plan gives. */
  readonly limit: number;
}

export const OWN_AREAS_PATH = "/api/account/areas";

export const fetchOwnAreas = (): Promise<OwnAreasJson> => askOnce(OWN_AREAS_PATH);

/** @param areas a Feature or FeatureCollection of polygons with `properties.name` */
export const addOwnAreas = (areas: GeoJSON): Promise<{ readonly areas: readonly OwnAreaJson[] }> =>
  changed(ask(OWN_AREAS_PATH, { method: "POST", json: areas }));

const of = (id: string): string => `${OWN_AREAS_PATH}/${encodeURIComponent(id)}`;

export const renameOwnArea = (id: string, name: string): Promise<unknown> =>
  changed(ask(of(id), { method: "PATCH", json: { name } }));

export const deleteOwnArea = (id: string): Promise<void> => changed(ask(of(id), { method: "DELETE" }));

/** What is known of areas is outdated then. */
const changed = <T>(asked: Promise<T>): Promise<T> => asked.finally(forgetAnswers);
