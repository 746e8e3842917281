import type { Pool } from "pg";
import { CITIES } from "../../server/areas/cities.ts";
import { cellBounds, coverBounds, encodeGeohash } from "../../tiles/geo/geohash.ts";

/**
 * Fills PostgreSQL with a history of scores and counts as it is before two days' hours are thinned: a row an hour for ten
 * days, before that a row a day. Values come from a hash of cell and hour, so every run has the same rows.
 */
export interface Filled {
  readonly scores: number;
  readonly counts: number;
  readonly neighborhoods: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const HOURLY_DAYS = 10;
const DAYS = 90;

/** Places beside the cities: squares of 33 x 33 neighbourhoods, in no city of ours. */
const METROS = 36;
const METRO_WIDTH = [0.36, 0.18] as const;

/** Of neighbourhoods beside the cities one in so many is scored every hour, the rest once a day. */
const BUSY_ONE_IN = 3;

/** @param rows about how many rows of scores; the neighbourhoods beside the cities are as many as it takes. */
export async function fillScores(pool: Pool, nowMs: number, rows: number): Promise<Filled> {
  const cities = CITIES.flatMap(({ id, bbox: [west, south, east, north] }) => {
    const cells = coverBounds({ west, south, east, north }, 6, 1e6);
    return cells
      .filter((cell) => isCentreIn(cell, west, south, east, north))
      .map((cell) => ({ cell, city: id, every: 1 }));
  });
  const hoursToday = new Date(nowMs).getUTCHours() + 1;
  const hourly = (HOURLY_DAYS - 1) * 24 + hoursToday + DAYS - HOURLY_DAYS;
  const perMetroCell = DAYS + Math.floor((hourly - DAYS) / BUSY_ONE_IN);
  const wanted = Math.max(0, Math.ceil((rows - cities.length * hourly) / perMetroCell) + 1);
  const metros = metroCells()
    .slice(0, wanted)
    .map((cell, i) => ({ cell, city: null, every: i % BUSY_ONE_IN === 0 ? 1 : 24 }));
  const cells = [...cities, ...metros];
  await pool.query('CREATE TABLE bench_cell (cell text COLLATE "C", city text, every integer)');
  await pool.query("INSERT INTO bench_cell SELECT * FROM unnest($1::text[], $2::text[], $3::integer[])", [
    cells.map(({ cell }) => cell),
    cells.map(({ city }) => city),
    cells.map(({ every }) => every),
  ]);
  await insertScores(pool, nowMs);
  await insertCounts(pool, nowMs);
  await pool.query("DROP TABLE bench_cell");
  for (const table of ["neighborhood_scores", "report_counts"]) await pool.query(`VACUUM ANALYZE ${table}`);
  const { rows: found } = await pool.query(
    "SELECT (SELECT count(*)::int FROM neighborhood_scores) AS scores, (SELECT count(*)::int FROM report_counts) AS counts",
  );
  return { ...found[0], neighborhoods: cells.length };
}

/** Day by day, oldest first: rows that were written together lie together, as in life. */
async function insertScores(pool: Pool, nowMs: number): Promise<void> {
  const today = Math.floor(nowMs / DAY_MS) * DAY_MS;
  for (let ago = DAYS - 1; ago >= 0; ago--) {
    const day = new Date(today - ago * DAY_MS);
    await pool.query("SELECT ensure_score_month($1)", [day]);
    await pool.query(
      `INSERT INTO neighborhood_scores
         (geohash, safety, vibe, infrastructure, opportunity, overall, report_count_7d, city, calculated_at)
       SELECT cell, (40 + abs(hash) % 600 / 10.0), 50 + abs(hash) % 400 / 10.0, 60 + abs(hash) % 390 / 10.0, 50.5, 62.4,
              abs(hash) % 40, city, at
       FROM (
         SELECT cell, city, at, hashtext(cell || extract(epoch FROM at)::text) AS hash
         FROM generate_series($1::timestamptz, $1::timestamptz + interval '23 hours', $2::interval) at
         JOIN bench_cell ON extract(hour FROM at AT TIME ZONE 'UTC')::integer % every = 0
         WHERE at <= $3::timestamptz
         ORDER BY at, cell
       ) AS scored`,
      [day, ago < HOURLY_DAYS ? "1 hour" : "24 hours", new Date(nowMs)],
    );
  }
}

/** A third of the neighbourhoods have reports of a layer on a day. */
async function insertCounts(pool: Pool, nowMs: number): Promise<void> {
  await pool.query(
    `INSERT INTO report_counts (geohash, layer, day, city, report_count, severity_sum, worth_quarters, severity_quarters, counted_at)
     SELECT cell, layer, day, city, 1 + abs(hash) % 5, 3 * (1 + abs(hash) % 5), 4 * (1 + abs(hash) % 5), 12 * (1 + abs(hash) % 5),
            least(day + 1, $1::date)
     FROM (
       SELECT cell, layer, day::date, city, hashtext(cell || layer || day::text) AS hash
       FROM generate_series(0, ${DAYS - 1}) ago, bench_cell,
            unnest(ARRAY['safety', 'vibe', 'infrastructure', 'opportunity']) layer,
            LATERAL (SELECT $1::date - ago AS day) AS the
       ORDER BY day DESC, cell
     ) AS counted WHERE abs(hash) % 3 = 0`,
    [new Date(nowMs).toISOString().slice(0, 10)],
  );
}

function metroCells(): string[] {
  const cells = new Set<string>();
  for (let metro = 0; metro < METROS; metro++) {
    const west = -118 + (metro % 7) * 6.1;
    const south = 33 + Math.floor(metro / 7) * 3.3;
    const box = { west, south, east: west + METRO_WIDTH[0], north: south + METRO_WIDTH[1] };
    for (const cell of coverBounds(box, 6, 10_000)) cells.add(cell);
  }
  return [...cells];
}

function isCentreIn(cell: string, west: number, south: number, east: number, north: number): boolean {
  const bounds = cellBounds(cell);
  const lonDeg = (bounds.west + bounds.east) / 2;
  const latDeg = (bounds.south + bounds.north) / 2;
  return (
    encodeGeohash(lonDeg, latDeg, 6) === cell && lonDeg > west && lonDeg < east && latDeg > south && latDeg < north
  );
}
