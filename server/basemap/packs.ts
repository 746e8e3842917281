/**
 * Basemap tiles in packs: all tiles of some zooms below one tile, in one file. A Worker has no room for the world's 5.6 MB
 * of JSON and no second to cut it into tiles; 40 000 files would be more than Workers assets take; 300 packs of 30 KB are
 * right. A pack is a table of little-endian uint32 offsets, one for each tile and one for the end, then the tiles' bytes.
 */

/** Zooms that packs begin at, ascending; a pack ends before the next one's. The last one's ends at the basemap's last zoom. */
const ROOT_ZOOMS = [0, 4, 9] as const;

export interface PackAddress {
  readonly z: number;
  readonly x: number;
  readonly y: number;
  /** Zooms in the pack. */
  readonly levels: number;
}

/** The pack that a tile is in, and its place there: level by level, row by row. `lastZoom` is the basemap's. */
export function placeInPack(z: number, x: number, y: number, lastZoom: number): { pack: PackAddress; at: number } {
  const i = ROOT_ZOOMS.findLastIndex((zoom) => zoom <= z);
  const root = ROOT_ZOOMS[i] ?? 0;
  const levels = (ROOT_ZOOMS[i + 1] ?? lastZoom + 1) - root;
  const depth = z - root;
  const side = 2 ** depth;
  const at = tilesAbove(depth) + (y % side) * side + (x % side);
  return { pack: { z: root, x: Math.floor(x / side), y: Math.floor(y / side), levels }, at };
}

/** Tiles of a pyramid with so many levels. */
const tilesAbove = (levels: number): number => (4 ** levels - 1) / 3;

/** File name of a pack. */
export function packName({ z, x, y }: PackAddress): string {
  return `${z}-${x}-${y}.pack`;
}

/** Every tile of a pack in the order of its table. */
export function* tilesOfPack({ z, x, y, levels }: PackAddress): Generator<[z: number, x: number, y: number]> {
  for (let depth = 0; depth < levels; depth++) {
    const side = 2 ** depth;
    for (let row = 0; row < side; row++) {
      for (let column = 0; column < side; column++) yield [z + depth, x * side + column, y * side + row];
    }
  }
}

/** Joins tiles, empty ones too; undefined when all are. */
export function encodePack(tiles: readonly Uint8Array[]): Uint8Array | undefined {
  const headBytes = 4 * (tiles.length + 1);
  const size = tiles.reduce((sum, tile) => sum + tile.length, headBytes);
  if (size === headBytes) return undefined;
  const pack = new Uint8Array(size);
  const table = new DataView(pack.buffer);
  let offset = headBytes;
  tiles.forEach((tile, i) => {
    table.setUint32(4 * i, offset, true);
    pack.set(tile, offset);
    offset += tile.length;
  });
  table.setUint32(4 * tiles.length, offset, true);
  return pack;
}

/** The bytes of a tile; empty when nothing is there. @throws RangeError when the pack is cut off. */
export function tileOfPack(pack: Uint8Array, at: number): Uint8Array {
  const table = new DataView(pack.buffer, pack.byteOffset, pack.byteLength);
  const from = table.getUint32(4 * at, true);
  const to = table.getUint32(4 * (at + 1), true);
  if (from > to || to > pack.length)
    throw new RangeError(`tile ${at} of a pack of ${pack.length} bytes: ${from}..${to}`);
  return pack.subarray(from, to);
}
