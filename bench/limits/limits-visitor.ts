import { CITY_CENTER, cityReports } from "../../test/kit/cities/city.ts";
import { openCountedCity } from "../../test/kit/cities/city-store.ts";
import { seededRandom } from "../../test/kit/random.ts";
import type { TileAddress } from "../../tiles/geo/tile-address.ts";
import { tileAt, worldX, worldY } from "../../tiles/geo/tile-address.ts";
import { REPORT_LAYERS } from "../../tiles/layers.ts";

const NOW_MS = Date.UTC(2026, 5, 1);
const MINUTES = 10;
/** Tiles of a large window, 512 px each. */
const [ACROSS, DOWN] = [5, 3];
/** A window's width a second, and another zoom every ten seconds, is as fast as somebody moves who still looks. */
const MOVES_A_MINUTE = 60;
const MOVES_A_ZOOM = 10;
const ZOOMS = [11, 12, 13, 14, 15, 16, 17];

export interface VisitorCost {
  /** Read units of the dearest minute, of all, and requests to the store. */
  readonly dearestMinute: number;
  readonly all: number;
  readonly requests: number;
  readonly tiles: number;
}

/** Read units of one who goes over a city for ten minutes at full speed with all layers on, the only visitor of a process that holds nothing. */
export async function measureVisitor(count: number): Promise<VisitorCost> {
  const { city, model } = await openCountedCity(cityReports({ count, nowMs: NOW_MS }), NOW_MS);
  const pyramid = await city.startProcess();
  const random = seededRandom(7);
  let [minute, dearestMinute, all, requests, tiles] = [0, 0, 0, 0, 0];
  let [x, y] = [worldX(CITY_CENTER[0]), worldY(CITY_CENTER[1])];
  let z = 12;
  model.reset();
  for (let move = 1; move <= MINUTES * MOVES_A_MINUTE; move++) {
    for (const tile of viewAt(x, y, z)) {
      for (const layer of REPORT_LAYERS) await pyramid.clusterCells(layer, tile, "90d");
      tiles += REPORT_LAYERS.length;
    }
    if (move % MOVES_A_ZOOM === 0) z = ZOOMS[Math.floor(random() * ZOOMS.length)] ?? z;
    const angle = 2 * Math.PI * random();
    // Whoever has left the city turns back.
    x = within(x + (Math.cos(angle) * ACROSS) / 2 ** z, worldX(CITY_CENTER[0]), 0.001);
    y = within(y + (Math.sin(angle) * DOWN) / 2 ** z, worldY(CITY_CENTER[1]), 0.001);
    if (move % MOVES_A_MINUTE > 0) continue;
    minute = model.used.read;
    dearestMinute = Math.max(dearestMinute, minute);
    all += minute;
    requests += model.used.requests;
    model.reset();
  }
  return { dearestMinute, all, requests, tiles };
}

const within = (at: number, centre: number, reach: number) => (Math.abs(at - centre) > reach ? centre : at);

function viewAt(x: number, y: number, z: number): TileAddress[] {
  const { x: left, y: top } = tileAt(x, y, z);
  return Array.from({ length: ACROSS * DOWN }, (_, i) => ({
    z,
    x: left + (i % ACROSS),
    y: top + Math.floor(i / ACROSS),
  }));
}
