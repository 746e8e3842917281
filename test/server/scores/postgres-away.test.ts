import { setTimeout as sleep } from "node:timers/promises";
import type { Pool } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { silentLog } from "../../../server/console/log.ts";
import { type BackgroundWork, repeatInBackground } from "../../../server/kit/background.ts";
import type { MetricSample } from "../../../server/ports/metrics.ts";
import { migrateDatabase } from "../../../server/postgres/migrate.ts";
import { createPool } from "../../../server/postgres/pool.ts";
import { sqlOfPool } from "../../../server/postgres/sql.ts";
import { createPyramid } from "../../../server/pyramid/pyramid.ts";
import { createPastScores } from "../../../server/scores/past-scores.ts";
import { createScoreCache } from "../../../server/scores/score-cache.ts";
import { createScoring } from "../../../server/scores/scoring.ts";
import { createTileSource } from "../../../server/serving/tile-source.ts";
import { tileAt, worldX, worldY } from "../../../tiles/geo/tile-address.ts";
import { CATEGORIES, type ReportLayer } from "../../../tiles/layers.ts";
import { createTestApp, post, readJson, VALID_BODY } from "../../kit/app-fixture.ts";
import { startEmbedded } from "../../kit/postgres/each-postgres.ts";
import { createWorld, MISSION } from "../../kit/score-world.ts";
import { startTcpProxy, type TcpProxy } from "../../kit/tcp-proxy.ts";
import { decodeLayer } from "../../kit/tile-features.ts";

const SLOW_MS = 300;

describe("tiles, reports and score cards", () => {
  let proxy: TcpProxy;
  let pool: Pool;
  let loops: BackgroundWork[];
  let postgres: Awaited<ReturnType<typeof startEmbedded>>;
  beforeAll(async () => {
    postgres = await startEmbedded();
    const url = new URL(postgres.address.url);
    proxy = await startTcpProxy(Number(url.port), { slowMs: SLOW_MS });
    url.port = String(proxy.port);
    pool = createPool({ ...postgres.address, url: url.href }, silentLog);
    await migrateDatabase(pool);
  });
  afterAll(async () => {
    proxy.set("refuse");
    await Promise.all(loops.map((loop) => loop.stop()));
    await pool.end();
    await proxy.close();
    await postgres.close();
  });

  it("go on while PostgreSQL is slow, refuses or swallows everything, and scores are fresh again after it", async () => {
    const world = createWorld();
    const sql = sqlOfPool(pool, 1_000);
    const cache = createScoreCache({ sql, clock: world.clock });
    const scoring = createScoring(world.scorer(sql), createPastScores({ sql, clock: world.clock }), silentLog);
    const again = { everyMs: 20, log: silentLog };
    loops = [
      repeatInBackground(cache.refresh, { name: "reading scores", ...again }),
      repeatInBackground(scoring.run, { name: "scoring", ...again }),
    ];
    const pyramid = createPyramid({ ...world, log: silentLog });
    const { app } = createTestApp({
      ...world,
      sql,
      pyramid,
      tiles: createTileSource({ pyramid, scores: cache }),
      onReport: (report) => pyramid.noteReport(report),
    });
    const { z, x, y } = tileAt(worldX(MISSION.lonDeg), worldY(MISSION.latDeg), 12);
    const readTile = async () => {
      const response = await app.request(`/tiles/safety,scores/${z}/${x}/${y}.pbf`);
      expect(response.status).toBe(200);
      const bytes = new Uint8Array(await response.arrayBuffer());
      return { reports: decodeLayer(bytes, "safety"), cells: decodeLayer(bytes, "scores") };
    };
    const report = async (layer: ReportLayer) => {
      const [category] = CATEGORIES[layer];
      const body = { ...VALID_BODY, layer, category, severity: 1, lat: MISSION.latDeg, lon: MISSION.lonDeg };
      expect((await post(app, body)).status).toBe(201);
    };

    // Nothing is known yet: tiles have reports and no scores.
    await report("safety");
    expect(await readTile()).toEqual({ reports: [expect.not.objectContaining({ score: 0 })], cells: [] });
    for (const loop of loops) loop.start();
    await world.compact();
    await untilItIs(async () => (await readTile()).reports[0]?.score, 97);

    // Five reports of one client weigh 1.75: vibe and opportunity are 53.5 then, infrastructure 96.5, and safety stays 97.
    for (const [mode, layer, overall] of [
      ["slow", "vibe", 75.3],
      ["refuse", "infrastructure", 82.3],
      ["swallow", "opportunity", 75.1],
    ] as const) {
      proxy.set(mode);
      world.clock.nowMs += 60_000;
      await world.compact();
      for (let i = 0; i < 5; i++) {
        const tile = await readTile();
        expect(tile.reports[0], mode).toHaveProperty("score");
        expect(tile.cells.length, mode).toBeGreaterThan(0);
        await report(layer);
        await sleep(10);
      }
      const card = await readJson<{ history: string }>(app.request("/api/neighborhood/9q8yy7"));
      if (mode !== "slow") expect([card.history, ageOf(cache.samples())], mode).toEqual(["unavailable", 60]);
      proxy.set("pass");
      await world.compact();
      await untilItIs(async () => (await readTile()).reports[0]?.score, overall);
      expect(ageOf(cache.samples())).toBe(0);
    }
  });
});

const ageOf = (samples: readonly MetricSample[]) =>
  samples.find(({ name }) => name === "stratum_scores_age_seconds")?.value;

async function untilItIs(read: () => Promise<unknown>, value: unknown): Promise<void> {
  let last: unknown;
  for (let tries = 0; tries < 500; tries++) {
    last = await read();
    if (last === value) return;
    await sleep(20);
  }
  expect(last).toBe(value);
}
