import { LRUCache } from "lru-cache";
import { type BoxE6, boundsOfBox, boxesMeet, boxOfBounds } from "../../tiles/areas/area.ts";
import { AREA_BUFFER, polygonsOfTile } from "../../tiles/areas/area-tile.ts";
import type { NumberedArea } from "../../tiles/codec/area-codec.ts";
import { countCells, coverBounds } from "../../tiles/geo/geohash.ts";
import { EXTENT, type TileAddress, tileBounds } from "../../tiles/geo/tile-address.ts";
import { AREAS_MIN_ZOOM } from "../../tiles/layers.ts";
import { type AreaFeature, encodeAreaLayer } from "../../tiles/mvt/area-layer.ts";
import { SCORE_NAMES } from "../../tiles/scores/scores.ts";
import { levelOfZoom, logCellsOfBox } from "../areas/area-pieces.ts";
import { type AreaSetVersion, keyOfVersion, minZoomOf } from "../areas/area-sets.ts";
import { isLost } from "../areas/area-shapes.ts";
import type { AreaSource } from "../areas/find-area.ts";
import type { Clock } from "../ports/clock.ts";
import { coarseTime } from "../pyramid/coarse-time.ts";
import type { Pyramid } from "../pyramid/pyramid.ts";
import { scoreArea } from "./area-scores.ts";

/** The layer `areas` of tiles: polygons with the areas' names, scores and counts, as of the end of the running ten minutes. */
export interface AreaTiles {
  /** Empty where there is no area. @throws StoreUnavailableError */
  read(tile: TileAddress): Promise<AreaLayer>;
  /** What `read` would tell as its stamp, without waiting; undefined when that is not known. */
  stamp(tile: TileAddress): string | undefined;
}

export interface AreaLayer {
  readonly bytes: Uint8Array;
  /** Another text whenever the bytes may be others. */
  readonly stamp: string;
  /** Log cells below which all reports lie that the drawn areas tell of, ascending; undefined when they are many. */
  readonly cells: readonly string[] | undefined;
}

export interface AreaTilesOptions {
  readonly areas: AreaSource;
  readonly pyramid: Pick<Pyramid, "areaReports" | "areaStamp">;
  readonly clock: Clock;
}

/** What a tile's bytes depend on beside the time. */
interface Inputs {
  /** Versions of the sets that the tile meets. */
  readonly versions: string;
  /** Below these lie all reports of the areas shown. */
  readonly geohash4s: readonly string[];
}

const NOTHING = new Uint8Array();
/** No stamp that is asked for is this one, so it is read again. */
const LOST = "lost";
const MOST_KNOWN = 5000;
/** A cached tile whose areas reach over more log cells would be purged with most of what is reported in its city. */
const MOST_CELLS = 16;

export function createAreaTiles({ areas, pyramid, clock }: AreaTilesOptions): AreaTiles {
  const known = new LRUCache<string, Inputs>({ max: MOST_KNOWN });

  const stampOf = ({ versions, geohash4s }: Inputs): string =>
    `${versions}|${coarseTime(clock.now())}|${pyramid.areaStamp(geohash4s) ?? ""}`;

  return {
    stamp(tile) {
      if (tile.z < AREAS_MIN_ZOOM) return "";
      const inputs = known.get(keyOf(tile));
      const live = areas.catalogue.peek();
      if (inputs === undefined || live === undefined || inputs.versions !== versionsOf(setsOfTile(live, tile)))
        return undefined;
      return pyramid.areaStamp([]) === undefined ? undefined : stampOf(inputs);
    },

    async read(tile) {
      if (tile.z < AREAS_MIN_ZOOM) return { bytes: NOTHING, stamp: "", cells: [] };
      try {
        return await readLayer(tile);
      } catch (error) {
        // Another layer of the tile need not be missing with it. Whoever compacts warns.
        if (isLost(error)) return { bytes: NOTHING, stamp: LOST, cells: [] };
        throw error;
      }
    },
  };

  async function readLayer(tile: TileAddress): Promise<AreaLayer> {
    const sets = setsOfTile(await areas.catalogue.live(), tile);
    const found = await Promise.all(
      sets.map(async (of) => {
        const shown = await areas.shapes.meeting(of, boxOfTile(tile), levelOfZoom(tile.z));
        return { of, shown };
      }),
    );
    const boxes = found.flatMap(({ shown }) => shown.map(({ box }) => boundsOfBox(box)));
    const geohash4s = [...new Set(boxes.flatMap((bounds) => coverBounds(bounds, 4, Infinity)))].sort();
    const inputs = { versions: versionsOf(sets), geohash4s };
    known.set(keyOf(tile), inputs);
    // Taken before the reports are read: what changes meanwhile makes it another one.
    const stamp = stampOf(inputs);
    const atMs = coarseTime(clock.now());
    const sketches = found.map(({ of, shown }) => ({ of, drawn: drawIn(tile, shown) }));
    const features = await Promise.all(
      sketches.map(async ({ of, drawn }) => {
        const places = drawn.map(({ area }) => area);
        const reports = await pyramid.areaReports(of, places, atMs);
        return drawn.map(({ area, rings }): AreaFeature => {
          const properties = propertiesOf(of, area, scoreArea(area.id, reports.get(area.number) ?? {}));
          return { id: area.id, rings, properties };
        });
      }),
    );
    const all = features.flat();
    return {
      bytes: all.length === 0 ? NOTHING : encodeAreaLayer("areas", all),
      stamp,
      cells: cellsOf(sketches.flatMap(({ drawn }) => drawn.map(({ area }) => area.box))),
    };
  }
}

/** Areas with what a tile shows of them. */
const drawIn = (tile: TileAddress, areas: readonly NumberedArea[]) =>
  areas.flatMap((area) => {
    const rings = polygonsOfTile(area.polygons, tile);
    return rings.length === 0 ? [] : [{ area, rings }];
  });

/** Log cells that boxes meet, ascending; undefined when they are more than a cached answer is tagged with. */
function cellsOf(boxes: readonly BoxE6[]): string[] | undefined {
  const cells = new Set<string>();
  for (const box of boxes) {
    if (countCells(boundsOfBox(box), 5) > MOST_CELLS) return undefined;
    for (const geohash5 of logCellsOfBox(box)) cells.add(geohash5);
    if (cells.size > MOST_CELLS) return undefined;
  }
  return [...cells].sort();
}

const keyOf = ({ z, x, y }: TileAddress): string => `${z}/${x}/${y}`;

const boxOfTile = (tile: TileAddress) => boxOfBounds(tileBounds(tile, AREA_BUFFER / EXTENT));

const setsOfTile = (live: readonly AreaSetVersion[], tile: TileAddress): AreaSetVersion[] => {
  const box = boxOfTile(tile);
  return live.filter(({ version }) => tile.z >= minZoomOf(version) && boxesMeet(version.box, box));
};

const versionsOf = (sets: readonly AreaSetVersion[]): string => sets.map(keyOfVersion).join(",");

function propertiesOf(
  { set }: AreaSetVersion,
  { id, name }: NumberedArea,
  { scored, total }: ReturnType<typeof scoreArea>,
): Map<string, string | number> {
  return new Map<string, string | number>([
    ["id", id],
    ["name", name],
    ["kind", set.kind],
    // What has no score has no attribute.
    ...SCORE_NAMES.flatMap((name): [string, number][] => {
      const tenths = scored.scores[name];
      return tenths === null ? [] : [[name, tenths / 10]];
    }),
    ["report_count_7d", total["7d"]],
    ["report_count_30d", total["30d"]],
  ]);
}
