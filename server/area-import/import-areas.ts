import { boundsOfBox, boxAround } from "../../tiles/areas/area.ts";
import type { NumberedArea } from "../../tiles/codec/area-codec.ts";
import { minZoomOfBoxes } from "../areas/area-pieces.ts";
import {
  type AreaCity,
  type AreaSet,
  type AreaSets,
  type AreaSetVersion,
  type AreaVersion,
  findSet,
  liveSets,
  REMOVED_AFTER_MS,
  withSet,
} from "../areas/area-sets.ts";
import type { AreaShapes } from "../areas/area-shapes.ts";
import { findCity } from "../areas/cities.ts";
import { OperatorError } from "../console/operator-error.ts";
import type { Clock } from "../ports/clock.ts";
import { idPrefixOf } from "./check-areas.ts";

export interface AreaStore {
  readonly sets: AreaSets;
  readonly shapes: AreaShapes;
  readonly clock: Clock;
  /** Counts the reports in the areas of a new version, for the first time. Resolves when compactions keep that up. */
  tally(areas: readonly NumberedArea[]): Promise<void>;
  /** Removes what was counted for a version. */
  forget(of: AreaSetVersion): Promise<void>;
}

/** What is said of a city; the rest is known of it, or follows from the areas. */
export interface CityOptions {
  readonly id: string;
  readonly name?: string | undefined;
  readonly timezone?: string | undefined;
  readonly bbox?: AreaCity["bbox"] | undefined;
}

/**
 * The city of areas: one that is known, or a new one.
 * @throws OperatorError when the areas do not lie in the city, as where longitude and latitude are swapped
 */
export function cityOfAreas(options: CityOptions, areas: readonly NumberedArea[]): AreaCity {
  const { west, south, east, north } = boundsOfBox(boxAround(areas.map(({ box }) => box)));
  const known = findCity(options.id);
  if (known !== undefined && !isNear([west, south, east, north], known.bbox))
    throw new OperatorError(
      `The areas lie at ${west}, ${south} to ${east}, ${north}, not in ${known.name}: another --city, or are longitude and latitude swapped?`,
    );
  return {
    id: options.id,
    name: options.name ?? known?.name ?? titleOf(options.id),
    bbox: options.bbox ?? known?.bbox ?? [west, south, east, north],
    timezone: options.timezone ?? known?.timezone ?? zoneOfLongitude((west + east) / 2),
  };
}

const isNear = ([w, s, e, n]: AreaCity["bbox"], [west, south, east, north]: AreaCity["bbox"]): boolean =>
  w <= east && e >= west && s <= north && n >= south;

/** `new-york` as `New York`. */
const titleOf = (slug: string): string =>
  slug
    .split("-")
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join(" ");

/** As ships keep it: by the hour, without summer time. In these names of POSIX, west of Greenwich is plus. */
function zoneOfLongitude(lonDeg: number): string {
  const hours = Math.round(lonDeg / 15);
  return hours === 0 ? "Etc/GMT" : `Etc/GMT${hours < 0 ? "+" : "-"}${Math.abs(hours)}`;
}

export interface ImportOptions {
  readonly city: AreaCity;
  readonly kind: string;
  readonly approximate?: boolean;
}

/**
 * Puts areas in place of those of their city and kind: made beside them, and live from one write on.
 * @throws OperatorError when one has the id of an area of another set
 */
export async function importAreas(
  store: AreaStore,
  areas: readonly NumberedArea[],
  { city, kind, approximate = false }: ImportOptions,
): Promise<AreaSetVersion> {
  const { sets, shapes, clock } = store;
  await removeRetired(store);
  await refuseTaken(store, areas, { city, kind });
  const before = findSet(await sets.read({ consistent: true }), city.id, kind);
  const number = Math.max(clock.now(), 1 + Math.max(0, ...(before?.versions ?? []).map((version) => version.number)));
  const box = boxAround(areas.map((area) => area.box));
  const version: AreaVersion = {
    number,
    state: "building",
    sinceMs: clock.now(),
    areaCount: areas.length,
    ...(approximate && { approximate }),
    box,
    minZoom: minZoomOfBoxes(areas.map((area) => area.box)),
  };
  const made = { set: before ?? { city, kind, versions: [] }, version };
  await shapes.write(made, areas);
  await sets.change((all) => withVersion(all, { city, kind }, version));
  await store.tally(areas);
  await sets.change((all) => withLive(all, { city, kind, number, nowMs: clock.now() }));
  return made;
}

