import type { BoxE6 } from "../../tiles/areas/area.ts";
import { decodeAreaSets, encodeAreaSets } from "../../tiles/codec/area-codec.ts";
import { StoredItemError } from "../../tiles/codec/stored-item.ts";
import type { Log } from "../console/log.ts";
import type { DerivedItem, DerivedStore } from "../ports/derived-store.ts";
import { minZoomOfWidth } from "./area-pieces.ts";

/**
 * Sets of areas: all areas of one city and kind. A set is replaced as a whole, by a new version that is made beside the old one; the one
 * item that says which version is live is written last, so a set is never missing, and never half of each.
 */
export interface AreaSet {
  readonly city: AreaCity;
  /** `neighborhood`, for one. */
  readonly kind: string;
  /** Ascending by number; one at the most is live. */
  readonly versions: readonly AreaVersion[];
}

/** The city that areas are of, which need not be one that is known otherwise. */
export interface AreaCity {
  readonly id: string;
  readonly name: string;
  /** West, south, east, north; degrees. */
  readonly bbox: readonly [number, number, number, number];
  /** IANA name. */
  readonly timezone: string;
}

export interface AreaVersion {
  /** About when it was made, Unix milliseconds: above those of the versions before. */
  readonly number: number;
  /** `building`: being made, and kept up by compactions already; `retired`: some readers may not know of the next one yet. */
  readonly state: "building" | "live" | "retired";
  /** Since when it is that, Unix milliseconds. */
  readonly sinceMs: number;
  readonly areaCount: number;
  /** Borders that nobody has drawn: the product's own guess. */
  readonly approximate?: true;
  /** That all areas lie in. */
  readonly box: BoxE6;
  /** From this zoom on tiles have its areas; see `minZoomOf`. */
  readonly minZoom?: number;
}

/** A version of a set. */
export interface AreaSetVersion {
  readonly set: AreaSet;
  readonly version: AreaVersion;
}

export interface AreaSets {
  /** All sets. `consistent` also sees what was written a moment ago. */
  read(options?: { consistent?: boolean }): Promise<readonly AreaSet[]>;
  /** Changes them, until nobody else did meanwhile. */
  change(change: (sets: readonly AreaSet[]) => readonly AreaSet[]): Promise<void>;
}

/** Of the item with the sets, and of what is beside it. */
const GROUP = "areas";
const NAME = "sets";
const MAX_TRIES = 8;

/** Retired versions are kept up for so long. Readers look for new ones much more often. */
const KEPT_UP_MS = 10 * 60_000;

/** By then nobody reads a retired version any more, nor does who was making one still do it. */
export const REMOVED_AFTER_MS = 3_600_000;

export function createAreaSets({ derived, log }: { readonly derived: DerivedStore; readonly log: Log }): AreaSets {
  function decode(item: DerivedItem | undefined): readonly AreaSet[] {
    try {
      return item === undefined ? [] : (decodeAreaSets(item.body, `${GROUP} ${NAME}`) as readonly AreaSet[]);
    } catch (error) {
      if (!(error instanceof StoredItemError)) throw error;
      log.warn("list of the sets of areas damaged, or of another version: import them again", { item: error.message });
      return [];
    }
  }

  return {
    read: async (options = {}) => decode(await derived.get(GROUP, NAME, options)),
    async change(change) {
      for (let tries = 0; tries < MAX_TRIES; tries++) {
        const item = await derived.get(GROUP, NAME, { consistent: true });
        const body = encodeAreaSets(change(decode(item)));
        if (await derived.put(GROUP, NAME, body, { expected: item?.version })) return;
      }
      throw new Error(`the sets of areas were changed by others ${MAX_TRIES} times`);
    },
  };
}

/** The version that readers go by. */
export function liveVersion({ versions }: AreaSet): AreaVersion | undefined {
  return versions.find(({ state }) => state === "live");
}

/** The zoom from which on tiles have a version's areas. Of one that was imported before it was kept, what areas of one size would have. */
export const minZoomOf = ({ minZoom, box, areaCount }: AreaVersion): number =>
  minZoom ?? minZoomOfWidth((box.east - box.west) / 1e6 / Math.sqrt(Math.max(1, areaCount)));

/** The live version of each set that has one. */
export const liveSets = (sets: readonly AreaSet[]): AreaSetVersion[] =>
  sets.flatMap((set) => {
    const version = liveVersion(set);
    return version === undefined ? [] : [{ set, version }];
  });

/** Versions that compactions keep up: those that somebody reads, or will. */
export const keptUpVersions = (sets: readonly AreaSet[], nowMs: number): AreaSetVersion[] =>
  sets.flatMap((set) =>
    set.versions
      .filter(({ state, sinceMs }) => state !== "retired" || nowMs < sinceMs + KEPT_UP_MS)
      .map((version) => ({ set, version })),
  );

const isOf = (city: string, kind: string) => (set: AreaSet) => set.city.id === city && set.kind === kind;

/** The sets with another one in place of that of its city and kind, or beside them. */
export function withSet(sets: readonly AreaSet[], changed: AreaSet): AreaSet[] {
  const others = sets.filter((set) => !isOf(changed.city.id, changed.kind)(set));
  const all = changed.versions.length === 0 ? others : [...others, changed];
  return all.sort((a, b) => (keyOfSet(a) < keyOfSet(b) ? -1 : 1));
}

export const findSet = (sets: readonly AreaSet[], city: string, kind: string): AreaSet | undefined =>
  sets.find(isOf(city, kind));

/** `san-francisco/neighborhood` */
export const keyOfSet = ({ city, kind }: AreaSet): string => `${city.id}/${kind}`;

/** Names a version in the names of groups, and tells versions apart in memory. */
export const keyOfVersion = ({ set, version }: AreaSetVersion): string => `${keyOfSet(set)}/${version.number}`;
