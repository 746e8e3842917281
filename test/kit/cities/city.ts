import { BASE32, cellBounds, encodeGeohash } from "../../../tiles/geo/geohash.ts";
import { CATEGORIES, REPORT_LAYERS, REPORT_LIFETIME_MS, type ReportLayer } from "../../../tiles/layers.ts";
import { type Report, roundDegrees } from "../../../tiles/report.ts";
import { formatReportId, TAIL_LENGTH } from "../../../tiles/report-id.ts";
import { seededRandom } from "../random.ts";

/**
 * A seeded city about as large as Houston: 50 x 40 km with a dense core. Reports come from a fixed set of places along
 * streets, so a city with ten times the reports has the same places, only busier ones; with 86 000 reports about as many
 * places are in use as in Houston's incidents (24 000, the busiest percent of them with a fifth of the reports).
 */
export interface CityOptions {
  readonly count: number;
  readonly nowMs: number;
  readonly seed?: number;
  /** Layers that reports are spread over. */
  readonly layers?: readonly ReportLayer[];
  /** Age of the oldest. */
  readonly oldestMs?: number;
  /** Every how many-th report lies anywhere in the block of the core, a geohash of seven characters; none by default. */
  readonly inBlock?: number;
}

/** Longitude and latitude of the core. */
export const CITY_CENTER = [-95.37, 29.76] as const;

const PLACES = 48_000;
const HUBS = 60;
const CENTERS = 14;
const HALF_WIDTH_KM = 25;
const HALF_HEIGHT_KM = 20;
const KM_PER_DEGREE = 111.32;
const BLOCK_KM = 0.09;
/** A phone's position is off by about this much. */
const JITTER_KM = 0.008;
const DAY_MS = 86_400_000;
/** A day short of the lifetime, so that nothing expires while a bench moves its clock by minutes. */
const OLDEST_MS = REPORT_LIFETIME_MS - DAY_MS;

/** What every second report says: short, long and in between. */
const TEXTS = [
  "again",
  "Street light out since Tuesday, the whole corner is dark.",
  "Third break-in on this block in a month. They came through the back lane again, and nobody answered the door camera.",
  "Water over the curb after ten minutes of rain, the drain in front of the school is blocked with leaves. Parents walk their children through the traffic lane because the pavement is under water; somebody is going to get hurt here if the city does not send a crew before the next storm.",
];

/** The city's reports in no particular order; the same for the same options. */
export function* cityReports(options: CityOptions): Generator<Report> {
  const { count, nowMs, seed = 1, layers = REPORT_LAYERS, oldestMs = OLDEST_MS, inBlock = Infinity } = options;
  const places = layOutPlaces(seed);
  const random = seededRandom(seed ^ 0x5bd1e995);
  for (let i = 0; i < count; i++) {
    const createdAtMs = Math.floor(nowMs - oldestMs * random() ** 1.4);
    const report = reportAt(places, { layers, createdAtMs, random });
    yield i % inBlock === 0 ? moved(report, random) : report;
  }
}

/** The report somewhere in the block of the core, at a place to five decimals, as the product keeps them. */
function moved(report: Report, random: () => number): Report {
  const { west, south, east, north } = cellBounds(encodeGeohash(...CITY_CENTER, 7));
  const inside = (low: number, high: number): number => Math.round((low + (high - low) * random()) * 1e5) / 1e5;
  const lonDeg = inside(west + 1e-5, east - 1e-5);
  const latDeg = inside(south + 1e-5, north - 1e-5);
  const { createdAtMs, layer, id } = report;
  const geohash5 = encodeGeohash(lonDeg, latDeg, 5);
  const moved = formatReportId({ createdAtMs, geohash5, layer, shard: 0, tail: id.slice(-TAIL_LENGTH) });
  return { ...report, lonDeg, latDeg, id: moved };
}

/** An endless stream of the city's reports, one each `everyMs` from `startMs` on: live traffic. */
export function* cityTraffic(options: Omit<CityOptions, "count" | "nowMs"> & { startMs: number; everyMs: number }) {
  const { startMs, everyMs, seed = 1, layers = REPORT_LAYERS } = options;
  const places = layOutPlaces(seed);
  const random = seededRandom(seed ^ 0x2545f491);
  for (let i = 0; ; i++) yield reportAt(places, { layers, createdAtMs: Math.floor(startMs + i * everyMs), random });
}

