import { levelOfZoom } from "../../tiles/cluster/cluster-cells.ts";
import { encodeGeohash } from "../../tiles/geo/geohash.ts";
import { TIME_WINDOWS } from "../../tiles/layers.ts";
import type { Report } from "../../tiles/report.ts";
import { randomOf } from "../kit/random.ts";
import { countOf, decodeLayer, tilesAround } from "../kit/tile-features.ts";
import { CHECKED_ZOOMS } from "./actions.ts";
import { type Checked, type CheckOptions, type Expected, expectedAt, NOTHING, nameOf } from "./expected.ts";
import type { Ledger } from "./ledger.ts";
import { isKnown, REPORTS_ZOOM, readShown, type Shown, tileOf } from "./shown.ts";
import type { Truth } from "./truth.ts";

/** Every tile that can show something shows what is stored, and each of it once. */
export async function checkTiles({ name, app, isNew }: Checked, options: CheckOptions): Promise<void> {
  const { seed, truth, layers, places, ledger } = options;
  const thanked = thankedFor(ledger);
  for (const layer of layers) {
    for (const zoom of CHECKED_ZOOMS) {
      const { precision } = levelOfZoom(zoom);
      const tiles = new Map(places.map((place) => [encodeGeohash(place.lonDeg, place.latDeg, precision), place]));
      for (const window of ["90d", randomOf(`${seed}/${name}/${zoom}`).pick(TIME_WINDOWS)] as const) {
        const expected = expectedAt({ layer, zoom, window }, options);
        for (const [geohash, place] of tiles) {
          const shown = (await readShown(app, layer, tileOf(place, zoom), window)).get(geohash);
          const fault = faultOf(shown, expected.get(geohash) ?? NOTHING, { truth, zoom, thanked });
          if (fault === undefined) continue;
          const who = isNew ? "a new process shows" : "a process shows";
          ledger.violate(`${who} ${fault.promise}`, `${name} z${zoom} ${layer} ${window} ${geohash}: ${fault.detail}`);
        }
      }
    }
  }
}

/** The same of encoded tiles, over all tiles of a zoom: clusters may lie beside their reports. */
export async function checkTileSums({ name, app }: Checked, options: CheckOptions): Promise<void> {
  const { layers, places, ledger } = options;
  for (const layer of layers) {
    for (const zoom of CHECKED_ZOOMS) {
      let count = 0;
      for (const tile of tilesAround(places, zoom)) {
        const bytes = await app.tile(layer, tile, "90d");
        if (bytes !== undefined) count += countOf(decodeLayer(bytes, layer));
      }
      const expected = [...expectedAt({ layer, zoom, window: "90d" }, options).values()];
      const [must, may] = [expected.flatMap((each) => each.must).length, expected.flatMap((each) => each.may).length];
      if (count >= must && count <= may) continue;
      ledger.violate(
        "encoded tiles show each report once",
        `${name} z${zoom} ${layer}: ${count}, stored ${must} to ${may}`,
      );
    }
  }
}

/** Ids of all that somebody was thanked for, or told that it is imported. */
function thankedFor({ posts, imported }: Ledger): ReadonlySet<string> {
  const posted = [...posts.values()].flatMap(({ report }) => report?.id ?? []);
  return new Set([...posted, ...[...imported.values()].flatMap(({ report, isDone }) => (isDone ? report.id : []))]);
}

interface TileFault {
  /** What of it is broken. */
  readonly promise:
    | "what was thanked for"
    | "what is stored"
    | "nothing else"
    | "each report once"
    | "the newest version";
  readonly detail: string;
}

interface FaultOptions {
  readonly truth: Truth;
  readonly zoom: number;
  readonly thanked: ReadonlySet<string>;
}

function faultOf(shown: Shown | undefined, expected: Expected, options: FaultOptions): TileFault | undefined {
  const { must, may } = expected;
  const { truth, zoom, thanked } = options;
  const count = shown?.count ?? 0;
  const isThankedFor = ({ id }: Report): boolean => thanked.has(id);
  if (zoom >= REPORTS_ZOOM) {
    const ids = shown?.ids ?? [];
    const missing = shown !== undefined && !isKnown(shown) ? [] : must.filter(({ id }) => !ids.includes(id));
    const wrong = ids.filter((id) => !may.some((report) => report.id === id));
    const promise = missing.some(isThankedFor) ? "what was thanked for" : "what is stored";
    if (missing.length > 0) return { promise, detail: `lacks ${missing.map(nameOf)}` };
    if (wrong.length > 0) return { promise: "nothing else", detail: `has ${wrong.map((id) => truth.nameOf(id))}` };
    if (new Set(ids).size < ids.length) return { promise: "each report once", detail: `${ids}` };
  }
  const range = may.length > must.length ? `${must.length} to ${may.length}` : must.length;
  const detail = `count ${count}, stored ${range} (${may.map(nameOf)})`;
  if (count < must.filter(isThankedFor).length) return { promise: "what was thanked for", detail };
  if (count < must.length) return { promise: "what is stored", detail };
  if (count > may.length) return { promise: "nothing else", detail };
  const severity = must.reduce((sum, report) => sum + report.severity, 0);
  if (must.length !== may.length || (shown?.severity ?? 0) === severity) return undefined;
  return {
    promise: "the newest version",
    detail: `severities ${shown?.severity}, stored ${severity} (${may.map(nameOf)})`,
  };
}
