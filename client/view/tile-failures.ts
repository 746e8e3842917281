import type { ErrorEvent, Map as MapLibreMap, Tile } from "maplibre-gl";

/** Tiles that the view needs and does not have. */
export interface TileFailures {
  /** Of a source, or of all. */
  inView(source?: string): readonly Tile[];
  /** Asks for them again, and for no others. */
  tryAgain(): void;
}

interface Failed {
  readonly source: string;
  readonly tile: Tile;
}

/** MapLibre names both for a tile, and neither for a font or a picture. */
type TileError = ErrorEvent & { readonly sourceId?: string; readonly tile?: Tile };

const MAX_KEPT = 500;

/** Remembers which tiles could not be loaded: MapLibre draws nothing there, and counts them among those that have loaded. */
export function watchTileFailures(map: MapLibreMap): TileFailures {
  const failed = new Map<string, Failed>();
  const keyOf = (source: string, tile: Tile) => `${source} ${tile.tileID.key}`;
  map.on("error", ({ sourceId, tile }: TileError) => {
    if (sourceId === undefined || tile === undefined) return;
    failed.set(keyOf(sourceId, tile), { source: sourceId, tile });
    const [oldest] = failed.keys();
    if (failed.size > MAX_KEPT && oldest !== undefined) failed.delete(oldest);
  });
  map.on("sourcedata", ({ sourceId, tile }) => {
    if (tile) failed.delete(keyOf(sourceId, tile));
  });
  const inView = (): readonly Failed[] => [...failed.values()].filter(({ tile }) => isNeeded(map, tile));
  return {
    inView: (wanted) => inView().flatMap(({ source, tile }) => (source === (wanted ?? source) ? [tile] : [])),
    tryAgain() {
      for (const [source, of] of Map.groupBy(inView(), ({ source }) => source)) {
        const tiles = of.map(({ tile }) => tile.tileID.canonical);
        if (map.getSource(source)) map.refreshTiles(source, tiles);
      }
    },
  };
}

/** Whether a tile failed, is of the zoom that is drawn, and meets the view. */
function isNeeded(map: MapLibreMap, { state, tileID }: Tile): boolean {
  if (state !== "errored" || tileID.overscaledZ !== Math.floor(map.getZoom())) return false;
  const { _sw, _ne } = map.getBounds();
  const [west, south, east, north] = tileBox(tileID);
  return west < _ne.lng && east > _sw.lng && south < _ne.lat && north > _sw.lat;
}

/** West, south, east, north in degrees; in the copy of the world that the tile is drawn in. */
export function tileBox({ canonical, wrap }: Tile["tileID"]): [number, number, number, number] {
  const across = 2 ** canonical.z;
  const lonDeg = (x: number) => (x / across + wrap) * 360 - 180;
  const latDeg = (y: number) => (Math.atan(Math.sinh(Math.PI * (1 - (2 * y) / across))) * 180) / Math.PI;
  return [lonDeg(canonical.x), latDeg(canonical.y + 1), lonDeg(canonical.x + 1), latDeg(canonical.y)];
}