/** Ids are of one area each, in addresses and in the history: those of a kind `n` would be those of the neighbourhoods. */
async function refuseTaken(
  { sets, shapes }: AreaStore,
  areas: readonly NumberedArea[],
  { city, kind }: ImportOptions,
): Promise<void> {
  const ids = new Set(areas.map(({ id }) => id));
  const prefix = idPrefixOf(city.id, kind);
  for (const of of liveSets(await sets.read({ consistent: true }))) {
    const { set, version } = of;
    const other = idPrefixOf(set.city.id, set.kind);
    if (set.city.id === city.id && set.kind === kind) continue;
    if (!other.startsWith(prefix) && !prefix.startsWith(other)) continue;
    const taken = (await shapes.list(of, "", version.areaCount)).find(({ id }) => ids.has(id));
    if (taken !== undefined)
      throw new OperatorError(`${taken.id} is an area of ${set.city.id}/${set.kind} already: take another --kind.`);
  }
}

/** Takes the areas of a city and kind away. Returns whether there were any. */
export async function removeAreas(store: AreaStore, city: string, kind: string): Promise<boolean> {
  const { sets, clock } = store;
  const found = findSet(await sets.read({ consistent: true }), city, kind);
  if (found === undefined) return false;
  const sinceMs = clock.now();
  await sets.change((all) => {
    const set = findSet(all, city, kind);
    const versions = set?.versions.map((version) => retired(version, sinceMs)) ?? [];
    return set === undefined ? all : withSet(all, { ...set, versions });
  });
  await removeRetired(store);
  return true;
}

/** Removes what nobody reads any more: versions that were live, and those whose import was cut off. */
async function removeRetired(store: AreaStore): Promise<void> {
  const { sets, shapes, clock } = store;
  const isOver = ({ state, sinceMs }: AreaVersion): boolean =>
    state !== "live" && clock.now() >= sinceMs + (state === "building" ? ABANDONED_AFTER_MS : REMOVED_AFTER_MS);
  for (const set of await sets.read({ consistent: true })) {
    const over = set.versions.filter(isOver);
    for (const version of over) {
      await shapes.remove({ set, version });
      await store.forget({ set, version });
    }
    const gone = new Set(over.map(({ number }) => number));
    if (gone.size > 0) await sets.change((all) => withoutVersions(all, set, gone));
  }
}

/** No import takes so long. */
const ABANDONED_AFTER_MS = 86_400_000;

const retired = (version: AreaVersion, sinceMs: number): AreaVersion =>
  version.state === "retired" ? version : { ...version, state: "retired", sinceMs };

function withVersion(
  sets: readonly AreaSet[],
  { city, kind }: Pick<AreaSet, "city" | "kind">,
  version: AreaVersion,
): AreaSet[] {
  const versions = findSet(sets, city.id, kind)?.versions ?? [];
  return withSet(sets, { city, kind, versions: [...versions, version] });
}

function withLive(
  sets: readonly AreaSet[],
  { city, kind, number, nowMs }: Pick<AreaSet, "city" | "kind"> & { readonly number: number; readonly nowMs: number },
): AreaSet[] {
  const versions = findSet(sets, city.id, kind)?.versions ?? [];
  const live = versions.map((version): AreaVersion => {
    if (version.number === number) return { ...version, state: "live", sinceMs: nowMs };
    return version.state === "live" ? retired(version, nowMs) : version;
  });
  return withSet(sets, { city, kind, versions: live });
}

function withoutVersions(
  sets: readonly AreaSet[],
  { city, kind }: AreaSet,
  gone: ReadonlySet<number>,
): readonly AreaSet[] {
  const set = findSet(sets, city.id, kind);
  if (set === undefined) return sets;
  return withSet(sets, { ...set, versions: set.versions.filter(({ number }) => !gone.has(number)) });
}
