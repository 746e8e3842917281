import { describe, expect, it } from "vitest";
import { silentLog } from "../../../../server/console/log.ts";
import { cardSchema } from "../../../../server/http/schemas/score-card-json.ts";
import { StoreUnavailableError } from "../../../../server/ports/report-store.ts";
import type { RunSql } from "../../../../server/ports/sql.ts";
import { createPyramid } from "../../../../server/pyramid/pyramid.ts";
import { encodeGeohash } from "../../../../tiles/geo/geohash.ts";
import { createTestApp, post, readJson, VALID_BODY } from "../../../kit/app-fixture.ts";
import { createWorld, DAY, HOUR, MISSION, NOWHERE } from "../../../kit/score-world.ts";

interface Card {
  readonly geohash: string;
  readonly place: string | null;
  readonly city: { id: string } | null;
  readonly scores: Record<string, number | null>;
  readonly report_count_30d: Record<string, number>;
  readonly worth: Record<string, number>;
  readonly counts: Record<string, Record<string, number>>;
  readonly latest: { id: string; layer: string; geohash: string; created_at: string }[];
  readonly history: string;
  readonly change_7d: Record<string, number> | null;
  readonly series: { day: string; safety: number; report_count_7d: number }[];
}

const HERE = encodeGeohash(MISSION.lonDeg, MISSION.latDeg, 7);
const never = () => new Promise<never>(() => {});

function open(sql?: RunSql) {
  const world = createWorld();
  const pyramid = createPyramid({ ...world, log: silentLog });
  const { app } = createTestApp({
    ...world,
    ...(sql && { sql }),
    pyramid,
    onReport: (report) => pyramid.noteReport(report),
  });
  const get = (geohash: string) => app.request(`/api/neighborhood/${geohash}`);
  return { world, app, get, card: (geohash: string) => readJson<Card>(get(geohash)) };
}

