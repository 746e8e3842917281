export interface TileId {
  readonly z: number;
  readonly x: number;
  readonly y: number;
}

/**
 * Tiles that a report at this place may have changed: at every zoom the one it lies in and its neighbours, since a cluster
 * that gains a report moves and may cross an edge.
 */
export function affectedTiles(lonDeg: number, latDeg: number, maxZoom: number): TileId[] {
  const sin = Math.sin((latDeg * Math.PI) / 180);
  const worldX = lonDeg / 360 + 0.5;
  const worldY = 0.5 - Math.log((1 + sin) / (1 - sin)) / (4 * Math.PI);
  const tiles: TileId[] = [];
  for (let z = 0; z <= maxZoom; z++) {
    const count = 2 ** z;
    const column = Math.floor(worldX * count);
    const row = Math.min(count - 1, Math.max(0, Math.floor(worldY * count)));
    for (let y = Math.max(0, row - 1); y <= Math.min(count - 1, row + 1); y++) {
      const columns = new Set([-1, 0, 1].map((step) => (column + step + count) % count));
      for (const x of columns) tiles.push({ z, x, y });
    }
  }
  return tiles;
}
