import { levelOfZoom } from "../../tiles/domains.ts";
import { encodeGeohash } from "../../tiles/geohash.ts";
import { AGE_BANDS, type ReportLayer, TIME_WINDOWS, type TimeWindow, WINDOW_BANDS } from "../../tiles/layers.ts";
import type { Report } from "../../tiles/report.ts";
import { countOf, decodeLayer, tilesAround } from "../server/pyramid/tile-features.ts";
import { CHECKED_ZOOMS } from "./actions.ts";
import type { App } from "./app.ts";
import type { Ledger } from "./ledger.ts";
import type { Place } from "./places.ts";
import { randomOf } from "./random.ts";
import { REPORTS_ZOOM, readShown, type Shown, tileOf } from "./shown.ts";
import type { Truth } from "./truth.ts";

/** A process as it is looked at when all is quiet. */
export interface Checked {
  readonly name: string;
  readonly app: App;
  /** Just started: nothing is in its memory. */
  readonly isNew: boolean;
}

export interface CheckOptions {
  readonly truth: Truth;
  readonly layers: readonly ReportLayer[];
  readonly places: readonly Place[];
  readonly nowMs: number;
  readonly ledger: Ledger;
  readonly seed: number;
}

/** Coarse zooms see ages to within an hour, and ahead to the end of the running ten minutes. */
const COARSE_BACK_MS = 61 * 60_000;
const COARSE_AHEAD_MS = 11 * 60_000;
const FINE_MS = 60_000;

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

/** What a domain must and may show: reports that are about to move to another age band, or just have. */
interface Expected {
  readonly must: Report[];
  readonly may: Report[];
}

const NOTHING: Expected = { must: [], may: [] };

interface TilesOf {
  readonly layer: ReportLayer;
  readonly zoom: number;
  readonly window: TimeWindow;
}

function expectedAt({ layer, zoom, window }: TilesOf, { truth, ledger, nowMs }: CheckOptions): Map<string, Expected> {
  const { precision } = levelOfZoom(zoom);
  const [backMs, aheadMs] = zoom < 14 ? [COARSE_BACK_MS, COARSE_AHEAD_MS] : [FINE_MS, FINE_MS];
  const longestMs = AGE_BANDS[WINDOW_BANDS[window] - 1]?.untilMs ?? 0;
  const domains = new Map<string, Expected>();
  const gone = [...ledger.imported.values()]
    .map(({ report }) => report)
    .filter((report) => isGone(report, truth, nowMs));
  for (const report of [...truth.live.values(), ...gone]) {
    const leftMs = report.createdAtMs + longestMs - nowMs;
    if (report.layer !== layer || leftMs < -backMs) continue;
    const geohash = encodeGeohash(report.lonDeg, report.latDeg, precision);
    const expected = domains.get(geohash) ?? { must: [], may: [] };
    domains.set(geohash, expected);
    expected.may.push(report);
    if (leftMs > aheadMs) expected.must.push(report);
  }
  return domains;
}

/** Expired, and not edited before that may have hidden it. */
const isGone = ({ id, expiresAtMs }: Report, { live }: Truth, nowMs: number): boolean =>
  !live.has(id) && expiresAtMs <= nowMs && expiresAtMs > nowMs - COARSE_BACK_MS;

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
    const missing = must.filter(({ id }) => !ids.includes(id));
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

const nameOf = ({ text, id }: Report): string => text ?? id;

/** Half the side of the boxes that lists ask for, degrees. */
const BOX_DEG = 0.05;
const PAGE = 100;

/** Lists tell what is stored, newest first, each once. */
export async function checkLists({ name, app }: Checked, options: CheckOptions): Promise<void> {
  const { truth, layers, places, nowMs, ledger } = options;
  for (const { lonDeg, latDeg } of places) {
    const bounds = {
      west: Math.max(-180, lonDeg - BOX_DEG),
      east: Math.min(180, lonDeg + BOX_DEG),
      south: Math.max(-90, latDeg - BOX_DEG),
      north: Math.min(90, latDeg + BOX_DEG),
    };
    const expected = [...truth.live.values()]
      .filter((report) => report.lonDeg >= bounds.west && report.lonDeg <= bounds.east)
      .filter((report) => report.latDeg >= bounds.south && report.latDeg <= bounds.north)
      .filter((report) => report.expiresAtMs > nowMs + FINE_MS)
      .map(({ id }) => id);
    const listed: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await app.list({ bounds, layers, limit: PAGE, ...(cursor !== undefined && { cursor }) });
      listed.push(...page.reports.filter(({ expiresAtMs }) => expiresAtMs > nowMs + FINE_MS).map(({ id }) => id));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    const wanted = expected.sort().reverse().join();
    if (listed.join() === wanted) continue;
    const missing = expected.filter((id) => !listed.includes(id)).map((id) => truth.live.get(id)?.text ?? id);
    const wrong = listed.filter((id) => !expected.includes(id));
    const fault = `lacks ${missing}; has too many: ${wrong}; ${listed.length} listed of ${expected.length}`;
    ledger.violate("lists tell what is stored", `${name} at ${lonDeg}, ${latDeg}: ${fault}`);
  }
}

/** Cards count what is stored, and show the newest of it, whatever the layer. */
export async function checkCards({ name, app }: Checked, options: CheckOptions): Promise<void> {
  const { seed, truth, layers, places, nowMs, ledger } = options;
  const random = randomOf(`${seed}/${name}/cards`);
  for (const precision of [4, 5, 6]) {
    const place = random.pick(places);
    if (place === undefined) return;
    const geohash = encodeGeohash(place.lonDeg, place.latDeg, precision);
    const { counts, latest } = await app.card(geohash);
    const isInside = ({ lonDeg, latDeg }: Place): boolean => encodeGeohash(lonDeg, latDeg, precision) === geohash;
    for (const layer of layers) {
      const expected = [...expectedAt({ layer, zoom: 13, window: "90d" }, options).values()];
      const [must, may] = [expected.flatMap((each) => each.must), expected.flatMap((each) => each.may)];
      const count = counts[layer]["90d"];
      if (count >= must.filter(isInside).length && count <= may.filter(isInside).length) continue;
      ledger.violate(
        "cards count what is stored",
        `${name} ${geohash} ${layer}: ${count}, stored ${must.filter(isInside).length}`,
      );
    }
    const inside = [...truth.live.values()].filter(isInside).sort((a, b) => (a.id < b.id ? 1 : -1));
    const newest = inside.slice(0, latest.length || 1);
    if (newest.some(({ expiresAtMs }) => expiresAtMs < nowMs + FINE_MS)) continue;
    if (latest.length >= Math.min(5, inside.length) && latest.every(({ id }, i) => id === newest[i]?.id)) continue;
    ledger.violate(
      "cards show the newest",
      `${name} ${geohash}: ${latest.map(nameOf)}, stored ${inside.slice(0, 5).map(nameOf)}`,
    );
  }
}

/** Places of all reports that there ever were, each once: tiles there may show what they must not. */
export function placesOfReports(truth: Truth, ledger: Ledger): Place[] {
  const drafts = [...ledger.posts.values()].map(({ action }) => action.draft);
  const reports = [...truth.live.values(), ...drafts, ...[...ledger.imported.values()].map(({ report }) => report)];
  const places = new Map(reports.map(({ lonDeg, latDeg }) => [`${lonDeg}/${latDeg}`, { lonDeg, latDeg }]));
  return [...places.values()];
}
