import { LRUCache } from "lru-cache";
import { type BoxE6, boxesMeet, boxOfBounds } from "../../tiles/areas/area.ts";
import { type AreaLocator, createAreaLocator } from "../../tiles/areas/area-locator.ts";
import {
  type AreaIndex,
  decodeAreaIndex,
  decodeAreas,
  encodeAreaIndex,
  encodeAreas,
  type NumberedArea,
} from "../../tiles/codec/area-codec.ts";
import { StoredItemError } from "../../tiles/codec/stored-item.ts";
import { cellBounds } from "../../tiles/geo/geohash.ts";
import { mapLimited } from "../kit/map-limited.ts";
import type { DerivedStore } from "../ports/derived-store.ts";
import { DETAIL_LEVELS, divide, EXACT_LEVEL, piecesMeeting, unitOfLevel } from "./area-pieces.ts";
import { type AreaSetVersion, keyOfVersion, minZoomOf } from "./area-sets.ts";

/**
 * The areas of sets, as they are stored. What a version has is never changed, so what was read is kept as long as there is room:
 *
 *     areas/<city>/<kind>/<version>/list    index, and all areas without their corners: 0, 1, …
 *     areas/<city>/<kind>/<version>/<level> pieces: <geohash>.<part>
 */
export interface AreaShapes {
  /** Areas whose boxes meet a box, ascending by number. @param level of detail */
  meeting(of: AreaSetVersion, box: BoxE6, level: number): Promise<NumberedArea[]>;
  /** The areas that meet a log cell, and in which of them, by its place among them, a report of the cell lies. */
  near(of: AreaSetVersion, geohash5: string): Promise<AreasNear>;
  /** An area by its id, without corners. */
  find(of: AreaSetVersion, id: string): Promise<NumberedArea | undefined>;
  /** Areas after an id, ascending, without corners. */
  list(of: AreaSetVersion, after: string, limit: number): Promise<NumberedArea[]>;
  /** Writes a version's areas, ascending by id. Before it is live nobody reads them. */
  write(of: AreaSetVersion, areas: readonly NumberedArea[]): Promise<void>;
  /** Removes all that `write` wrote. */
  remove(of: AreaSetVersion): Promise<void>;
}

export interface AreasNear extends AreaLocator {
  readonly areas: readonly NumberedArea[];
}

/** A version's items are not what its index says: some were lost, and the set must be imported again. */
export class LostAreasError extends Error {
  override readonly name = "LostAreasError";
}

/** Whether areas cannot be read, now or later, because what is stored of them is missing or damaged. */
export const isLost = (error: unknown): boolean => error instanceof LostAreasError || error instanceof StoredItemError;

const INDEX_NAME = "index";
const PARALLEL = 16;
/** Of an area in memory, beside its corners. */
const AREA_BYTES = 400;

export interface AreaShapesOptions {
  readonly derived: DerivedStore;
  readonly maxBytes?: number;
}

