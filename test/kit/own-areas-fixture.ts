import type { Pool } from "pg";
import { coordinatesOfArea } from "../../server/areas/area-geometry.ts";
import { silentLog } from "../../server/console/log.ts";
import { checkOwnAreas } from "../../server/own-areas/check-own-areas.ts";
import type { OwnAreaDraft } from "../../server/own-areas/own-area.ts";
import { createOwnAreaScorer } from "../../server/own-areas/own-area-scorer.ts";
import { createOwnAreaTable } from "../../server/own-areas/own-area-table.ts";
import type { RunSql } from "../../server/ports/sql.ts";
import { createSql } from "../../server/postgres/questions.ts";
import { createAreaScorer } from "../../server/scores/area-scorer.ts";
import type { Area, Polygon } from "../../tiles/areas/area.ts";
import type { createWorld } from "./score-world.ts";

export const OWN_AREA_TABLES = ["own_areas", "own_area_cells", "own_cells", "own_area_scores", "own_area_counts"];

/** An area as GeoJSON. */
export const featureOf = ({ name, polygons }: { readonly name: string; readonly polygons: readonly Polygon[] }) => ({
  type: "Feature",
  properties: { name },
  geometry: { type: "MultiPolygon", coordinates: coordinatesOfArea({ polygons }) },
});

export async function draftOf(area: Pick<Area, "name" | "polygons">): Promise<OwnAreaDraft> {
  const checked = await checkOwnAreas(featureOf(area));
  if (!("areas" in checked)) throw new Error(JSON.stringify(checked));
  return checked.areas[0] as OwnAreaDraft;
}

/** What runs behind own areas in a world of reports. */
export function openOwnAreas(world: ReturnType<typeof createWorld>, sql: RunSql) {
  const table = createOwnAreaTable(createSql(sql, silentLog));
  const scorer = (run = sql) => {
    const areas = createAreaScorer({ ...world, sql: run, log: silentLog });
    return createOwnAreaScorer({ ...world, sql: run, log: silentLog, pyramid: areas.pyramid });
  };
  return {
    table,
    scorer,
    async add(owner: string, areas: readonly Pick<Area, "name" | "polygons">[]) {
      const ids = await table.add(owner, await Promise.all(areas.map(draftOf)), world.clock.now());
      if (ids === "full") throw new Error("full");
      return ids;
    },
    /** Runs until nothing is left to do. */
    async settle(own = scorer()) {
      let runs = 0;
      for (;;) {
        const { cells, areas } = await own.run();
        runs++;
        if (cells === 0 && areas === 0) return runs;
      }
    },
  };
}

export async function addUser(pool: Pool, email: string): Promise<string> {
  const { rows } = await pool.query("INSERT INTO users (email) VALUES ($1) RETURNING id", [email]);
  return rows[0].id;
}

/** A square around a place, degrees. */
export function squareAround(name: string, lonDeg: number, latDeg: number, halfDeg = 0.01): Area {
  const [west, south, east, north] = [lonDeg - halfDeg, latDeg - halfDeg, lonDeg + halfDeg, latDeg + halfDeg].map(
    (each) => Math.round(each * 1e6),
  ) as [number, number, number, number];
  const ring = Int32Array.from([west, south, east, south, east, north, west, north]);
  return { id: `made-up-n-${name.toLowerCase()}`, name, box: { west, south, east, north }, polygons: [[ring]] };
}