describe("GET /api/neighborhood/:geohash", () => {
  it("answers from the report store alone while PostgreSQL is away or slow, and says so", async () => {
    const refuse = () => Promise.reject(new Error("connection refused"));
    for (const sql of [undefined, refuse, never] as const) {
      const { world, card, get } = open(sql);
      await world.add({ ...MISSION, severity: 5 });
      const { status, headers } = await get(HERE);
      expect([status, headers.get("Content-Type")]).toEqual([200, "application/json"]);
      expect(await card(HERE)).toMatchObject({
        geohash: HERE.slice(0, 6),
        scores: { safety: 85, vibe: null, infrastructure: null, opportunity: null, overall: 85 },
        latest: [{ layer: "safety", severity: 5 }],
        history: "unavailable",
        change_7d: null,
        series: [],
      });
    }
  });

  it("counts by layer and window, and finds the latest five, in the cell alone", async () => {
    const { world, card } = open();
    for (const [ageMs, count] of [
      [HOUR, 1],
      [3 * DAY, 2],
      [20 * DAY, 3],
      [60 * DAY, 4],
    ] as const) {
      await world.add({ ...MISSION, ageMs }, count);
    }
    await world.add({ ...MISSION, layer: "vibe", ageMs: 2 * DAY });
    // Two cells of six characters farther east, in the same of five.
    await world.add({ ...MISSION, lonDeg: MISSION.lonDeg + 0.022, ageMs: 0 }, 7);
    const { counts, latest, city, place } = await card(HERE.slice(0, 6));
    expect(counts.safety).toEqual({ "24h": 1, "7d": 3, "30d": 6, "90d": 10 });
    expect(counts.vibe).toEqual({ "24h": 0, "7d": 1, "30d": 1, "90d": 1 });
    expect(latest).toHaveLength(5);
    expect(latest.every(({ geohash }) => geohash === HERE.slice(0, 6))).toBe(true);
    const times = latest.map(({ created_at }) => created_at);
    expect(times).toEqual([...times].sort().reverse());
    expect([place, city?.id]).toEqual(["Mission District", "san-francisco"]);
    for (const precision of [4, 5]) {
      const wide = await card(HERE.slice(0, precision));
      expect(wide.place).toBeNull();
      expect(wide.counts.safety).toEqual({ "24h": 8, "7d": 10, "30d": 13, "90d": 17 });
      // 6 reports of 30 days: 100 - 3 * 3 * (1 + 2 * 0.7 + 3 * 0.2) = 73; and 7: 100 - 3 * 3 * 7 = 37. (6 * 73 + 7 * 37) / 13 = 53.6.
      expect(wide.scores.safety).toBe(53.6);
    }
    expect((await card(HERE)).counts).toEqual(counts);
  });

  it.each([
    [1, 85],
    [5, 73.8],
    [50, 73.8],
    [500, 73.8],
  ])("takes no more than 1.75 of the gravest off for %i reports of one client", async (count, safety) => {
    const { app } = createTestApp();
    const body = { ...VALID_BODY, layer: "safety", category: "theft", severity: 5 };
    for (let i = 0; i < count; i++) await post(app, body, { "x-test-address": `2001:db8:0:1200::${i % 16}` });
    const here = `/api/neighborhood/${encodeGeohash(body.lon, body.lat, 6)}`;
    const found = await readJson<Card>(app.request(here));
    expect(found).toMatchObject({ scores: { safety, overall: safety }, confidence: { safety: "low" } });
    expect(found.report_count_30d.safety).toBe(count);
    expect(found.worth.safety).toBe(count === 1 ? 1 : 1.75);
    // Of three others hardly all share the first one's bucket.
    for (const i of [1, 2, 3]) await post(app, body, { "x-test-address": `192.0.2.${i}` });
    expect((await readJson<Card>(app.request(here))).worth.safety).toBeGreaterThan(found.worth.safety ?? 0);
  });

  it("finds the latest of a quiet neighbourhood beside a busy one", async () => {
    const { world, card } = open();
    for (const [ageMs, layer] of [
      [2 * DAY, "safety"],
      [3 * DAY, "vibe"],
      [4 * DAY, "safety"],
    ] as const) {
      await world.add({ ...MISSION, layer, ageMs });
    }
    // Newer ones two cells of six characters farther east, in the same of five.
    await world.add({ ...MISSION, lonDeg: MISSION.lonDeg + 0.022, ageMs: HOUR }, 1600);
    const { counts, latest } = await card(HERE);
    expect(counts.safety?.["90d"]).toBe(2);
    expect(latest.map(({ layer }) => layer)).toEqual(["safety", "vibe", "safety"]);
  });

  it("knows a report at once, and that nothing lies elsewhere", async () => {
    const { app, card } = open();
    const empty = await card(encodeGeohash(NOWHERE.lonDeg, NOWHERE.latDeg, 6));
    expect(empty).toMatchObject({
      place: null,
      city: null,
      latest: [],
      scores: { safety: null, vibe: null, overall: null },
    });
    await card(HERE);
    const body = { layer: "vibe", category: "noise", severity: 5, lat: MISSION.latDeg, lon: MISSION.lonDeg };
    expect((await post(app, body)).status).toBe(201);
    const found = await card(HERE);
    expect(found).toMatchObject({ scores: { vibe: 60 }, latest: [{ category: "noise" }] });
    expect(cardSchema.strict().safeParse(found).error).toBeUndefined();
  });

  it.each(["9q8", "9q8yyk8y", "9q8yya", "9Q8YYK", "%20%20%20%20", "9q8y;"])("refuses %s", async (geohash) => {
    const response = await open().get(geohash);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ errors: [{ field: "geohash" }] });
  });

  it("answers 503 when the report store is away", async () => {
    const away = () => Promise.reject(new StoreUnavailableError("away"));
    const { app } = createTestApp({ pyramid: { cells: away, outlines: away, reports: away } });
    const response = await app.request(`/api/neighborhood/${HERE}`);
    expect([response.status, response.headers.get("Content-Type")]).toEqual([503, "application/problem+json"]);
  });
});
