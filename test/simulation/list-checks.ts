import { encodeGeohash } from "../../tiles/geo/geohash.ts";
import type { Report } from "../../tiles/report.ts";
import { randomOf } from "../kit/random.ts";
import { type Checked, type CheckOptions, COARSE_AHEAD_MS, expectedAt, FINE_MS, nameOf } from "./expected.ts";
import type { Place } from "./places.ts";

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

/** Reports that a card shows. */
const LATEST = 5;

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
    const isSure = ({ expiresAtMs }: Report): boolean => expiresAtMs > nowMs + COARSE_AHEAD_MS;
    const inside = [...truth.live.values()].filter((report) => isInside(report) && isSure(report));
    const newest = inside.sort((a, b) => (a.id < b.id ? 1 : -1)).slice(0, LATEST);
    const shown = latest.filter(isSure);
    const isRight = shown.every(({ id }, i) => id === newest[i]?.id);
    if (isRight && (shown.length === newest.length || latest.length === LATEST)) continue;
    ledger.violate("cards show the newest", `${name} ${geohash}: ${latest.map(nameOf)}, stored ${newest.map(nameOf)}`);
  }
}