interface Places {
  readonly lonDeg: Float64Array;
  readonly latDeg: Float64Array;
  /** Sum of the weights up to and including each place. */
  readonly until: Float64Array;
}

function reportAt(
  places: Places,
  options: { layers: readonly ReportLayer[]; createdAtMs: number; random: () => number },
): Report {
  const { layers, createdAtMs, random } = options;
  const place = pick(places.until, random());
  const [dx, dy] = [normal(random) * JITTER_KM, normal(random) * JITTER_KM];
  const latDeg = roundDegrees((places.latDeg[place] ?? 0) + dy / KM_PER_DEGREE);
  const lonDeg = roundDegrees((places.lonDeg[place] ?? 0) + dx / kmPerLonDegree);
  const layer = layers[Math.floor(random() * layers.length)] ?? "safety";
  const category = CATEGORIES[layer][Math.floor(random() ** 2 * CATEGORIES[layer].length)] ?? "theft";
  const geohash5 = encodeGeohash(lonDeg, latDeg, 5);
  const id = formatReportId({ createdAtMs, geohash5, layer, shard: 0, tail: randomTail(random) });
  const expiresAtMs = createdAtMs + REPORT_LIFETIME_MS;
  const severity = 1 + Math.floor(random() * 5);
  const text = TEXTS[Math.floor(random() * 2 * TEXTS.length)];
  const said = text === undefined ? {} : { text };
  return { id, layer, category, severity, lonDeg, latDeg, ...said, createdAtMs, expiresAtMs };
}

/** The part of a report id that tells reports of one place and millisecond apart. */
export function randomTail(random: () => number): string {
  let tail = "";
  for (let i = 0; i < TAIL_LENGTH; i++) tail += BASE32[Math.floor(random() * 32)];
  return tail;
}

const kmPerLonDegree = KM_PER_DEGREE * Math.cos((CITY_CENTER[1] * Math.PI) / 180);

/** Streets around a core and some centres, blocks along them, hot streets and hubs. */
function layOutPlaces(seed: number): Places {
  const random = seededRandom(seed);
  const centers = Array.from({ length: CENTERS }, (_, i) => ({
    x: i === 0 ? 0 : (random() - 0.5) * 1.6 * HALF_WIDTH_KM,
    y: i === 0 ? 0 : (random() - 0.5) * 1.6 * HALF_HEIGHT_KM,
    radius: i === 0 ? 5 : 2 + 4 * random(),
    // Each quarter was laid out along a grid of its own.
    turn: (random() - 0.5) * 0.6,
  }));
  const lonDeg = new Float64Array(PLACES);
  const latDeg = new Float64Array(PLACES);
  const until = new Float64Array(PLACES);
  let total = 0;
  for (let n = 0; n < PLACES; ) {
    const center = centers[random() < 0.25 ? 0 : Math.floor(random() * CENTERS)] ?? { x: 0, y: 0, radius: 5, turn: 0 };
    const far = random() < 0.35;
    const x0 = far ? (random() * 2 - 1) * HALF_WIDTH_KM : center.x + normal(random) * center.radius;
    const y0 = far ? (random() * 2 - 1) * HALF_HEIGHT_KM : center.y + normal(random) * center.radius;
    const angle = center.turn + (random() < 0.5 ? 0 : Math.PI / 2);
    const blocks = Math.ceil(4 + 30 * random() ** 3);
    const sharding = Math.exp(1.1 * normal(random));
    for (let b = 0; b < blocks && n < PLACES; b++) {
      const x = x0 + Math.cos(angle) * b * BLOCK_KM;
      const y = y0 + Math.sin(angle) * b * BLOCK_KM;
      if (Math.abs(x) > HALF_WIDTH_KM || Math.abs(y) > HALF_HEIGHT_KM) continue;
      lonDeg[n] = CITY_CENTER[0] + x / kmPerLonDegree;
      latDeg[n] = CITY_CENTER[1] + y / KM_PER_DEGREE;
      const hub = n % Math.floor(PLACES / HUBS) === 0 ? 60 : 1;
      total += sharding * Math.exp(1.0 * normal(random)) * hub;
      until[n++] = total;
    }
  }
  return { lonDeg, latDeg, until };
}

/** Index of the place in whose share of the weights a fraction falls. */
function pick(until: Float64Array, fraction: number): number {
  const target = fraction * (until[until.length - 1] ?? 0);
  let low = 0;
  let high = until.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((until[middle] ?? 0) > target) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Standard normal, by Box and Muller. */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