export function createAreaShapes({ derived, maxBytes = 32 * 2 ** 20 }: AreaShapesOptions): AreaShapes {
  const indexes = new LRUCache<string, AreaIndex>({ max: 200 });
  const items = new LRUCache<string, NumberedArea[]>({
    maxSize: maxBytes,
    sizeCalculation: (areas) => areas.reduce((sum, area) => sum + AREA_BYTES + bytesOfCorners(area), AREA_BYTES),
  });
  const locators = new LRUCache<string, AreasNear>({ max: 500 });

  async function read(group: string, name: string): Promise<Uint8Array> {
    const item = await derived.get(group, name);
    if (item === undefined) throw new LostAreasError(`${group} ${name} is missing: import the areas again`);
    return item.body;
  }

  async function indexOf(of: AreaSetVersion): Promise<AreaIndex> {
    const group = listGroup(of);
    const known = indexes.get(group);
    if (known !== undefined) return known;
    const index = decodeAreaIndex(await read(group, INDEX_NAME), `${group} ${INDEX_NAME}`);
    indexes.set(group, index);
    return index;
  }

  async function areasIn(group: string, name: string): Promise<NumberedArea[]> {
    const key = `${group} ${name}`;
    const known = items.get(key);
    if (known !== undefined) return known;
    const areas = decodeAreas(await read(group, name), key);
    items.set(key, areas);
    return areas;
  }

  async function meeting(of: AreaSetVersion, box: BoxE6, level: number): Promise<NumberedArea[]> {
    const pieces = (await indexOf(of)).pieces[level] ?? new Map<string, number>();
    const names = piecesMeeting(box, pieces.keys()).flatMap((geohash) => partNames(geohash, pieces.get(geohash) ?? 0));
    const found = await mapLimited(names, PARALLEL, (name) => areasIn(levelGroup(of, level), name));
    const byNumber = new Map<number, NumberedArea>();
    for (const area of found.flat()) if (boxesMeet(area.box, box)) byNumber.set(area.number, area);
    return [...byNumber.values()].sort((a, b) => a.number - b.number);
  }

  return {
    meeting,

    async near(of, geohash5) {
      const key = `${keyOfVersion(of)} ${geohash5}`;
      const known = locators.get(key);
      if (known !== undefined) return known;
      const box = boxOfBounds(cellBounds(geohash5));
      const areas = await meeting(of, box, EXACT_LEVEL);
      const near = { areas, ...createAreaLocator(areas, box) };
      locators.set(key, near);
      return near;
    },

    async find(of, id) {
      const { firstIds } = await indexOf(of);
      const item = firstIds.findLastIndex((first) => first <= id);
      if (item < 0) return undefined;
      return (await areasIn(listGroup(of), String(item))).find((area) => area.id === id);
    },

    async list(of, after, limit) {
      const { firstIds } = await indexOf(of);
      const listed: NumberedArea[] = [];
      const first = firstIds.findLastIndex((id) => id <= after);
      for (let item = Math.max(0, first); item < firstIds.length && listed.length < limit; item++) {
        listed.push(...(await areasIn(listGroup(of), String(item))).filter(({ id }) => id > after));
      }
      return listed.slice(0, limit);
    },

    async write(of, areas) {
      const pieces = DETAIL_LEVELS.map((level) => divide(areas, level, minZoomOf(of.version)));
      const units = DETAIL_LEVELS.map(unitOfLevel);
      const parts = pieces.map(
        (level, i) => new Map([...level].map(([geohash, all]) => [geohash, encodeAreas(all, units[i])])),
      );
      const list = encodeAreas(areas.map((area) => ({ ...area, polygons: [] })));
      const index: AreaIndex = {
        areaCount: areas.length,
        firstIds: list.map((body, i) => decodeAreas(body, `list ${i}`)[0]?.id ?? ""),
        pieces: parts.map((level) => new Map([...level].map(([geohash, bodies]) => [geohash, bodies.length]))),
      };
      const writes = [
        ...list.map((body, i) => ({ group: listGroup(of), name: String(i), body })),
        { group: listGroup(of), name: INDEX_NAME, body: encodeAreaIndex(index) },
        ...parts.flatMap((level, i) =>
          [...level].flatMap(([geohash, bodies]) =>
            bodies.map((body, part) => ({ group: levelGroup(of, i), name: partName(geohash, part), body })),
          ),
        ),
      ];
      await mapLimited(writes, PARALLEL, async ({ group, name, body }) => {
        if (!(await derived.put(group, name, body, { expected: undefined })))
          throw new Error(`${group} ${name} was written by another import`);
      });
    },

    async remove(of) {
      for (const group of [...DETAIL_LEVELS.map((_, level) => levelGroup(of, level)), listGroup(of)]) {
        const left = await derived.list(group, { consistent: true });
        if (left.length > 0) await derived.remove(group, left);
      }
    },
  };
}

const listGroup = (of: AreaSetVersion): string => `areas/${keyOfVersion(of)}/list`;
const levelGroup = (of: AreaSetVersion, level: number): string => `areas/${keyOfVersion(of)}/${level}`;
const partName = (geohash: string, part: number): string => `${geohash}.${part}`;
const partNames = (geohash: string, count: number): string[] =>
  Array.from({ length: count }, (_, part) => partName(geohash, part));

const bytesOfCorners = ({ polygons }: NumberedArea): number =>
  polygons.flat().reduce((sum, ring) => sum + ring.byteLength + 100, 0);
