/** The world's own detail ends here: clients overzoom it. */
export const WORLD_MAX_ZOOM = 8;
/** From this zoom on tiles hold city detail alone (shores, parks, streets, neighbourhood names), to be drawn over the world. */
export const CITY_MIN_ZOOM = 9;
export const CITY_MAX_ZOOM = 13;

/** Reads a basemap tile; an empty one has no bytes. Zoom, x and y must lie inside the tileset. */
export type BasemapTiles = (z: number, x: number, y: number) => Promise<Uint8Array>;
